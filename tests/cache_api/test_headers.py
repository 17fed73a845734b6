"""Standard HTTP around every answer, and what callers may ask by headers, at both doors."""

import hashlib
import json
import re
import time
import uuid

import pytest

from tests.cache_api.doors import CHAT, REPLY

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
NO_CACHE = {"cache_control": "no-cache"}


def ask(door, key, headers=None, **members):
    """A lookup with headers of its own."""
    return door.post("/api/overflow", members, key, **(headers or {}))


def stored(door, cast, headers=None, **members):
    """A key of the caller's own under which something lies."""
    name = f"key-{uuid.uuid4()}"
    answer = door.store(cast.redis.live, cache_key=name, headers=headers, **members)
    assert answer.status == 201
    return name, answer


def test_a_hit_tells_how_old_and_how_long(door, cast):
    name, told = stored(door, cast, ttl=600)

    hit = ask(door, cast.redis.live, cache_key=name)

    etag = f'"{hashlib.sha256(REPLY.encode()).hexdigest()[:24]}"'
    ttl = int(re.fullmatch(r"AgentCache; hit; ttl=(\d+)", hit.headers["cache-status"])[1])
    assert 500 < ttl <= 600
    assert int(hit.headers["age"]) < 60
    assert hit.headers["etag"] == told.headers["etag"] == etag
    timing = re.fullmatch(r"total;dur=(\d+\.\d{3})", hit.headers["server-timing"])
    assert float(timing[1]) == hit.json["latency"]
    assert hit.headers["agentcache-status"] == "hit"
    assert hit.headers["cache-control"] == told.headers["cache-control"] == "no-store"
    status = re.fullmatch(
        r"AgentCache; fwd=method; stored; ttl=(\d+)", told.headers["cache-status"]
    )
    assert int(status[1]) == pytest.approx(told.json["ttl"], abs=1)
    assert told.headers["agentcache-status"] == "stored"


def test_age_counts_seconds_since_the_store(door, cast):
    name, _ = stored(door, cast)
    time.sleep(1.1)

    assert 1 <= int(ask(door, cast.redis.live, cache_key=name).headers["age"]) < 60


def test_nobody_is_to_guess_what_an_answer_is(door, cast):
    name, told = stored(door, cast)
    answers = [told, ask(door, cast.redis.live, cache_key=name), ask(door, "no key", cache_key="k"),
               door.call("GET", "/api/overflow/health"), door.call("GET", "/api/nothing"),
               door.call("PUT", "/api/overflow")]  # fmt: skip

    assert {one.headers["x-content-type-options"] for one in answers} == {"nosniff"}
    assert len({one.status for one in answers}) == 5


def test_a_miss_and_a_refusal_say_why(door, cast):
    miss = ask(door, cast.redis.live, cache_key=f"key-{uuid.uuid4()}")
    refused = door.post("/api/overflow", b"{", cast.redis.live)
    stranger = door.post("/api/overflow", b"{}", "nonsense")

    assert miss.headers["cache-status"] == "AgentCache; fwd=miss; detail=not_found"
    assert miss.headers["agentcache-status"] == "miss"
    assert refused.headers["cache-status"] == "AgentCache; detail=invalid-json"
    assert stranger.headers["cache-status"] == "AgentCache; detail=unauthenticated"
    assert "age" not in miss.headers
    assert "etag" not in miss.headers
    for answer in (miss, refused, stranger):
        assert answer.headers["cache-control"] == "no-store"


def test_a_condition_on_a_post_is_left_aside(door, cast):
    """RFC 9110 §13.2.1: a POST here selects no representation that a condition could be about."""
    name, told = stored(door, cast)

    for condition in ("*", told.headers["etag"], '"other"'):
        answer = ask(door, cast.redis.live, {"if_none_match": condition}, cache_key=name)
        assert (answer.status, answer.json["hit"]) == (200, True)


