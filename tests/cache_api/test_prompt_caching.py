"""Repeated prompt beginnings: from the store's markers to the report, per customer and partner."""

import json
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cache_api.actions.rebuild_rollups import rebuild_rollups
from cache_api.actions.record_events import record_events
from cache_api.queries import customer_by_external_id
from cache_api.queries.prompts import prompt_caching
from cache_api.reconcile import CHECKS
from cache_api.rules.reports import CustomerPrompts
from tenants.schema import in_partner
from tests.cache_api.cast import NOW, event, everything
from tests.cache_api.test_queries import END, LONG_AGO, START

RULES = "Answer from the handbook only. " * 200


def reply(**usage):
    """A provider's answer, another one each time."""
    said = {"message": {"content": "yes"}, "finish_reason": "stop"}
    return json.dumps({
        "id": str(uuid.uuid4()), "choices": [said],
        "usage": {"prompt_tokens": 2000, "completion_tokens": 10, **usage},
    })  # fmt: skip


def chat(rules, question):
    """A provider request."""
    messages = [{"role": "system", "content": rules}, {"role": "user", "content": question}]
    return {"provider": "openai", "model": "gpt-4o", "messages": messages}


@pytest.fixture
def rules():
    """A long system prompt that no other test sends."""
    return f"{uuid.uuid4()} {RULES}"


@pytest.fixture
def store(door, cast):
    """Store a question's answer; the usage event."""

    def run(key, rules, question, response=None, **members):
        asked = chat(rules, question)
        got = door.store(key, response or reply(), original_request=asked, **members)
        assert got.status in (200, 201), got.body
        return cast.event(got.json["billing"]["event_id"])

    return run


def test_the_second_question_repeats_the_first_ones_rules(store, cast, rules):
    first, second = store(cast.redis.live, rules, "one?"), store(cast.redis.live, rules, "two?")

    assert (first.prefix_tokens, first.prefix_saved_micros) == (0, 0)  # OpenAI writes for nothing
    system = len(json.dumps({"content": rules, "role": "system"}, separators=(",", ":")))
    user = len('{"content":"two?","role":"user"}')
    assert second.prefix_tokens == 2000 * system // (system + user) // 128 * 128 == 1920
    assert second.prefix_saved_micros == 1920 * 5 // 4  # 2.50 $ less 1.25 $ a million
    assert second.price_version.startswith("genai-prices-")


def test_what_the_provider_had_in_its_cache_is_taken_off(store, cast, rules):
    store(cast.redis.live, rules, "one?")
    told = reply(prompt_tokens_details={"cached_tokens": 1024})
    assert store(cast.redis.live, rules, "two?", told).prefix_tokens == 1920 - 1024
    told = reply(prompt_tokens_details={"cached_tokens": 1920})
    assert store(cast.redis.live, rules, "three?", told).prefix_tokens == 0


def test_markers_are_a_customers_own(store, cast, rules):
    store(cast.redis.live, rules, "one?", customer_id="acme")
    for key, members in [
        (cast.redis.live, {"customer_id": "globex"}), (cast.redis.live, {}),
        (cast.redis.test, {"customer_id": "acme"}), (cast.pinecone.live, {"customer_id": "acme"}),
    ]:  # fmt: skip
        assert store(key, rules, "two?", **members).prefix_tokens == 0
    assert store(cast.redis.acme, rules, "two?", namespace="other").prefix_tokens == 1920


def test_the_same_answer_stored_again_is_no_other_call(store, cast, rules):
    answer = reply()
    store(cast.redis.live, rules, "one?", answer)
    again = store(cast.redis.live, rules, "one?", answer)
    assert (again.outcome, again.prefix_tokens) == ("unchanged", 0)
    assert store(cast.redis.live, rules, "one?").prefix_tokens == 1920  # another answer is


def test_a_batch_and_an_idempotency_key_ask_too(door, cast, rules):
    one, two = chat(rules, "one?"), chat(rules, "two?")
    items = [
        {"op": "store", "original_request": each, "response": json.loads(reply())}
        for each in (one, two)
    ]
    got = door.post("/api/overflow/batch", {"items": items}, cast.redis.live).json["items"]
    ids = [each["body"]["billing"]["event_id"] for each in got]
    assert [cast.event(each).prefix_tokens for each in ids] == [0, 1920]
    body = json.dumps({"original_request": one, "response": json.loads(reply())}).encode()
    named = {"idempotency_key": rules[:36]}
    sent = [door.post("/api/overflow/store", body, cast.redis.live, **named) for _ in range(2)]
    assert [each.status for each in sent] == [201, 200]
    ids = [each.json["billing"]["event_id"] for each in sent]
    assert [cast.event(each).prefix_tokens for each in ids] == [1920, 0]


