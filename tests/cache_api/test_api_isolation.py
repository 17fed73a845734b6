"""Every address of the API × verb × key, and every id that is one's own, another's or nobody's.

The addresses are those that Django serves; one without a row here fails. Both doors, over TCP.
"""

import json
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from cache_api.urls import urlpatterns
from tenants.rules import ids, keys
from tests.cache_api.doors import JSON, PINECONE_HOST, REDIS_HOST
from tests.cache_api.test_contract import fresh
from tests.patience import wait_for

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
NAMED = {"cache_key": "k", "customer_id": "acme"}
CHAT = {"model": "gpt-4", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 9}
# What is sent to each: nothing is wrong with it but whose it is. None: an address that is read.
BODIES = {
    "api/overflow": NAMED,
    "api/overflow/store": {**NAMED, "response": {"text": "x"}},
    "api/overflow/batch": {"items": [{"op": "lookup", **NAMED}]},
    "api/overflow/explain": {"original_request": {**CHAT, "provider": "openai"}},
    "api/overflow/feedback": {"event_id": str(uuid.uuid4()), "correct": False},
    "api/overflow/purge": {"tag": "nothing has it"},
    "api/overflow/purges/<str:purge_id>": None,
    "api/overflow/stats": None,
    "api/v1/metrics": None,
    "api/overflow/health": None,
    "v1/chat/completions": CHAT,
    "v1/responses": {"model": "gpt-4", "input": "hi"},
    "v1/messages": CHAT,
}
ELSEWHERE = ("api/overflow/stats", "api/v1/metrics")  # the edge only says where
OF_EVERYBODY = "api/overflow/health"


def address(route):
    return "/" + route.replace("<str:purge_id>", str(uuid.uuid4()))


def ask(door, verb, route, key=None, host=None):
    """The status of a request that would be a good one with the right key and verb."""
    headers = {**JSON, "host": host or door.host}
    if key:
        headers["authorization"] = f"Bearer {key}"
    body = json.dumps(BODIES[route]).encode() if verb == "POST" else b""
    return door.call(verb, address(route), body, headers).status


def test_each_address_has_a_row():
    assert [str(one.pattern) for one in urlpatterns] == list(BODIES)


@pytest.mark.parametrize("route", BODIES)
def test_no_verb_of_an_address_opens_to_a_key_that_is_not_good_there(door, cast, route):
    cast.lead(REDIS_HOST, cast.redis)
    cast.lead(PINECONE_HOST, cast.pinecone)
    right = "POST" if BODIES[route] else "GET"
    gone = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    bad = {
        "nobody": (None, 401), "garbage": ("acp_live_x", 401),
        "unknown": (keys.mint(livemode=True).text, 401),
        "mistyped": (cast.redis.live[:-1] + ("a" if cast.redis.live[-1] != "a" else "b"), 401),
        "of the other mode": (in_test_mode(cast.redis.live), 401),
        "revoked": (cast.key(cast.redis, revoked=True), 401),
        "expired": (cast.key(cast.redis, expires_at=gone), 401),
        "suspended": (cast.suspended.live, 403),
    }  # fmt: skip
    told = {name: ask(door, right, route, key) for name, (key, _) in bad.items()}
    host = PINECONE_HOST
    assert wait_for(lambda: ask(door, "POST", "api/overflow", cast.pinecone.live, host) == 200)
    told["foreign"] = ask(door, right, route, cast.redis.live, host)

    if route == OF_EVERYBODY:
        assert set(told.values()) == {200}
    elif door.name == "edge" and route in ELSEWHERE:
        assert set(told.values()) <= {401, 403, 404}
    else:
        assert told == {name: status for name, (_, status) in bad.items()} | {"foreign": 404}
    wrong = set(VERBS) - {right} - ({"HEAD"} if right == "GET" else set())
    for key in (None, cast.redis.live):
        statuses = {verb: ask(door, verb, route, key) for verb in wrong}
        assert set(statuses.values()) <= {401, 404, 405}, statuses


def in_test_mode(key):
    """The same key's text, as if it had been one of test mode."""
    body = key.replace("_live_", "_test_")[:-6]
    return body + keys._checksum(body)


TIMES = re.compile(r'"\w*(?:_us|_ms|_at|age\w*|expires\w*|ttl\w*|latency)":[^,}]*')
IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32,64}")


def seen(answer, *named):
    """What tells one answer from another: all but ids, times, and what was asked for."""
    text = answer.body.decode()
    for one in named:
        text = text.replace(str(one), "NAMED")
    return answer.status, IDS.sub("ID", TIMES.sub("", text))


@pytest.mark.parametrize("who", ["partner", "customer"])
def test_what_is_anothers_is_as_if_it_were_not_there(door, cast, who):
    """An entry by its key and by its request, a hit's id, a purge: own, another's, nobody's."""
    mine, theirs = cast.redis, cast.pinecone
    key = mine.live if who == "partner" else mine.acme
    # Another partner's under the same customer's name, and another customer's of the same partner.
    owners = {"own": (mine.live, "acme"), "partner's": (theirs.live, "acme"),
              "customer's": (mine.live, "globex")}  # fmt: skip
    things = {}
    for name, (whose, customer) in owners.items():
        made = {"cache_key": f"key-{uuid.uuid4()}", "customer_id": customer}
        assert door.store(whose, original_request=fresh(), **made).status == 201
        hit = door.lookup(whose, **made).json
        purge = door.post("/api/overflow/purge", {"tag": "none", "customer_id": customer}, whose)
        things[name] = {"key": made["cache_key"], "event": hit["billing"]["event_id"],
                        "purge": purge.json["purge_id"]}  # fmt: skip
    things["nobody's"] = {"key": f"key-{uuid.uuid4()}", "event": str(ids.uuid7()),
                          "purge": str(uuid.uuid4())}  # fmt: skip

    def told(thing):
        named = thing.values()
        by_key, acme = {"cache_key": thing["key"]}, {"customer_id": "acme"}
        wrong = {"event_id": thing["event"], "correct": False, **by_key, **acme}
        asked = {
            "lookup": door.lookup(key, **by_key, **acme),
            "batch": door.post("/api/overflow/batch",
                               {"items": [{"op": "lookup", **by_key, **acme}]}, key),
            "dry purge": door.post("/api/overflow/purge",
                                   {**by_key, **acme, "dry_run": True}, key),
            "feedback": door.post("/api/overflow/feedback", wrong, key),
        }  # fmt: skip
        return {name: seen(answer, *named) for name, answer in asked.items()}

    found = {name: told(thing) for name, thing in things.items()}
    assert found["partner's"] == found["customer's"] == found["nobody's"]
    assert all(found["own"][one] != found["nobody's"][one] for one in found["own"])
    for name, (whose, customer) in owners.items():  # they are all there still, but what was ours
        assert door.lookup(whose, cache_key=things[name]["key"], customer_id=customer).json[
            "hit"
        ] == (name != "own")
    purges = {name: door.call("GET", f"/api/overflow/purges/{thing['purge']}",
                              headers={"authorization": f"Bearer {key}"})
              for name, thing in things.items()}  # fmt: skip
    unseen = seen(purges["nobody's"])
    assert unseen[0] == 404 and seen(purges["partner's"]) == unseen
    assert purges["own"].status == 200
    assert (seen(purges["customer's"]) == unseen) == (who == "customer")