def test_no_cache_reads_nothing_and_is_a_metered_miss(door, cast):
    request = {**CHAT, "seed": uuid.uuid4().int % 10**9}
    name, _ = stored(door, cast, original_request=request)

    answer = ask(door, cast.redis.live, NO_CACHE, cache_key=name)
    by_request = ask(door, cast.redis.live, NO_CACHE, original_request=request)

    assert (answer.json["hit"], answer.json["reason"]) == (False, "no_cache")
    assert by_request.json["reason"] == "no_cache"
    assert ask(door, cast.redis.live, original_request=request).json["hit"]
    assert answer.headers["cache-status"] == "AgentCache; fwd=request; detail=no_cache"
    event = cast.event(answer.json["billing"]["event_id"])
    assert (event.outcome, event.reason) == ("miss", "no_cache")


@pytest.mark.parametrize(
    "headers",
    [{"cache_control": "no-store"}, {"agentcache_mode": "off"}, {"cf_aig_skip_cache": "true"},
     {"helicone_cache_save": "false"}, {"agentcache_ttl": "0"}],
    ids=str,
)  # fmt: skip
def test_no_store_keeps_nothing_and_says_so(door, cast, headers):
    name, before = f"key-{uuid.uuid4()}", len(cast.all_events())

    answer = door.store(cast.redis.live, cache_key=name, headers=headers)

    assert (answer.status, answer.json) == (
        200, {"stored": False, "status": "bypass", "reason": "no_store"},
    )  # fmt: skip
    assert len(cast.all_events()) == before
    assert ask(door, cast.redis.live, cache_key=name).json["hit"] is False


def test_off_neither_reads_nor_stores(door, cast):
    name, _ = stored(door, cast)

    answer = ask(door, cast.redis.live, {"agentcache_mode": "off"}, cache_key=name)

    assert answer.json["reason"] == "off"
    assert answer.headers["cache-status"] == "AgentCache; fwd=bypass; detail=off"


@pytest.mark.parametrize(
    ("control", "reason"),
    [("max-age=0", "too_old"), ("max-age=3600", None), ("min-fresh=3600", "not_fresh"),
     ("min-fresh=5", None), ("only-if-cached", None), ("max-age=soon", None)],
)  # fmt: skip
def test_cache_control_bounds_age_and_freshness(door, cast, control, reason):
    name, _ = stored(door, cast, ttl=600)
    time.sleep(0.02)  # older than no age at all

    answer = ask(door, cast.redis.live, {"cache_control": control}, cache_key=name).json

    assert (answer["hit"], answer.get("reason")) == (reason is None, reason)


@pytest.mark.parametrize(
    "headers",
    [{"agentcache_ttl": "120"}, {"cf_aig_cache_ttl": "120"}, {"x_bf_cache_ttl": "2m"},
     {"x_openrouter_cache_ttl": "120"}, {"cache_control": "max-age=120"},
     {"x_portkey_config": '{"cache":{"mode":"simple","max_age":120}}'}],
    ids=str,
)  # fmt: skip
def test_a_lifetime_comes_by_any_of_its_names(door, cast, headers):
    _, told = stored(door, cast, headers=headers)

    assert 100 <= told.json["ttl"] <= 120
    _, told = stored(door, cast, headers=headers, ttl=60)
    assert told.json["ttl"] <= 60  # the body goes before


@pytest.mark.parametrize(
    "header",
    ["agentcache_namespace", "x_portkey_cache_namespace", "helicone_cache_seed", "x_bf_cache_key"],
)
def test_a_namespace_comes_by_any_of_its_names(door, cast, header):
    name, _ = stored(door, cast, namespace="blue")

    inside = ask(door, cast.redis.live, {header: "blue"}, cache_key=name)
    outside = ask(door, cast.redis.live, {header: "red"}, cache_key=name)
    body = ask(door, cast.redis.live, {header: "red"}, cache_key=name, namespace="blue")

    assert [one.json["hit"] for one in (inside, outside, body)] == [True, False, True]