def test_a_marker_says_nothing_and_lives_five_minutes(cast, store, rules):
    before = set(cast.cache.keys())
    store(cast.redis.live, rules, "one?")
    new = set(cast.cache.keys()) - before
    marks = {key: cast.cache.ttl(key) for key in new if cast.cache.get(key) == b"1"}
    assert len(marks) == 2  # after the rules, and after the question
    assert all(290 <= left <= 300 for left in marks.values())
    assert all(len(key) == 3 + 32 for key in marks)


@pytest.fixture
def used(database, partners):
    """Redis: acme 2 × 1000 tokens and a loss elsewhere, globex 500; Pinecone other numbers."""
    redis = partners.redis
    stored = {"kind": "store", "outcome": "stored", "latency_us": None}
    events = [
        event(redis, quantity=2, prefix_tokens=1000, prefix_saved_micros=2700, **stored),
        event(redis, prefix_tokens=300, prefix_saved_micros=-900, model="claude", **stored),
        event(redis, prefix_saved_micros=-70, model="unrepeated", **stored),
        event(redis, customer="globex", prefix_tokens=500, prefix_saved_micros=-40, **stored),
        event(redis, customer="globex", prefix_tokens=1, prefix_saved_micros=140, **stored),
        event(redis, prefix_tokens=7, prefix_saved_micros=7, livemode=False, **stored),
        event(partners.pinecone, prefix_tokens=9999, prefix_saved_micros=9999, **stored),
    ]  # fmt: skip
    database.login("recorder")
    for _ in range(2):
        record_events(events=events, source="test", now=NOW)
    return partners


def reports():
    acme = customer_by_external_id("acme")
    return [
        (found.repeated_tokens, found.could_save_micros, found.customers)
        for found in (
            prompt_caching(START, END, customers=1), prompt_caching(LONG_AGO, END, acme.pk),
            prompt_caching(START, END, livemode=False), prompt_caching(LONG_AGO, START),
        )
    ]  # fmt: skip


WANTED = [
    (2801, 5500, [CustomerPrompts("acme", "", 2300, 5400)]), (2300, 5400, []), (7, 7, []),
    (0, 0, []),
]  # fmt: skip


def test_a_report_leaves_out_where_it_would_cost(used, database):
    database.login("web")
    with in_partner(used.redis):
        assert reports() == WANTED
    with in_partner(used.pinecone):
        assert prompt_caching(START, END).could_save_micros == 9999


def test_a_rebuild_makes_the_same_sums_and_the_books_balance(used, database):
    before = everything(database, used)
    rebuild_rollups(now=NOW)
    assert everything(database, used) == before
    database.login("settle")
    assert [breach for check in CHECKS for breach in check.run()] == []
    with database.psql() as boss:
        table = f"{used.redis.schema_name}.cache_api_rolluphour"
        boss.execute(f"UPDATE {table} SET prefix_saved_micros = prefix_saved_micros + 1")
    broken = [breach for check in CHECKS for breach in check.run()]
    assert {one.check for one in broken} == {
        "usage events = hourly rollups", "hourly rollups = daily rollups",
        "hourly rollups = hourly totals",
    }  # fmt: skip
    assert all("prefix_saved_micros" in one.detail for one in broken)


def test_one_query_however_many_customers(used, database):
    stored = {"kind": "store", "outcome": "stored", "prefix_tokens": 10, "prefix_saved_micros": 10}
    many = [event(used.redis, customer=f"c{n}", model=f"m{n}", **stored) for n in range(100)]
    record_events(events=many, source="test", now=NOW)
    database.login("web")
    with in_partner(used.redis):
        customer_by_external_id("acme")  # connects
        with CaptureQueriesContext(connection) as captured:
            found = prompt_caching(START, END, customers=50)
    assert (len(captured), len(found.customers)) == (1, 50)
    assert found.could_save_micros == 5500 + 1000
