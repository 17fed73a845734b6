"""Entries beyond their expiry: kept for `max_stale`, served only to whoever asks for them."""

import json

import pytest

from tests.cache_api.hot.pipeline import NOW_MS, Pipeline, body
from tests.cache_api.test_contract import fresh, slice_of
from tests.patience import wait_for


def wait_until_expired(door, key, asked):
    assert wait_for(lambda: not door.lookup(key, **asked).json["hit"])


def test_an_expired_entry_is_served_when_asked_for_and_is_no_billable_hit(door, cast):
    request = fresh()
    asked = {"original_request": request}
    door.store(cast.redis.live, '"old"', ttl=1, max_stale=60, **asked)
    door.store(cast.pinecone.live, '"other"', ttl=1, max_stale=0, **asked)
    wait_until_expired(door, cast.redis.live, asked)
    wait_until_expired(door, cast.pinecone.live, asked)

    plain = door.lookup(cast.redis.live, **asked)
    stale = door.lookup(cast.redis.live, allow_stale=True, **asked)
    by_header = door.post(
        "/api/overflow", asked, cast.redis.live, cache_control="only-if-cached, stale-if-error=60"
    )
    not_kept = door.lookup(cast.pinecone.live, allow_stale=True, **asked)

    assert (plain.json["hit"], plain.json["reason"]) == (False, "expired")
    assert (stale.json["hit"], stale.json["status"], stale.json["cost_saved"]) == (True, "stale", 0)
    assert slice_of(stale) == slice_of(by_header) == b'"old"'
    assert not not_kept.json["hit"]
    event = cast.event(stale.json["billing"]["event_id"])
    assert (event.kind, event.outcome, event.cost_saved_micros) == ("lookup", "stale", 0)
    renewed = door.store(cast.redis.live, '"old"', **asked)
    assert renewed.status == 201
    assert door.lookup(cast.redis.live, **asked).json["status"] == "hit"


@pytest.mark.parametrize(
    ("asked", "after_s", "status"),
    [
        ({"allow_stale": True}, 0, "stale"),
        ({"allow_stale": True}, 99, "stale"),
        ({"allow_stale": True}, 100, "miss"),
        ({"allow_stale": 10}, 9, "stale"),
        ({"allow_stale": 10}, 10, "miss"),
        ({"allow_stale": 0.5}, 0, "stale"),
        ({"allow_stale": False}, 0, "miss"),
        ({"allow_stale": None}, 0, "miss"),
        ({}, 0, "miss"),
    ],
)
def test_both_the_storing_and_the_asking_side_bound_it(asked, after_s, status):
    pipe = Pipeline()
    _, key = pipe.redis
    stored = body(pipe.store(key, cache_key="k", ttl=50, max_stale=100))
    ends_ms = NOW_MS + 1 + stored["ttl"] * 1000

    while pipe.now_ms < ends_ms or body(pipe.lookup(key, cache_key="k"))["hit"]:
        pipe.now_ms = max(pipe.now_ms + 1, ends_ms - 1000)
    pipe.now_ms += after_s * 1000

    assert body(pipe.lookup(key, cache_key="k", **asked))["status"] == status


@pytest.mark.parametrize(
    ("header", "status"),
    [("stale-if-error=60", "stale"), ("max-age=0, Stale-If-Error=60", "stale"),
     ("stale-if-error", "miss"), ("stale-if-error=x", "miss"), ("stale-if-error=-1", "miss"),
     ("stale-if-error=" + "9" * 400, "stale"), ("no-cache", "miss"), ("", "miss")],
)  # fmt: skip
def test_the_header_of_rfc_5861(header, status):
    pipe = Pipeline()
    _, key = pipe.redis
    pipe.store(key, cache_key="k", ttl=1)
    pipe.now_ms += 2_000

    answer = pipe.ask("lookup", b'{"cache_key":"k"}', key, cache_control=header)

    assert body(answer)["status"] == status


def test_the_store_forgets_it_when_even_staleness_ends():
    pipe = Pipeline()
    _, key = pipe.redis
    pipe.store(key, cache_key="k", ttl=1, max_stale=7)
    ((*_, kind, until),) = [one for some in pipe.ran for one in some if one[0] == b"SET"]

    assert (kind, int(until) - NOW_MS) == (b"PXAT", pytest.approx(8_000, abs=101))


@pytest.mark.parametrize(("policy", "kept_s"), [({}, 3600), ({"max_stale_s": 0}, 0),
                                                ({"max_stale_s": 10**9}, 7 * 86_400)])  # fmt: skip
def test_the_partner_says_what_is_kept_when_the_request_does_not(policy, kept_s):
    pipe = Pipeline()
    _, key = pipe.open("mine", ttl=policy)
    expires = body(pipe.store(key, cache_key="k", ttl=100))["ttl"]
    (until,) = [int(one[-1]) for some in pipe.ran for one in some if one[0] == b"SET"]

    assert until - NOW_MS == pytest.approx((expires + kept_s) * 1000, abs=1000)


@pytest.mark.parametrize("value", ["1h", -1, [], {}, 1e300])
@pytest.mark.parametrize("name", ["max_stale", "allow_stale"])
def test_a_time_that_is_none_is_refused(door, cast, name, value):
    path = "/api/overflow/store" if name == "max_stale" else "/api/overflow"
    raw = json.dumps({"cache_key": "k", "response": 1, name: value}).encode()

    answer = door.post(path, raw, cast.redis.live)

    assert (answer.status, answer.content_type) == (400, "application/problem+json")
    assert answer.json["errors"][0]["pointer"] == f"/{name}"