def test_litellms_body_is_understood(door, cast):
    name, told = stored(door, cast, cache={"ttl": 120, "namespace": "lite"})

    assert told.json["ttl"] <= 120
    inside = {"namespace": "lite"}
    assert ask(door, cast.redis.live, cache_key=name, cache=inside).json["hit"]
    fresh = ask(door, cast.redis.live, cache_key=name, cache={**inside, "no-cache": True})
    assert fresh.json["reason"] == "no_cache"


def test_a_callers_key_comes_as_cloudflares_header(door, cast):
    name, _ = stored(door, cast)

    answer = door.post("/api/overflow", {}, cast.redis.live, cf_aig_cache_key=name)

    assert answer.json["hit"]


def test_tags_come_by_header(door, cast):
    _, told = stored(door, cast, headers={"agentcache_tags": "faq, refunds"})

    tags = cast.event(told.json["billing"]["event_id"]).tags
    assert tags == {"faq": "", "refunds": ""}


def test_a_deadline_that_has_passed_is_a_miss(door, cast):
    name, _ = stored(door, cast)

    late = ask(door, cast.redis.live, {"agentcache_deadline_ms": "0"}, cache_key=name)
    early = ask(door, cast.redis.live, {"agentcache_deadline_ms": "60000"}, cache_key=name)

    assert (late.json["hit"], late.json["reason"]) == (False, "deadline")
    assert early.json["hit"]


def test_our_own_header_that_makes_no_sense_is_named_and_a_foreign_one_left_aside(door, cast):
    bad = ask(door, cast.redis.live, {"agentcache_ttl": "soon"}, cache_key="k")
    foreign = ask(door, cast.redis.live, {"x_bf_cache_ttl": "soon"}, cache_key="k")
    body = ask(door, cast.redis.live, cache_key="k", cache={"ttl": "soon"})

    assert (bad.status, bad.json["code"]) == (400, "invalid-request")
    assert "AgentCache-TTL" in bad.json["detail"]
    assert foreign.status == 200
    assert (body.status, body.json["errors"][0]["pointer"]) == (400, "/cache/ttl")


def test_the_trace_is_the_request_id_where_the_caller_gave_none(door, cast):
    trace = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    key = cast.redis.live

    miss = ask(door, key, trace, cache_key="k")
    named = ask(door, key, trace, cache_key="k", request_id="mine")
    refused = door.post("/api/overflow", b"{", key, **trace)
    stranger = door.post("/api/overflow", b"{}", "nonsense", **trace)

    assert miss.json["request_id"] == TRACE
    assert named.json["request_id"] == "mine"
    assert refused.json["request_id"] == stranger.json["request_id"] == TRACE


def test_two_lookups_of_one_trace_are_two_events(door, cast):
    """A trace id that happens to be a UUIDv7 of now must not make two lookups one."""
    now_ms = time.time_ns() // 1_000_000
    trace = f"{now_ms:012x}7abc8def0123456789ab"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}

    ids = {
        ask(door, cast.redis.live, headers, cache_key="k").json["billing"]["event_id"]
        for _ in range(2)
    }

    assert len(ids) == 2


def test_health_is_not_kept_by_any_cache(door):
    assert door.call("GET", "/api/overflow/health").headers["cache-control"] == "no-store"


def test_every_problem_looks_alike(door, cast):
    answers = [
        door.call("GET", "/api/overflow"), door.call("POST", "/api/overflow/nothing"),
        door.post("/api/overflow", b"", "x"), door.post("/api/overflow", b"[", cast.redis.live),
        door.post("/api/overflow", {"cache_key": "k"}, cast.redis.live, content_type="text/plain"),
        door.store(cast.redis.live, '{"error":{"message":"x"}}', original_request=CHAT),
    ]  # fmt: skip

    assert [one.status for one in answers] == [405, 404, 401, 400, 415, 422]
    for answer in answers:
        assert answer.content_type == "application/problem+json"
        told = json.loads(answer.body)
        assert told["type"] == f"/problems/{told['code']}"
        assert {"title", "status", "detail", "retryable"} <= told.keys()
        assert answer.headers["cache-control"] == "no-store"
