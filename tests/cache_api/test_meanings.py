"""Semantic keys, values that are no JSON, and explanations, at both doors."""

import base64
import json

import pytest

from tests.cache_api.doors import CHAT, REPLY
from tests.cache_api.test_contract import slice_of

OTHER_WORDS = {**CHAT, "messages": [{"role": "user", "content": "hello there"}]}


def test_other_words_with_the_same_semantic_key_hit(door, cast):
    key = cast.redis.live
    stored = door.store(key, original_request=CHAT, semantic_key="greeting")
    assert stored.status in {200, 201}

    hit = door.lookup(key, original_request=OTHER_WORDS, semantic_key="greeting")

    assert hit.json["hit"] is True
    assert slice_of(hit) == REPLY.encode()
    assert door.lookup(key, original_request=OTHER_WORDS).json["hit"] is False
    assert door.lookup(key, original_request=CHAT).json["hit"] is True


@pytest.mark.parametrize(
    "changed", [{"model": "gpt-4o"}, {"provider": "groq"}, {"provider": "anthropic"}]
)
def test_another_model_or_provider_never_meets_it(door, cast, changed):
    key = cast.redis.live
    door.store(key, original_request=CHAT, semantic_key="refund")

    missed = door.lookup(key, original_request={**OTHER_WORDS, **changed}, semantic_key="refund")

    assert (missed.json["hit"], missed.json["reason"]) == (False, "not_found")


def test_a_semantic_key_is_the_partners_and_the_customers_own(door, cast):
    door.store(cast.redis.live, semantic_key="alone", customer_id="acme")

    def found(key, customer):
        return door.lookup(key, semantic_key="alone", customer_id=customer).json["hit"]

    assert found(cast.redis.live, "acme") is True
    assert found(cast.redis.live, "globex") is False
    assert found(cast.pinecone.live, "acme") is False


def test_without_a_request_both_keys_find_it(door, cast):
    key = cast.redis.live
    door.store(key, cache_key="mine", semantic_key="meant")

    assert door.lookup(key, cache_key="mine").json["hit"] is True
    assert door.lookup(key, semantic_key="meant").json["hit"] is True
    assert door.lookup(key, cache_key="meant").json["hit"] is False
    assert door.lookup(key, semantic_key="mine").json["hit"] is False


def test_the_requests_own_entry_goes_before_its_meaning(door, cast):
    key = cast.redis.live
    door.store(key, '{"answer":"meant"}', original_request=CHAT, semantic_key="first")
    door.store(key, '{"answer":"exact"}', original_request=OTHER_WORDS)

    hit = door.lookup(key, original_request=OTHER_WORDS, semantic_key="first")

    assert hit.json["response"] == {"answer": "exact"}


def test_a_value_that_is_no_json_comes_back_as_it_was_sent(door, cast):
    data = base64.b64encode(bytes(range(256))).decode()
    sent = json.dumps({"content_type": "image/png", "encoding": "base64", "data": data})

    assert door.store(cast.redis.live, sent, cache_key="logo").status in {200, 201}
    assert slice_of(door.lookup(cast.redis.live, cache_key="logo")) == sent.encode()


@pytest.mark.parametrize(
    ("value", "status", "pointer"),
    [
        ({"content_type": "image", "encoding": "base64", "data": "AA=="}, 400, "/content_type"),
        ({"content_type": "image/png", "encoding": "hex", "data": "00"}, 400, "/encoding"),
        ({"content_type": "image/png", "encoding": "base64", "data": "A"}, 400, "/data"),
        ({"content_type": "image/png", "encoding": "base64", "data": ""}, 422, ""),
    ],
)
def test_a_value_that_does_not_hold_what_it_says_is_refused(door, cast, value, status, pointer):
    refused = door.store(cast.redis.live, json.dumps(value), cache_key="bad")

    assert refused.status == status
    assert refused.json["errors"][0]["pointer"] == f"/response{pointer}"
    assert door.lookup(cast.redis.live, cache_key="bad").json["hit"] is False


def test_an_explanation_names_the_member_and_tells_no_text(door, cast):
    left = {**CHAT, "temperature": 0.1, "user": "u1"}
    right = {**OTHER_WORDS, "temperature": 0.1, "stream": True}

    told = door.post("/api/overflow/explain", {"left": left, "right": right}, cast.redis.live)

    assert told.status == 200
    assert told.json["same"] is False
    first = told.json["fields"][0]
    assert (first["pointer"], first["kind"]) == ("/messages/0/content", "differs")
    kinds = {field["pointer"]: field["kind"] for field in told.json["fields"]}
    assert kinds["/user"] == kinds["/stream"] == "denied"
    assert "hello" not in told.body.decode()
    assert told.json["left"]["digest"] != told.json["right"]["digest"]


@pytest.mark.parametrize("body", [{}, {"left": CHAT}, {"left": CHAT, "right": {"model": "m"}}])
def test_an_explanation_of_less_than_two_requests_is_refused(door, cast, body):
    refused = door.post("/api/overflow/explain", body, cast.redis.live)

    assert (refused.status, refused.json["code"]) == (400, "invalid-request")
    assert refused.json["errors"][0]["pointer"].startswith(("/left", "/right"))
