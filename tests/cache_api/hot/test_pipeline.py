"""Plan and conclude: which reads, which answer, which event. No server, no clock."""

import base64
import json
from datetime import UTC, datetime

import pytest

from cache_api.hot import pipeline, snapshot
from cache_api.hot.admit import DECIDED_MS
from cache_api.hot.facts import SWITCHES
from cache_api.hot.verbs import VERBS
from cache_api.rules import purging
from tenants.rules import datakeys
from tests.cache_api.hot.pipeline import CHAT, KEK, NOW_MS, Pipeline, body, marked


@pytest.fixture
def pipe():
    return Pipeline()


def test_a_warm_lookup_is_one_read_and_no_fact(pipe):
    _, key = pipe.redis
    pipe.store(key, original_request=CHAT)
    pipe.fetched.clear()
    pipe.ran.clear()

    assert body(pipe.lookup(key, original_request=CHAT))["hit"]

    assert pipe.fetched == []
    assert [[command[0] for command in commands] for commands in pipe.ran] == [[b"GET"]]


def test_a_cold_lookup_fetches_key_tombstone_and_host_then_the_partner_and_its_purges(pipe):
    partner_id, key = pipe.redis

    pipe.lookup(key, cache_key="k")

    key_id = key.split("_")[2].encode()
    first, second = pipe.fetched
    assert first == [
        b"snap:key:" + key_id,
        b"snap:tombstone:" + key_id,
        b"snap:host:localhost",
        SWITCHES,
    ]
    partner = str(partner_id).encode()
    assert second == [b"snap:partner:" + partner, b"snap:purges:" + partner]


@pytest.mark.parametrize(("after_ms", "fetches"), [(4_999, 0), (5_000, 2)])
def test_facts_are_read_again_after_five_seconds(pipe, after_ms, fetches):
    _, key = pipe.redis
    pipe.lookup(key, cache_key="k")
    pipe.fetched.clear()

    pipe.now_ms += after_ms
    pipe.lookup(key, cache_key="k")

    assert len(pipe.fetched) == fetches


def test_an_unknown_key_is_asked_for_again_after_a_second(pipe):
    _, key = pipe.redis
    name = b"snap:key:" + key.split("_")[2].encode()
    facts = pipe.facts.pop(name)
    assert pipe.lookup(key, cache_key="k").status == 401

    pipe.facts[name] = facts
    pipe.now_ms += 999
    assert pipe.lookup(key, cache_key="k").status == 401
    pipe.now_ms += 1
    assert pipe.lookup(key, cache_key="k").status == 200


def test_during_an_outage_old_facts_serve_for_ten_minutes_and_unknown_ones_are_503(pipe):
    _, key = pipe.redis
    _, never_seen = pipe.pinecone
    pipe.lookup(key, cache_key="k")

    pipe.now_ms += snapshot.KEEP_MS - 1
    assert pipe.lookup(key, answers_events=False, cache_key="k").status == 200
    refused = pipe.lookup(never_seen, answers_events=False, cache_key="k")
    assert (refused.status, body(refused)["retryable"]) == (503, True)
    pipe.now_ms += 1
    assert pipe.lookup(key, answers_events=False, cache_key="k").status == 503


def test_a_fact_that_does_not_parse_counts_as_absent(pipe):
    _, key = pipe.redis
    pipe.facts[b"snap:key:" + key.split("_")[2].encode()] = b'{"key_id":5}'

    assert pipe.lookup(key, cache_key="k").status == 401
    assert pipe.snapshot.unreadable == 1


def test_a_saved_snapshot_helps_a_restart_in_an_outage_only(pipe):
    _, key = pipe.redis
    pipe.lookup(key, cache_key="k")
    again = Pipeline()
    again.facts = pipe.facts
    again.snapshot.load(pipe.snapshot.dump())

    assert again.lookup(key, answers_events=False, cache_key="k").status == 200
    again.now_ms += snapshot.RETRY_MS
    again.facts = {}
    assert again.lookup(key, cache_key="k").status == 401


def test_only_facts_in_use_are_due_for_refreshing(pipe):
    _, key = pipe.redis
    pipe.lookup(key, cache_key="k")

    assert pipe.snapshot.due(NOW_MS) == [SWITCHES]
    assert len(pipe.snapshot.due(NOW_MS + snapshot.REFRESH_MS)) == 6
    assert pipe.snapshot.due(NOW_MS + 2 * snapshot.REFRESH_MS) == [SWITCHES]
    pipe.now_ms += DECIDED_MS
    pipe.lookup(key, cache_key="k")
    assert len(pipe.snapshot.due(NOW_MS + 2 * snapshot.REFRESH_MS)) == 6


