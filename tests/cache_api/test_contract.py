"""The documented contract, over TCP, at both doors."""

import json
import time
import uuid

import pytest

from cache_api.hot.snapshot import FRESH_MS
from tenants.rules import ids
from tests.cache_api.doors import CHAT, JSON, NEUTRAL_HOST, PINECONE_HOST, REDIS_HOST, REPLY
from tests.patience import wait_for


def fresh(text="question"):
    """A chat request nobody asked before."""
    content = f"{text} {uuid.uuid4()}"
    return {**CHAT, "messages": [{"role": "user", "content": content}]}


def slice_of(answer):
    """The bytes of `response` in a hit."""
    start = answer.body.index(b'"response":') + len(b'"response":')
    return answer.body[start : answer.body.index(b',"latency":')]


def test_the_documented_request_gets_the_documented_members_and_types(door, cast):
    request = fresh()
    body = {
        "provider": "redis", "customer_id": "acme-corp", "cache_key": "a" * 64,
        "original_request": request, "metadata": {"redis_latency": 150, "region": "us-east-1"},
    }  # fmt: skip

    miss = door.lookup(cast.redis.live, **body)
    stored = door.store(cast.redis.live, customer_id="acme-corp", original_request=request)
    hit = door.lookup(cast.redis.live, **body)

    assert (miss.status, stored.status, hit.status) == (200, 201, 200)
    assert miss.content_type == hit.content_type == "application/json"
    told = miss.json
    assert (told["hit"], told["response"], told["cost_saved"]) == (False, None, 0)
    assert told["reason"] == "not_found"
    told = hit.json
    assert told["hit"] is True
    assert told["response"] == json.loads(REPLY)
    assert isinstance(told["latency"], float)
    assert told["source"] == "edge-cache"
    assert told["cost_saved"] == 0.009
    assert told["billing"]["partner_id"] == "redis-labs"
    assert told["billing"]["revenue_share"] == 0.3


@pytest.mark.parametrize(
    "response",
    [
        REPLY,
        '[ 1.0, 1e2,\t"\\u00e9", "é", null ]',
        '"just text"',
        "12.50",
        '{"content_type":"text/plain","encoding":"base64","data":"aGk="}',
        '{"choices":[{"message":{"content":"' + "long " * 4000 + '"},"finish_reason":"stop"}]}',
    ],
    ids=["reply", "list", "string", "number", "base64", "long"],
)
def test_a_response_comes_back_byte_for_byte(door, cast, response):
    key = f"key-{uuid.uuid4()}"

    door.store(cast.redis.live, response, cache_key=key)

    assert slice_of(door.lookup(cast.redis.live, cache_key=key)) == response.encode()


def test_the_same_again_is_200_and_does_not_slide(door, cast):
    request = fresh()

    first = door.store(cast.redis.live, original_request=request)
    second = door.store(cast.redis.live, original_request=request)
    other = door.store(cast.redis.live, '"another"', original_request=request)

    assert [first.status, second.status, other.status] == [201, 200, 201]
    assert (first.json["status"], second.json["status"]) == ("stored", "unchanged")
    assert first.json["expires_at"] == second.json["expires_at"]
    assert slice_of(door.lookup(cast.redis.live, original_request=request)) == b'"another"'


def test_one_entry_serves_streaming_and_not(door, cast):
    request = fresh()
    door.store(cast.redis.live, original_request=request)

    streaming = {**request, "stream": True, "stream_options": {"include_usage": True}}

    assert door.lookup(cast.redis.live, original_request=streaming).json["hit"]


def test_a_caller_may_ask_by_its_own_key_alone(door, cast):
    request, key = fresh(), f"key-{uuid.uuid4()}"
    stored = door.store(cast.redis.live, original_request=request, cache_key=key)

    by_key = door.lookup(cast.redis.live, cache_key=key)
    by_digest = door.lookup(cast.redis.live, cache_key=stored.json["cache_key"])
    by_both = door.lookup(cast.redis.live, cache_key=key, original_request=request)

    assert [one.json["hit"] for one in (by_key, by_digest, by_both)] == [True] * 3


