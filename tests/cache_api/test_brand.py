"""A partner with names of its own: nothing that its customers' engineers see bears ours."""

import json
import re
import uuid

import psycopg
import pytest

from tests.cache_api.doors import CHAT, JSON, REDIS_HOST

HOST = "pinecone.partners.agentcache.localhost"  # in the portal's table, so that its door opens
BRAND = {
    "header_prefix": "Redis-Cache", "cache_name": "RedisOverflow",
    "problem_base": "https://cache.redis.example/problems/", "key_prefix": "rcp",
}  # fmt: skip
OURS = re.compile(rb"agentcache|acp_|acp\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def branded(cast):
    """A partner with a brand, limits and a quota, on a host of its own, with keys of its prefix."""
    limits = {"key_rps": 1000, "key_burst": 1000}
    partner = cast.open(
        "branded", hosts=[HOST], brand_api=BRAND, limits=limits, partner_share_bps=3000,
        quotas={"full": {"day": 0}, "stopped": {"day": 0, "hard": True}},
        customers_suspended=["frozen"],
    )  # fmt: skip
    host = {"partner_id": str(partner.partner_id), "brand_api": BRAND}
    cast.events.set(f"snap:host:{HOST}", json.dumps(host))
    partner.live = cast.key(partner, prefix="rcp")
    partner.acme = cast.key(partner, prefix="rcp", customer="acme")
    yield partner
    cast.events.delete(f"snap:host:{HOST}")


def everything(answer):
    """Whatever an engineer sees of an answer."""
    lines = [f"{name}: {value}" for name, value in answer.headers.items()]
    return "\n".join(lines).encode() + b"\n\n" + answer.body


def ask(door, path, body, key, **headers):
    return door.post(path, body, key, host=HOST, **headers)


def test_no_answer_bears_our_name(door, cast, branded):
    key, name = branded.live, f"key-{uuid.uuid4()}"
    lookup, store = "/api/overflow", "/api/overflow/store"
    bare = {**JSON, "host": HOST}
    answers = {
        "stored": ask(door, store, {"cache_key": name, "response": ["x"]}, key),
        "unchanged": ask(door, store, {"cache_key": name, "response": ["x"]}, key),
        "hit": ask(door, lookup, {"cache_key": name}, key),
        "customers hit": ask(door, lookup, {"cache_key": name}, branded.acme),
        "miss": ask(door, lookup, {"original_request": CHAT}, key),
        "not stored": ask(door, store, {"cache_key": "k", "response": 1}, key,
                          cache_control="no-store"),
        "quota": ask(door, lookup, {"cache_key": name, "customer_id": "full"}, key),
        "hard quota": ask(door, lookup, {"cache_key": name, "customer_id": "stopped"}, key),
        "no key": door.call("POST", lookup, b"{}", bare),
        "no bearer": ask(door, lookup, {}, key, authorization="Basic eDp5"),
        "nonsense key": ask(door, lookup, {}, "nonsense"),
        "mistyped key": ask(door, lookup, {}, key[:-1] + "!"),
        "cut key": ask(door, lookup, {}, key[:-1]),
        "unknown key": ask(door, lookup, {}, unknown(cast, branded)),
        "expired key": ask(door, lookup, {}, cast.key(branded, expires_at="2020-01-01T00:00:00Z")),
        "revoked key": ask(door, lookup, {}, cast.key(branded, revoked=True)),
        "a foreign key": ask(door, lookup, {"cache_key": "k"}, cast.pinecone.live),
        "suspended": ask(door, lookup, {"cache_key": "k", "customer_id": "frozen"}, key),
        "another customer": ask(door, lookup, {"cache_key": "k", "customer_id": "x"},
                                branded.acme),
        "not json": ask(door, lookup, b"{", key),
        "wrong member": ask(door, lookup, {"cache_key": 5}, key),
        "wrong header": ask(door, lookup, {"cache_key": "k"}, key, redis_cache_ttl="x"),
        "wrong media": ask(door, lookup, {"cache_key": "k"}, key, content_type="text/plain"),
        "too large": ask(door, lookup, b"x" * (10 * 1024 * 1024 + 1), key),
        "uncacheable": ask(door, store, {"cache_key": "k", "response": None}, key),
        "conflict": conflict(door, key),
        "no such path": ask(door, "/api/overflow/nothing", {}, key),
        "no such method": door.call("GET", lookup, headers={"host": HOST}),
        "no such purge": door.call("GET", "/api/overflow/purges/x", headers={
            "host": HOST, "authorization": f"Bearer {key}"}),
        "batch": ask(door, "/api/overflow/batch",
                     {"items": [{"op": "lookup", "cache_key": name}, {"op": "x"}, {"op": "store"}]},
                     key),
        "explain": ask(door, "/api/overflow/explain", {"left": CHAT, "right": CHAT}, key),
        "not explained": ask(door, "/api/overflow/explain", {}, key),
        "feedback": ask(door, "/api/overflow/feedback", {}, key),
        "purge": ask(door, "/api/overflow/purge", {"dry_run": True, "all": True}, key),
        "wrong purge": ask(door, "/api/overflow/purge", {"x": 1}, key),
        "chat": ask(door, "/v1/chat/completions", CHAT, key),
        "wrong chat": ask(door, "/v1/chat/completions", {"provider": "nobody"}, key),
        "chat of another": ask(door, "/v1/chat/completions", CHAT, key,
                               redis_cache_provider="nobody"),
        "chat without a key": ask(door, "/v1/chat/completions", CHAT, "nonsense"),
        "messages": ask(door, "/v1/messages", {"model": "m", "messages": []}, key),
        "stats": door.call("GET", "/api/overflow/stats", headers={"host": HOST}),
        "health": door.call("GET", "/api/overflow/health", headers={"host": HOST}),
    }  # fmt: skip

    found = {name: OURS.findall(everything(answer)) for name, answer in answers.items()}
    assert {name: ours for name, ours in found.items() if ours} == {}
    statuses = {name: answer.status for name, answer in answers.items()}
    assert sorted(set(statuses.values())) == [200, 201, 400, 401, 403, 404, 405, 409, 413, 415,
                                              422, 429, 504], statuses  # fmt: skip


def unknown(cast, branded):
    key = cast.key(branded, prefix="rcp")
    cast.events.delete(f"snap:key:{key.split('_')[2]}")
    return key


def conflict(door, key):
    once = {"idempotency_key": str(uuid.uuid4())}
    for response in (1, 2):
        body = {"cache_key": "once", "response": response}
        answer = ask(door, "/api/overflow/store", body, key, **once)
    return answer


def test_an_answer_bears_the_partners_names(door, branded):
    name = f"key-{uuid.uuid4()}"
    stored = ask(
        door, "/api/overflow/store", {"cache_key": name, "response": ["x"]}, branded.live,
        redis_cache_ttl="60",
    )  # fmt: skip
    hit = ask(door, "/api/overflow", {"cache_key": name}, branded.live)
    refused = ask(door, "/api/overflow", b"[", branded.live)
    stranger = ask(door, "/api/overflow", {}, "nonsense")

    assert stored.json["ttl"] <= 60
    assert hit.headers["cache-status"].startswith("RedisOverflow; hit; ttl=")
    assert hit.headers["redis-cache-status"] == "hit"
    assert hit.json["source"] == "RedisOverflow"
    for answer in (refused, stranger):
        code = answer.json["code"]
        assert answer.json["type"] == f"https://cache.redis.example/problems/{code}"
        assert answer.headers["cache-status"] == f"RedisOverflow; detail={code}"


def test_a_branded_key_is_answered_alike_on_a_host_that_is_nobodys(edge_door, branded):
    answer = edge_door.post("/api/overflow", {"cache_key": 5}, branded.live, host="127.0.0.1")

    assert answer.json["type"] == "https://cache.redis.example/problems/invalid-request"
    assert OURS.search(everything(answer)) is None


def test_the_neighbour_keeps_the_common_names(door, cast):
    answer = door.post("/api/overflow", {"cache_key": 5}, cast.redis.live, host=REDIS_HOST)

    assert answer.json["type"] == "/problems/invalid-request"
    assert answer.headers["cache-status"] == "AgentCache; detail=invalid-request"


def test_the_document_of_that_host_bears_the_partners_names(web_door, web_database, branded):
    with psycopg.connect(web_database["SUPERUSER_DATABASE_URL"], autocommit=True) as boss:
        boss.execute(
            "INSERT INTO tenants_entitlement (partner_id, name, value, updated_at) "
            "SELECT id, 'brand_api', %s, now() FROM tenants_partner WHERE slug = 'pinecone'",
            [json.dumps(BRAND)],
        )
        answers = {
            path: web_door.call("GET", path, headers={"host": HOST})
            for path in ("/api/schema/", "/api/schema/?format=json")
        }
        boss.execute("DELETE FROM tenants_entitlement WHERE name = 'brand_api'")
    common = web_door.call("GET", "/api/schema/?format=json", headers={"host": REDIS_HOST})

    for path, answer in answers.items():
        assert answer.status == 200, path
        assert OURS.search(everything(answer)) is None, path
        assert b"Redis-Cache-TTL" in answer.body
        assert b"Pinecone Edge Cache: Overflow API" in answer.body
    assert b"AgentCache-TTL" in common.body
    assert b"Redis-Cache-TTL" not in common.body
