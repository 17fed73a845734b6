"""Semantic matching over TCP, at both doors, with the packaged model."""

import json
import uuid

import pytest

from tests.cache_api.doors import REPLY
from tests.cache_api.embedding import model
from tests.cache_api.test_contract import slice_of
from tests.patience import wait_for

POLICY = {"threshold": 0.85, "budget_bps": 100, "shadow_bps": 1}
STORED = "How do I find the PIN of my card?"
ASKED = "Can you tell me how I find my card PIN?"


@pytest.fixture(scope="module", autouse=True)
def _model():
    """These tests are about the real model."""
    model()


@pytest.fixture(scope="module")
def partners(cast):
    """Two partners that turned it on, one of them with a looser eye."""
    return [cast.open(f"semantic-{number}", semantic=POLICY) for number in (1, 2)]


@pytest.fixture
def bold(partners):
    """The first of them."""
    return partners[0]


def chat(text, **members):
    """A request that may take part."""
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]
    return {"provider": "openai", "model": "gpt-4", "temperature": 0, "messages": messages,
            **members}  # fmt: skip


def ask(door, key, request, headers=None, **members):
    """A lookup; once more where it was withheld by chance (1 in 2,000)."""
    body = {"original_request": request, **members}
    for _ in range(3):
        told = door.post("/api/overflow", body, key, **(headers or {}))
        if told.json.get("reason") != "shadow":
            break
    return told


def store(door, key, request, response=REPLY, **members):
    stored = door.store(key, response, original_request=request, **members)
    assert stored.status in {200, 201}, stored.body
    return stored


@pytest.fixture
def place(door, bold):
    """A customer of one's own, the model loaded: (key, members that name the customer)."""
    customer = f"customer-{uuid.uuid4()}"
    warm = chat("Which documents do I need to open an account?")
    store(door, bold.live, warm, customer_id=customer)

    def is_warm():
        store(door, bold.live, warm, f'{{"n": "{uuid.uuid4()}"}}', customer_id=customer)
        other = chat("What documents do I need for opening an account?")
        return ask(door, bold.live, other, customer_id=customer).json["hit"]

    assert wait_for(is_warm)
    return bold.live, {"customer_id": customer}


def test_a_paraphrase_hits_and_says_how_near_it_was(door, cast, place):
    key, mine = place
    store(door, key, chat(STORED), **mine)

    hit = ask(door, key, chat(ASKED), **mine)

    assert hit.json["hit"] is True
    assert hit.json["status"] == "semantic_hit"
    assert 0.85 <= hit.json["similarity"] <= 1
    assert slice_of(hit) == REPLY.encode()
    event = cast.event(hit.json["billing"]["event_id"])
    assert (event.kind, event.outcome, event.model) == ("lookup", "semantic_hit", "gpt-4")
    assert event.cost_saved_micros > 0
    assert hit.json["cost_saved"] > 0
    exact = ask(door, key, chat(STORED), **mine).json
    assert (exact["status"], "similarity" in exact) == ("hit", False)


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("What can I do with 5 GB of storage?", "What can I do with 50 GB of storage?"),
        ("Why is my transfer working today?", "Why is my transfer not working today?"),
        ("How do I send money from my account?", "How do I send money to my account?"),
        ("What is the capital of Austria?", "What is the capital of Australia?"),
    ],
)
def test_a_changed_number_negation_direction_or_name_misses(door, place, stored, asked):
    key, mine = place
    store(door, key, chat(stored), **mine)

    missed = ask(door, key, chat(asked), **mine).json

    assert (missed["hit"], missed["status"]) == (False, "miss")
    assert missed["reason"] in {"guarded", "not_found"}
    assert ask(door, key, chat(stored), **mine).json["hit"] is True


@pytest.mark.parametrize(
    "changed",
    [
        {"model": "gpt-4o"}, {"temperature": 0.1}, {"seed": 1}, {"max_tokens": 5},
        {"messages": [{"role": "user", "content": ASKED}]},
        {"messages": [{"role": "system", "content": "Be long."},
                      {"role": "user", "content": ASKED}]},
    ],
    ids=["model", "temperature", "seed", "max_tokens", "no system prompt", "system prompt"],
)  # fmt: skip
def test_everything_but_the_last_turn_must_be_the_same(door, place, changed):
    key, mine = place
    store(door, key, chat(STORED), **mine)

    assert ask(door, key, chat(ASKED), **mine).json["hit"] is True
    assert ask(door, key, chat(ASKED, **changed), **mine).json["hit"] is False


COMMAND = {"provider": "cohere", "model": "command-r", "temperature": 0}
ELSEWHERE = {
    "responses": lambda text: {"provider": "openai", "model": "gpt-4o", "temperature": 0,
                               "instructions": "Be brief.", "input": text},
    "cohere": lambda text: {**COMMAND, "messages": [{"role": "user", "content": text}]},
    "cohere v1": lambda text: {**COMMAND, "preamble": "Be brief.", "message": text},
}  # fmt: skip