def test_a_key_that_stands_for_another_request_is_a_mismatch(door, cast):
    mine, other, key = fresh("mine"), fresh("other"), f"key-{uuid.uuid4()}"
    stored = door.store(cast.redis.live, original_request=mine, cache_key=key)
    door.store(cast.redis.live, original_request=other)

    by_key = door.lookup(cast.redis.live, original_request=other, cache_key=key)
    digest = stored.json["cache_key"]
    by_digest = door.lookup(cast.redis.live, original_request=other, cache_key=digest)

    assert [one.json["hit"] for one in (by_key, by_digest)] == [False, False]
    assert by_key.json["reason"] == by_digest.json["reason"] == "key_mismatch"


@pytest.mark.parametrize("content", ["\ud800", 9007199254740993], ids=["surrogate", "integer"])
def test_what_has_no_canonical_form_misses_and_is_not_stored(door, cast, content):
    request = {**CHAT, "messages": [{"role": "user", "content": content}]}

    miss = door.lookup(cast.redis.live, original_request=request)
    stored = door.store(cast.redis.live, original_request=request)

    assert (miss.status, miss.json["hit"], miss.json["reason"]) == (200, False, "not_canonical")
    assert (stored.status, stored.json["code"]) == (422, "not-canonical")


def test_partners_and_customers_and_namespaces_are_apart(door, cast):
    request, key = fresh(), f"key-{uuid.uuid4()}"
    asked = {"original_request": request, "cache_key": key}
    door.store(cast.redis.live, '"of redis acme"', customer_id="acme", **asked)
    door.store(cast.pinecone.live, '"of pinecone acme"', customer_id="acme", **asked)
    door.store(cast.redis.live, '"of redis acme ns"', customer_id="acme", namespace="n", **asked)

    def seen(api_key, **more):
        return [
            slice_of(door.lookup(api_key, **more, **some))
            for some in (asked, {"cache_key": key}, {"original_request": request})
        ]

    assert seen(cast.redis.live, customer_id="acme") == [b'"of redis acme"'] * 3
    assert seen(cast.pinecone.live, customer_id="acme") == [b'"of pinecone acme"'] * 3
    assert seen(cast.redis.live, customer_id="acme", namespace="n") == [b'"of redis acme ns"'] * 3
    assert seen(cast.redis.live, customer_id="globex") == [b"null"] * 3
    assert seen(cast.redis.live) == [b"null"] * 3
    assert seen(cast.redis.test, customer_id="acme") == [b"null"] * 3


def test_a_partner_key_without_customer_id_means_its_default_customer(door, cast):
    request = fresh()

    door.store(cast.redis.live, original_request=request)
    hit = door.lookup(cast.redis.live, customer_id="_default", original_request=request).json

    assert hit["hit"]
    assert cast.event(hit["billing"]["event_id"]).customer == "_default"


def test_a_customers_key_sees_its_own_and_not_the_partners_terms(door, cast):
    request = fresh()
    door.store(cast.redis.live, customer_id="acme", original_request=request)

    implied = door.lookup(cast.redis.acme, original_request=request)
    named = door.lookup(cast.redis.acme, original_request=request, customer_id="acme")
    foreign = door.lookup(cast.redis.acme, original_request=request, customer_id="globex")

    assert implied.json["hit"]
    assert named.json["hit"]
    assert b"revenue_share" not in implied.body + named.body
    assert (foreign.status, foreign.json["code"]) == (403, "customer-forbidden")
    assert foreign.json["errors"][0]["pointer"] == "/customer_id"


def test_test_mode_is_its_own_world_and_marked(door, cast):
    request = fresh()
    door.store(cast.redis.test, original_request=request)

    hit = door.lookup(cast.redis.test, original_request=request).json
    live = door.lookup(cast.redis.live, original_request=request).json

    assert (hit["hit"], live["hit"]) == (True, False)
    assert cast.event(hit["billing"]["event_id"]).livemode is False
    assert cast.event(live["billing"]["event_id"]).livemode is True