def test_no_answer_from_the_store_is_a_miss_and_an_event(pipe):
    _, key = pipe.redis
    pipe.lookup(key, cache_key="k")
    run = pipeline.begin(VERBS["lookup"], pipe.asked(key, b'{"cache_key":"k"}'), pipe.snapshot)

    answer = pipeline.resume(run, None, pipe.stamp, 50_000)

    assert (answer.status, body(answer)["reason"]) == (200, "unavailable")
    [event] = marked(answer)
    assert (event.outcome, event.reason, event.latency_us) == ("miss", "unavailable", 50_000)


@pytest.mark.parametrize(("seconds", "status"), [(29, 201), (31, 503)])
def test_a_store_that_was_held_up_is_refused_before_floors_of_its_key_are_gone(
    pipe, seconds, status
):
    _, key = pipe.redis
    asked = pipe.asked(key, b'{"cache_key": "k", "response": [1]}')

    step = pipe.begin("store", asked)
    step = pipeline.resume(step, [None] * len(step.commands), pipe.stamp, seconds * 1_000_000)
    if status == 201:
        step = pipeline.resume(step, [b"OK"] * len(step.commands), pipe.stamp, 412)

    assert (step.status, seconds * 1000 < purging.STORE_MS) == (status, status == 201)
    assert 2 * purging.STORE_MS <= purging.YOUNG_MS


def test_each_value_opens_only_where_it_was_put(pipe):
    """AAD binds partner, customer, namespace, mode and key: every value under every other key."""
    _, redis = pipe.redis
    _, pinecone = pipe.pinecone
    places = [
        (redis, {"cache_key": "a"}), (redis, {"cache_key": "b"}),
        (redis, {"cache_key": "a", "customer_id": "acme"}),
        (redis, {"cache_key": "a", "namespace": "n"}), (redis, {"original_request": CHAT}),
        (pinecone, {"cache_key": "a"}), (pinecone, {"original_request": CHAT}),
    ]  # fmt: skip
    keys = []
    for number, (key, members) in enumerate(places):
        known = set(pipe.cache)
        pipe.store(key, f'"value {number}"', **members)
        (new,) = set(pipe.cache) - known
        keys.append(new)
    honest = dict(pipe.cache)

    for source in range(len(places)):
        for target, (key, members) in enumerate(places):
            pipe.cache = {**honest, keys[target]: honest[keys[source]]}
            answer = pipe.lookup(key, **members)
            if source == target:
                assert body(answer)["response"] == f"value {target}"
                assert answer.alarms == ()
            else:
                assert body(answer)["hit"] is False
                assert answer.alarms == ("payload_authentication",)
                assert key.split("_")[2] in answer.about


def test_any_flipped_bit_of_a_value_is_an_alarm_or_at_least_a_miss(pipe):
    _, key = pipe.redis
    pipe.store(key, cache_key="k")
    ((name, sealed),) = pipe.cache.items()

    for position in range(len(sealed)):
        broken = bytearray(sealed)
        broken[position] ^= 1
        pipe.cache[name] = bytes(broken)
        assert body(pipe.lookup(key, cache_key="k"))["hit"] is False
    for cut in range(len(sealed)):
        pipe.cache[name] = sealed[:cut]
        assert body(pipe.lookup(key, cache_key="k"))["hit"] is False


def test_a_new_data_key_seals_and_the_old_one_still_opens(pipe):
    partner_id, key = pipe.redis
    pipe.store(key, '"old"', cache_key="old")
    name = b"snap:partner:" + str(partner_id).encode()
    facts = json.loads(pipe.facts[name])
    second = datakeys.wrap(KEK, b"2" * 32, partner_id=partner_id, number=2)
    facts["data_keys"].append({"n": 2, "wrapped": base64.b64encode(second).decode()})
    pipe.facts[name] = json.dumps(facts).encode()
    pipe.now_ms += 5_000

    pipe.store(key, '"new"', cache_key="new")

    assert body(pipe.lookup(key, cache_key="old"))["response"] == "old"
    assert body(pipe.lookup(key, cache_key="new"))["response"] == "new"
    assert sorted(int.from_bytes(sealed[2:4], "big") for sealed in pipe.cache.values()) == [1, 2]