@pytest.mark.parametrize("shape", ELSEWHERE)
def test_other_providers_shapes_take_part(door, place, shape):
    key, mine = place
    of = ELSEWHERE[shape]
    store(door, key, of(STORED), **mine)

    assert ask(door, key, of(ASKED), **mine).json["status"] == "semantic_hit"
    assert ask(door, key, {**of(ASKED), "seed": 7}, **mine).json["reason"] == "not_found"


@pytest.mark.parametrize(
    "members",
    [{"tools": [{"type": "function", "function": {"name": "f"}}]}, {"n": 2}, {"temperature": 1},
     {"temperature": None}],
    ids=["tools", "n", "hot", "no temperature"],
)  # fmt: skip
def test_what_takes_no_part_never_meets(door, place, members):
    key, mine = place
    store(door, key, chat(STORED, **members), **mine)

    assert ask(door, key, chat(ASKED, **members), **mine).json["reason"] == "not_found"


def test_partners_customers_namespaces_and_modes_never_meet(door, partners, place):
    key, mine = place
    store(door, key, chat(STORED), **mine)
    bold, other = partners

    def hits(key, **members):
        return ask(door, key, chat(ASKED), **{**mine, **members}).json["hit"]

    assert hits(key) is True
    assert hits(other.live) is False
    assert hits(bold.test) is False
    assert hits(key, customer_id="somebody else") is False
    assert hits(key, namespace="elsewhere") is False


def test_a_partner_that_did_not_turn_it_on_never_hits(door, cast, place):
    _, mine = place
    store(door, cast.redis.live, chat(STORED), **mine)

    missed = ask(door, cast.redis.live, chat(ASKED), **mine).json

    assert (missed["hit"], missed["reason"]) == (False, "not_found")


def test_a_request_can_only_make_it_stricter(door, place):
    key, mine = place
    store(door, key, chat(STORED), **mine)

    def hits(**headers):
        named = {f"agentcache_{name}": text for name, text in headers.items()}
        return ask(door, key, chat(ASKED), named, **mine).json["hit"]

    similarity = ask(door, key, chat(ASKED), **mine).json["similarity"]
    assert hits(min_similarity="0") is True
    assert hits(min_similarity=f"{similarity:.4f}") is True
    assert hits(min_similarity=f"{similarity + 0.0002:.4f}") is False
    assert hits(mode="exact") is False
    assert hits(mode="hybrid") is True
    far = chat("How does one close an account here?")
    assert ask(door, key, far, {"agentcache_min_similarity": "0"}, **mine).json["hit"] is False
    refused = door.post("/api/overflow", {"original_request": far}, key,
                        agentcache_min_similarity="high")  # fmt: skip
    assert (refused.status, refused.json["code"]) == (400, "invalid-request")


def test_what_was_stored_for_exact_use_is_on_no_shelf(door, place):
    key, mine = place
    headers = {"agentcache_mode": "exact"}
    door.store(key, REPLY, headers, original_request=chat(STORED), **mine)

    assert ask(door, key, chat(STORED), **mine).json["hit"] is True
    assert ask(door, key, chat(ASKED), **mine).json["hit"] is False


def test_feedback_evicts_the_entry_that_answered(door, place):
    key, mine = place
    store(door, key, chat(STORED), **mine)
    hit = ask(door, key, chat(ASKED), **mine).json

    told = door.post(
        "/api/overflow/feedback",
        {"event_id": hit["billing"]["event_id"], "correct": False, **mine},
        key,
    )

    assert (told.status, told.json["evicted"]) == (202, 1)
    assert ask(door, key, chat(ASKED), **mine).json["hit"] is False
    assert ask(door, key, chat(STORED), **mine).json["hit"] is False


def test_a_purge_ends_it(door, place):
    key, mine = place
    store(door, key, chat(STORED), **mine)
    assert ask(door, key, chat(ASKED), **mine).json["hit"] is True

    purged = door.post("/api/overflow/purge", {**mine, "mode": "hard"}, key)

    assert purged.status == 202, purged.body
    assert wait_for(lambda: not ask(door, key, chat(ASKED), **mine).json["hit"])


def test_an_expired_answer_is_none(door, place):
    key, mine = place
    store(door, key, chat(STORED), ttl=1, **mine)

    assert wait_for(lambda: not ask(door, key, chat(ASKED), **mine).json["hit"])


def test_a_batch_and_a_drop_in_hit_too(door, place):
    key, mine = place
    request = chat(STORED)
    response = {
        "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4", "created": 1,
        "choices": [{"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": "Look in the app."}}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
    }  # fmt: skip
    store(door, key, request, json.dumps(response), **mine)
    asked = chat(ASKED)

    items = [{"op": "lookup", "original_request": asked, **mine} for _ in range(3)]
    batch = door.post("/api/overflow/batch", {"items": items}, key).json["items"]
    del asked["provider"]
    customer = {"agentcache_customer": mine["customer_id"]}
    for _ in range(3):  # withheld by chance, as in `ask`
        dropped = door.post("/v1/chat/completions", asked, key, **customer)
        if b"(shadow)" not in dropped.body:
            break

    assert "semantic_hit" in {item["body"]["status"] for item in batch}
    assert (dropped.status, dropped.json) == (200, response)