def test_every_answer_is_one_event_in_the_stream_when_it_arrives(door, cast):
    request = fresh()
    stored = door.store(cast.redis.live, customer_id="acme", original_request=request)
    event = cast.event(stored.json["billing"]["event_id"])

    assert (event.kind, event.outcome, event.customer) == ("store", "stored", "acme")
    assert (event.partner_id, event.livemode) == (cast.redis.partner_id, True)
    assert (event.tokens_in, event.tokens_out, event.bytes) == (100, 100, len(REPLY.encode()))
    assert event.byte_seconds / event.bytes == pytest.approx(86_400, rel=0.1)

    metadata = {"redis_latency": 150.5, "sdk": "python/1.0", "reason": "error", "region": "x"}
    hit = door.lookup(
        cast.redis.live, provider="redis", customer_id="acme", original_request=request,
        metadata=metadata, tags=["chat"],
    )  # fmt: skip
    event = cast.event(hit.json["billing"]["event_id"])

    assert (event.kind, event.outcome, event.quantity) == ("lookup", "hit", 1)
    assert (event.provider, event.model, event.region) == ("openai", "gpt-4", "test-1")
    assert (event.primary_cache, event.overflow_reason) == ("redis", "error")
    assert (event.primary_latency_us, event.sdk, event.tags) == (
        150_500,
        "python/1.0",
        {"chat": ""},
    )
    assert (event.cost_saved_micros, event.tokens_in, event.tokens_out) == (9000, 100, 100)
    assert event.price_version.startswith("genai-prices-")
    assert 0 < event.latency_us < 5_000_000
    assert event.key_id == cast.redis.live.split("_")[2]
    assert event.seq > 0
    assert abs(event.occurred_at_ms - time.time() * 1000) < 60_000


def test_a_retry_with_the_same_request_id_is_the_same_event(door, cast):
    request, now_ms = fresh(), time.time_ns() // 1_000_000
    recent = str(ids.uuid7_at(now_ms - 60_000, uuid.uuid4().bytes))
    old = str(ids.uuid7_at(now_ms - 16 * 60_000, uuid.uuid4().bytes))

    def event_ids(request_id, kind=door.lookup, key=cast.redis.live):
        return [
            kind(key, original_request=request, request_id=request_id).json["billing"]["event_id"]
            for _ in range(2)
        ]

    once, again = event_ids(recent)
    assert once == again
    assert uuid.UUID(once).int >> 80 == now_ms - 60_000
    for others in (
        event_ids(recent, door.store), event_ids(recent, key=cast.redis.acme),
        event_ids(recent, key=cast.pinecone.live),
    ):  # fmt: skip
        assert once not in others
        assert len(set(others)) == 1
    for unusable in (old, str(uuid.uuid4()), "not an id"):
        assert len(set(event_ids(unusable))) == 2
    answer = door.lookup(cast.redis.live, original_request=request, request_id=recent)
    assert answer.json["request_id"] == recent


def test_an_unknown_model_is_stored_for_a_day_and_saves_nothing(door, cast):
    request = {**fresh(), "model": "nobody-knows-1"}

    stored = door.store(cast.redis.live, original_request=request).json
    hit = door.lookup(cast.redis.live, original_request=request).json

    assert stored["ttl"] == pytest.approx(86_400, rel=0.11)
    assert (hit["hit"], hit["cost_saved"]) == (True, 0)


def test_a_customers_answers_live_no_longer_than_was_chosen_for_it(door, cast):
    partner = cast.open(f"short-{uuid.uuid4().hex[:8]}", kept_s={"acme": 3_600})

    acme = door.store(partner.acme, original_request=fresh(), ttl=86_400).json
    others = door.store(partner.live, original_request=fresh(), ttl=86_400).json

    assert 3_200 <= acme["ttl"] <= 3_600 and others["ttl"] > 70_000


def test_an_entry_expires_for_good(door, cast):
    request = fresh()
    door.store(cast.redis.live, original_request=request, ttl=1)

    assert door.lookup(cast.redis.live, original_request=request).json["hit"]
    time.sleep(1.1)
    assert not door.lookup(cast.redis.live, original_request=request).json["hit"]