def test_a_partner_whose_keys_do_not_open_is_503_not_500(pipe):
    _, key = pipe.open("broken", data_keys=[])

    assert pipe.lookup(key, cache_key="k").status == 503


def test_ttl_of_request_partner_and_model(pipe):
    _, key = pipe.open("short", ttl={"default_s": 100, "max_s": 1000})

    plain = body(pipe.store(key, cache_key="a"))["ttl"]
    asked = body(pipe.store(key, cache_key="b", ttl=500))["ttl"]
    too_much = body(pipe.store(key, cache_key="c", ttl=10**6))["ttl"]

    assert 90 <= plain <= 110
    assert 450 <= asked <= 500
    assert 900 <= too_much <= 1000


@pytest.mark.parametrize(("partner_s", "own_s", "most_s"), [
    (1000, 60, 60), (60, 1000, 60), (None, 60, 60), (1000, None, 1000),
])  # fmt: skip
def test_a_customers_answers_live_as_long_as_the_shorter_time_allows(
    pipe, partner_s, own_s, most_s
):
    kept = {} if own_s is None else {"acme": own_s}
    _, key = pipe.open("short", ttl={"max_s": partner_s}, kept_s=kept)

    told = body(pipe.store(key, cache_key="a", customer_id="acme"))["ttl"]
    asked = body(pipe.store(key, cache_key="b", customer_id="acme", ttl=10**6))["ttl"]
    others = body(pipe.store(key, cache_key="a", customer_id="zeta"))["ttl"]

    assert max(told, asked) <= most_s and min(told, asked) >= most_s * 0.89
    assert others >= (partner_s or 86_400) * 0.89


def test_a_truncated_answer_is_kept_where_partner_and_request_allow_it(pipe):
    _, key = pipe.open("lenient", allow_truncated=True)
    cut = '{"choices":[{"message":{"content":"x"},"finish_reason":"length"}]}'

    assert pipe.store(key, cut, original_request={**CHAT, "max_tokens": 3}).status == 201
    assert pipe.store(key, cut, original_request=CHAT).status == 422


def test_the_row_of_events_is_unbroken_and_settled_in_any_order(pipe):
    _, key = pipe.redis
    events = [marked(pipe.lookup(key, cache_key="k"))[0] for _ in range(3)]

    assert [event.seq for event in events] == [1, 2, 3]
    assert pipe.stamp.settled_through() == 0
    pipe.stamp.settle([1])
    pipe.stamp.settle([3])
    assert pipe.stamp.settled_through() == 1
    pipe.stamp.settle([2])
    assert pipe.stamp.settled_through() == 3


def test_a_decision_about_a_caller_ends_with_any_fact_it_rests_on(pipe):
    _, key = pipe.redis
    key_id = key.split("_")[2].encode()
    pipe.lookup(key, cache_key="k")
    tombstone = b"snap:tombstone:" + key_id

    pipe.snapshot.absorb([tombstone], [b"now"], pipe.now_ms + 1)

    pipe.now_ms += 2
    assert pipe.lookup(key, cache_key="k").status == 401


def test_a_key_ends_at_its_expiry_even_within_a_remembered_decision(pipe):
    _, key = pipe.redis
    name = b"snap:key:" + key.split("_")[2].encode()
    at = datetime.fromtimestamp((NOW_MS + 500) / 1000, UTC).isoformat()
    pipe.facts[name] = json.dumps(json.loads(pipe.facts[name]) | {"expires_at": at}).encode()
    assert pipe.lookup(key, cache_key="k").status == 200

    pipe.now_ms += 499
    assert pipe.lookup(key, cache_key="k").status == 200
    pipe.now_ms += 1
    assert pipe.lookup(key, cache_key="k").status == 401


def test_one_partners_remembered_caller_is_nobody_elses(pipe):
    _, redis = pipe.redis
    _, pinecone = pipe.pinecone
    slugs = [
        body(pipe.lookup(key, cache_key="k"))["billing"]["partner_id"]
        for key in (redis, pinecone, redis, pinecone)
    ]

    assert slugs == ["redis-labs", "pinecone"] * 2
    assert pipe.lookup(redis[:-1] + "!", cache_key="k").status == 401