def test_an_idempotency_key_takes_one_body_only(door, cast):
    request, name = fresh(), {"idempotency_key": str(uuid.uuid4())}

    first = door.store(cast.redis.live, original_request=request, headers=name)
    same = door.store(cast.redis.live, original_request=request, headers=name)
    other = door.store(cast.redis.live, '"x"', original_request=request, headers=name)
    neighbour = door.store(cast.pinecone.live, '"x"', original_request=request, headers=name)

    assert [first.status, same.status, neighbour.status] == [201, 200, 201]
    assert (other.status, other.json["code"]) == (409, "idempotency-conflict")
    assert slice_of(door.lookup(cast.redis.live, original_request=request)) == REPLY.encode()


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ('{"error":{"message":"rate limit"}}', "provider_error"),
        ('{"type":"error","error":{"type":"overloaded_error"}}', "provider_error"),
        ('{"choices":[]}', "empty"),
        ("null", "empty"),
        ('{"choices":[{"message":{"content":"x"},"finish_reason":"content_filter"}]}',
         "content_filter"),
        ('{"choices":[{"message":{"content":"x"},"finish_reason":"length"}]}', "truncated"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_not_stored(door, cast, response, reason):
    request = fresh()

    refused = door.store(cast.redis.live, response, original_request=request)

    assert (refused.status, refused.content_type) == (422, "application/problem+json")
    assert (refused.json["code"], refused.json["reason"]) == ("uncacheable-response", reason)
    assert not door.lookup(cast.redis.live, original_request=request).json["hit"]


def test_eight_mebibytes_are_stored_and_no_more(door, cast):
    key = f"key-{uuid.uuid4()}"
    longest = '"' + "x" * (8 * 1024 * 1024 - 2) + '"'

    stored = door.store(cast.redis.live, longest, cache_key=key)
    too_long = door.store(cast.redis.live, longest[:-1] + 'x"', cache_key=key)

    assert stored.status == 201
    assert (too_long.status, too_long.json["code"]) == (413, "payload-too-large")
    assert slice_of(door.lookup(cast.redis.live, cache_key=key)) == longest.encode()


def test_wrong_keys_are_401_and_say_nothing_more(door, cast):
    revoked = cast.key(cast.redis, revoked=True)
    entombed = cast.key(cast.redis)
    cast.events.set(f"snap:tombstone:{entombed.split('_')[2]}", "now")
    expired = cast.key(cast.redis, expires_at="2020-01-01T00:00:00Z")
    other_secret = cast.redis.live
    unknown = cast.key(cast.redis)
    cast.events.delete(f"snap:key:{unknown.split('_')[2]}")
    lent = cast.key(cast.redis)
    facts = json.loads(cast.events.get(f"snap:key:{lent.split('_')[2]}"))
    facts["secret_sha256"] = "0" * 64
    cast.events.set(f"snap:key:{lent.split('_')[2]}", json.dumps(facts))

    for key in ("", "x", other_secret[:-1], other_secret[:-1] + "!", revoked, entombed, expired,
                unknown, lent):  # fmt: skip
        answer = door.lookup(key, cache_key="k")
        assert (answer.status, answer.json["code"]) == (401, "unauthenticated"), key
        assert answer.headers["www-authenticate"] == "Bearer"
    assert door.call("POST", "/api/overflow", b"{}", JSON).status == 401
    assert door.post("/api/overflow", b"{}", "", authorization="Basic eDp5").status == 401


def test_a_revoked_key_stops_working_within_five_seconds(door, cast):
    """That old facts are read again; a busy machine may be late."""
    key = cast.key(cast.redis)
    assert door.lookup(key, cache_key="k").status == 200

    cast.events.set(f"snap:tombstone:{key.split('_')[2]}", "now")

    assert FRESH_MS == 5_000
    assert wait_for(lambda: door.lookup(key, cache_key="k").status == 401)


def test_a_key_made_a_moment_ago_works(door, cast):
    key = cast.key(cast.redis)
    name = f"snap:key:{key.split('_')[2]}"
    facts = cast.events.get(name)
    cast.events.delete(name)
    assert door.lookup(key, cache_key="k").status == 401

    cast.events.set(name, facts)
    time.sleep(1.2)

    assert door.lookup(key, cache_key="k").status == 200


def test_a_partner_that_is_not_active_is_403(door, cast):
    answer = door.lookup(cast.suspended.live, cache_key="k")

    assert (answer.status, answer.json["code"]) == (403, "partner-suspended")


def test_strict_partners_know_their_customers(door, cast):
    key = cast.strict.live

    assert door.lookup(key, cache_key="k", customer_id="known").status == 200
    assert door.lookup(key, cache_key="k").status == 200
    unknown = door.lookup(key, cache_key="k", customer_id="stranger")
    frozen = door.lookup(key, cache_key="k", customer_id="frozen")
    assert (unknown.status, unknown.json["code"]) == (403, "customer-unknown")
    assert (frozen.status, frozen.json["code"]) == (403, "customer-suspended")
    assert door.lookup(cast.redis.live, cache_key="k", customer_id="stranger").status == 200


def test_a_partners_own_host_takes_only_its_keys(door, cast):
    before = cast.counters().get("key_on_foreign_host", 0)

    def status(key, host):
        return door.post("/api/overflow", {"cache_key": "k"}, key, host=host).status

    # Other tests lead these hosts to partners of theirs.
    cast.lead(REDIS_HOST, cast.redis)
    cast.lead(PINECONE_HOST, cast.pinecone)
    assert wait_for(lambda: status(cast.redis.live, REDIS_HOST) == 200)
    assert wait_for(lambda: status(cast.pinecone.live, PINECONE_HOST) == 200)
    assert status(cast.redis.live, f"{REDIS_HOST}:{door.port}") == 200
    assert status(cast.pinecone.live, NEUTRAL_HOST) == 200
    foreign = door.post("/api/overflow", {"cache_key": "k"}, cast.pinecone.live, host=REDIS_HOST)
    assert (foreign.status, foreign.json["code"]) == (404, "not-found")
    assert b"pinecone" not in foreign.body
    assert wait_for(lambda: cast.counters().get("key_on_foreign_host", 0) > before)


def test_a_value_copied_to_another_partners_key_does_not_open_and_alarms(door, cast):
    """The third wall alone: the attacker may write anything anywhere in the cache store."""
    mine, theirs = f"key-{uuid.uuid4()}", f"key-{uuid.uuid4()}"
    before_keys = set(cast.cache.keys())
    door.store(cast.redis.live, '"of redis"', cache_key=mine)
    (source,) = set(cast.cache.keys()) - before_keys
    before_keys.add(source)
    door.store(cast.pinecone.live, '"of pinecone"', cache_key=theirs)
    (target,) = set(cast.cache.keys()) - before_keys
    before = cast.counters().get("payload_authentication", 0)

    cast.cache.set(target, cast.cache.get(source))
    answer = door.lookup(cast.pinecone.live, cache_key=theirs)

    assert (answer.status, answer.json["hit"], answer.json["response"]) == (200, False, None)
    assert b"of redis" not in answer.body
    assert wait_for(lambda: cast.counters().get("payload_authentication", 0) > before)
    assert slice_of(door.lookup(cast.redis.live, cache_key=mine)) == b'"of redis"'


def test_the_store_holds_neither_names_nor_text(door, cast):
    secret = f"secret-{uuid.uuid4()}"
    before = set(cast.cache.keys())
    door.store(cast.redis.live, f'"{secret}"', cache_key=secret, customer_id=secret)

    for key in set(cast.cache.keys()) - before:
        held = key + (cast.cache.get(key) or b"")
        assert secret.encode() not in held
        assert b"redis-labs" not in held


def test_an_older_generation_is_gone(door, cast):
    partner = cast.open("generations")
    door.store(partner.live, cache_key="k")
    assert door.lookup(partner.live, cache_key="k").json["hit"]
    name = f"snap:partner:{partner.partner_id}"
    facts = json.loads(cast.events.get(name)) | {"generation": 1}

    cast.events.set(name, json.dumps(facts))

    assert wait_for(lambda: not door.lookup(partner.live, cache_key="k").json["hit"])


def test_health_needs_no_key(door):
    answer = door.call("GET", "/api/overflow/health")

    told = answer.json
    assert told.pop("semantic") in {"ok", "idle", "off"}
    assert (answer.status, told) == (
        200, {"status": "ok", "region": "test-1", "cache": "ok", "metering": "ok"},
    )  # fmt: skip
