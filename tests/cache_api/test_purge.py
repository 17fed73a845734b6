"""Purges over TCP, at both doors: what goes, what stays, whose, and when it is complete."""

import json
import os
import signal
import time
import uuid

import pytest

from cache_api.rules import purging
from tests.cache_api.doors import CHAT, REPLY
from tests.cache_api.relay import Relay
from tests.cache_api.test_contract import fresh, slice_of
from tests.patience import wait_for

PURGE = "/api/overflow/purge"


def purge(door, key, **members):
    return door.post(PURGE, members, key)


def status(door, key, purge_id):
    return door.call(
        "GET", f"/api/overflow/purges/{purge_id}", headers={"authorization": f"Bearer {key}"}
    )


def hits(door, key, **members):
    return door.lookup(key, **members).json["hit"]


@pytest.fixture
def pair(cast):
    """Two partners of this test alone."""
    return cast.open(f"one-{uuid.uuid4().hex[:6]}"), cast.open(f"two-{uuid.uuid4().hex[:6]}")


ENTRIES = {
    "plain": {"customer_id": "acme"},
    "tagged": {"customer_id": "acme", "tags": ["faq", "eu"]},
    "valued": {"customer_id": "acme", "tags": {"team": "search"}},
    "other model": {"customer_id": "acme", "model": "gpt-4o"},
    "other customer": {"customer_id": "globex", "tags": ["faq"]},
    "default customer": {},
    "namespace": {"customer_id": "acme", "namespace": "n1"},
}
SELECTORS = {
    "tag": ({"tag": "faq"}, {"tagged", "other customer"}),
    "tags": ({"tags": ["eu", "nothing"]}, {"tagged"}),
    "a tag with its text": ({"tags": {"team": "search"}}, {"valued"}),
    "a tag with another text": ({"tags": {"team": "sales"}}, set()),
    "model": ({"model": "gpt-4o"}, {"other model"}),
    "provider": ({"provider": "openai"}, set(ENTRIES)),
    "another provider": ({"provider": "anthropic"}, set()),
    "customer": ({"customer_id": "globex"}, {"other customer"}),
    "namespace": ({"namespace": "n1"}, {"namespace"}),
    "everything": ({"all": True}, set(ENTRIES)),
    "age": ({"older_than_s": 3600}, set()),
    "any age": ({"older_than_s": 0}, set(ENTRIES)),
    "all must match": ({"customer_id": "acme", "tag": "faq"}, {"tagged"}),
}


def fill(door, key):
    """One entry of each kind; how each is looked up."""
    asked = {}
    for name, members in ENTRIES.items():
        request = {**fresh(), "model": members.get("model", "gpt-4")}
        place = {k: v for k, v in members.items() if k in ("customer_id", "namespace")}
        stored = {k: v for k, v in members.items() if k != "model"}
        assert door.store(key, original_request=request, **stored).status == 201
        asked[name] = {**place, "original_request": request}
    return asked


@pytest.mark.parametrize("selector", SELECTORS)
def test_a_purge_takes_what_it_names_and_nothing_else(door, pair, selector):
    members, gone = SELECTORS[selector]
    mine, theirs = (fill(door, partner.live) for partner in pair)

    answer = purge(door, pair[0].live, **members)

    assert answer.status == 202
    assert answer.headers["location"] == f"/api/overflow/purges/{answer.json['purge_id']}"
    left = {name for name, asked in mine.items() if hits(door, pair[0].live, **asked)}
    assert left == set(ENTRIES) - gone
    assert all(hits(door, pair[1].live, **asked) for asked in theirs.values())
    for name, asked in mine.items():
        stored = door.store(pair[0].live, original_request=asked["original_request"],
                            **{**ENTRIES[name], "model": "x"})  # fmt: skip
        assert stored.status == (201 if name in gone else 200), name
        assert hits(door, pair[0].live, **asked)


def test_test_mode_and_live_mode_are_purged_apart(door, pair):
    partner = pair[0]
    for key in (partner.live, partner.test):
        door.store(key, cache_key="k")

    purge(door, partner.test, all=True)

    assert (hits(door, partner.live, cache_key="k"), hits(door, partner.test, cache_key="k")) == (
        True, False,
    )  # fmt: skip


def test_a_customers_key_purges_that_customer_only(door, pair):
    partner = pair[0]
    for customer in ("acme", "globex"):
        door.store(partner.live, cache_key="k", customer_id=customer)

    foreign = purge(door, partner.acme, customer_id="globex")
    own = purge(door, partner.acme, all=True)

    assert (foreign.status, foreign.json["code"]) == (403, "customer-forbidden")
    assert own.json["selectors"] == {"customer_id": "acme"}
    assert not hits(door, partner.live, cache_key="k", customer_id="acme")
    assert hits(door, partner.live, cache_key="k", customer_id="globex")
    assert status(door, partner.acme, own.json["purge_id"]).status == 200
    other = purge(door, partner.live, model="m").json["purge_id"]
    assert status(door, partner.acme, other).status == 404


def test_purging_by_key_deletes_alias_and_entry(door, cast, pair):
    key, neighbour = pair[0].live, pair[1].live
    request = fresh()
    by_request = {"original_request": request}
    before = set(cast.cache.keys())
    door.store(key, cache_key="mine", **by_request)
    door.store(key, cache_key="alone")
    ours = set(cast.cache.keys()) - before
    for some in ({"cache_key": "mine"}, by_request, {"cache_key": "alone"}):
        door.store(neighbour, **some)

    dry = purge(door, key, cache_keys=["mine", "alone", "nothing"], dry_run=True)
    assert (dry.status, dry.json["matches"]) == (200, 2)
    there = [door.lookup(key, cache_key=one).json["entry"] for one in ("alone", "mine")]
    assert sorted(dry.json["entries"], key=str) == sorted(there, key=str)
    assert hits(door, key, cache_key="mine")
    answer = purge(door, key, cache_keys=["mine", "alone", "nothing"])

    assert (answer.status, answer.json["removed"]) == (202, 2)
    assert not ours & set(cast.cache.keys())
    for some in ({"cache_key": "mine"}, by_request, {"cache_key": "alone"}):
        assert not hits(door, key, **some)
        assert hits(door, neighbour, **some)
    assert purge(door, key, cache_key="mine").json["removed"] == 0
    assert purge(door, key, cache_key="mine", dry_run=True).json["entries"] == []


def test_a_dry_run_by_key_tells_one_entry_from_the_next_and_from_an_expired_one(door, pair):
    key = pair[0].live
    door.store(key, '"one"', cache_key="k", max_stale=60)

    def named():
        return purge(door, key, cache_key="k", dry_run=True).json["entries"]

    first = named()
    assert first == named() == [door.lookup(key, cache_key="k").json["entry"]]
    purge(door, key, cache_key="k", mode="soft")
    assert [(one["id"], one["created_at"]) for one in named()] == [
        (one["id"], one["created_at"]) for one in first
    ]
    assert named() != first
    purge(door, key, cache_key="k")
    assert named() == []
    assert wait_for(lambda: door.store(key, '"two"', cache_key="k").status == 201)
    second = named()
    assert [one["id"] for one in second] == [one["id"] for one in first] and second != first


def test_purging_by_request_or_digest(door, pair):
    key = pair[0].live
    one, two = fresh(), fresh()
    door.store(key, original_request=one, customer_id="acme")
    digest = door.store(key, original_request=two).json["cache_key"]

    elsewhere = purge(door, key, original_request=one)  # of the default customer
    there = purge(door, key, original_request=one, customer_id="acme")
    by_digest = purge(door, key, cache_key=digest)

    assert [one.json["removed"] for one in (elsewhere, there, by_digest)] == [0, 1, 1]
    assert not hits(door, key, original_request=one, customer_id="acme")
    assert not hits(door, key, original_request=two)


def test_a_dry_run_changes_nothing(door, cast, pair):
    key = pair[0].live
    door.store(key, cache_key="k")

    dry = purge(door, key, model="gpt-4", dry_run=True)

    assert (dry.status, dry.json["matches"]) == (200, None)
    assert dry.json["selectors"] == {"model": "gpt-4"}
    assert "purge_id" not in dry.json
    assert cast.events.get(f"snap:purges:{pair[0].partner_id}") is None


def test_older_than_spares_what_is_younger(door, pair):
    key = pair[0].live
    door.store(key, cache_key="old")
    time.sleep(2.1)
    door.store(key, cache_key="new")

    assert purge(door, key, older_than_s=1).status == 202

    assert (hits(door, key, cache_key="old"), hits(door, key, cache_key="new")) == (False, True)


@pytest.mark.parametrize("selector", [{"all": True}, {"cache_key": "k"}])
def test_a_softly_purged_entry_is_served_stale_to_whoever_asks_for_that(door, pair, selector):
    key = pair[0].live
    for name in ("k", "hard"):
        door.store(key, cache_key=name, max_stale=60)
    door.store(key, cache_key="short", max_stale=0)

    assert purge(door, key, mode="soft", **selector).status == 202

    plain = door.lookup(key, cache_key="k").json
    stale = door.lookup(key, cache_key="k", allow_stale=True)
    assert (plain["hit"], plain["reason"]) == (False, "expired")
    assert (stale.json["hit"], stale.json["status"]) == (True, "stale")
    assert slice_of(stale) == REPLY.encode()
    if "all" in selector:
        assert not hits(door, key, cache_key="short", allow_stale=True)
    purge(door, key, all=True)
    assert not hits(door, key, cache_key="k", allow_stale=True)


def test_a_purge_is_complete_when_every_process_knows_it(door, cast, pair):
    key, neighbour = pair[0].live, pair[1].live
    door.store(key, cache_key="k")

    told = purge(door, key, tag="x").json
    first = status(door, key, told["purge_id"])

    assert first.status == 200
    assert first.json["seq"] == told["seq"] == 1
    assert first.json["selectors"] == {"tags": ["x"]}
    assert status(door, neighbour, told["purge_id"]).status == 404
    assert status(door, key, uuid.uuid4()).status == 404
    assert status(door, key, "not-an-id").status == 404
    assert wait_for(lambda: status(door, key, told["purge_id"]).json["status"] == "complete")
    done = status(door, key, told["purge_id"]).json
    assert {one["region"] for one in done["regions"]} == {"test-1"}
    states = {p["door"]: p for one in done["regions"] for p in one["processes"]}
    assert states[door.name]["state"] == "seen"
    assert states[door.name]["ms"] < 5_000


def test_the_other_door_serves_nothing_purged_once_it_is_complete(edge_door, web_door, pair):
    key = pair[0].live
    for one in (edge_door, web_door):
        one.store(key, cache_key="k")
        assert hits(one, key, cache_key="k")

    told = purge(edge_door, key, all=True).json

    def is_complete():
        hits(web_door, key, cache_key="k")  # an idle process need not hear of anything
        return status(edge_door, key, told["purge_id"]).json["status"] == "complete"

    assert wait_for(is_complete)

    assert not hits(web_door, key, cache_key="k")
    assert not hits(edge_door, key, cache_key="k")


def test_what_was_asked_before_a_purge_is_dead_when_it_is_stored_after(door, pair):
    key = pair[0].live
    request = fresh()
    leader = door.lookup(key, original_request=request, lease=True).json["lease"]

    purge(door, key, model="gpt-4")
    stored = door.store(key, original_request=request, lease_id=leader["id"])

    assert stored.status == 201
    assert not hits(door, key, original_request=request)
    door.store(key, '"newer"', original_request=request)
    assert hits(door, key, original_request=request)


def test_too_many_floors_become_one_for_everything(edge_door, cast, pair):
    key = pair[0].live
    edge_door.store(key, cache_key="k")
    tags = [[f"{n}-{m}" for m in range(16)] for n in range(purging.MAX_FLOORS // 16)]
    for some in tags:
        assert purge(edge_door, key, tags=some).status == 202
    assert hits(edge_door, key, cache_key="k")
    fact = f"snap:purges:{pair[0].partner_id}"
    assert len(json.loads(cast.events.get(fact))["floors"]) == 16 * len(tags)

    purge(edge_door, key, tags=[f"more-{n}" for n in range(16)])

    floors = json.loads(cast.events.get(fact))["floors"]
    assert set(floors) == {"live|hard|plain", "test|hard|plain"}
    assert not hits(edge_door, key, cache_key="k")


def test_keys_do_not_crowd_out_other_floors(edge_door, cast, pair):
    key = pair[0].live
    purge(edge_door, key, tag="kept")
    for start in range(0, 300, 100):
        purge(edge_door, key, cache_keys=[f"k{n}" for n in range(start, start + 100)])

    assert len(floors_of(cast, pair[0])) == 1 + 300  # while they are young
    age(cast, pair[0])
    purge(edge_door, key, cache_key="one more")

    floors = floors_of(cast, pair[0])
    assert "live|hard|plain|tag=kept" in floors
    assert len(floors) == 1 + purging.MAX_KEY_FLOORS


def floors_of(cast, partner):
    return json.loads(cast.events.get(f"snap:purges:{partner.partner_id}"))["floors"]


def age(cast, partner, by_ms=10 * purging.YOUNG_MS):
    """Let all purges of a partner have been made earlier."""
    name = f"purges:{partner.partner_id}"
    for floor, text in cast.events.hgetall(name).items():
        if floor != b"seq":
            seq, at_ms, cutoff, ends = map(int, text.split())
            cast.events.hset(name, floor, f"{seq} {at_ms - by_ms} {cutoff} {ends - by_ms}")


def test_a_copy_that_lands_long_after_its_purge_by_key_is_dead(door, cast, pair):
    key, neighbour = pair[0].live, pair[1].live
    before = set(cast.cache.keys("c1:*"))
    door.store(key, cache_key="k")
    (name,) = set(cast.cache.keys("c1:*")) - before
    sealed = cast.cache.get(name)
    door.store(neighbour, cache_key="k")

    purge(door, key, cache_key="k")
    age(cast, pair[0])
    purge(door, key, model="whatever makes all floors be looked at again")
    cast.cache.set(name, sealed, ex=600)  # a store or a promotion that was held up for so long

    assert not hits(door, key, cache_key="k")
    assert hits(door, neighbour, cache_key="k")
    door.store(key, '"newer"', cache_key="k")
    assert door.lookup(key, cache_key="k").json["response"] == "newer"


BAD = {
    "nothing": ({}, ""),
    "only a mode": ({"mode": "soft"}, ""),
    "a misspelt selector": ({"customer_id": "acme", "tagg": "x"}, "/tagg"),
    "all beside another": ({"all": True, "tag": "x"}, "/all"),
    "all false": ({"all": False}, "/all"),
    "a key beside a tag": ({"cache_key": "k", "tag": "x"}, "/tag"),
    "an age below zero": ({"older_than_s": -1}, "/older_than_s"),
    "an age in words": ({"older_than_s": "1h"}, "/older_than_s"),
    "an unknown mode": ({"all": True, "mode": "medium"}, "/mode"),
    "a mode that is a list": ({"all": True, "mode": []}, "/mode"),
    "a dry run in words": ({"all": True, "dry_run": "yes"}, "/dry_run"),
    "no tags": ({"tags": []}, "/tags"),
    "tags a number": ({"tags": 5}, "/tags"),
    "too many tags": ({"tags": [str(n) for n in range(17)]}, "/tags"),
    "no keys": ({"cache_keys": []}, "/cache_keys"),
    "too many keys": ({"cache_keys": [str(n) for n in range(101)]}, "/cache_keys"),
    "a key that is a number": ({"cache_keys": ["a", 5]}, "/cache_keys"),
    "keys in a text": ({"cache_keys": "abc"}, "/cache_keys"),
    "an empty model": ({"model": ""}, "/model"),
    "a long customer": ({"customer_id": "x" * 201}, "/customer_id"),
    "a namespace with NUL": ({"namespace": "\0"}, "/namespace"),
    "no request": ({"original_request": "x"}, "/original_request"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_an_unusable_purge_names_the_member_and_purges_nothing(door, cast, pair, bad):
    members, pointer = BAD[bad]

    answer = purge(door, pair[0].live, **members)

    assert (answer.status, answer.content_type) == (400, "application/problem+json")
    assert answer.json["errors"][0]["pointer"] == pointer
    assert cast.events.get(f"snap:purges:{pair[0].partner_id}") is None


def test_purging_needs_a_key_and_the_right_method(door, pair):
    assert purge(door, "x", all=True).status == 401
    assert door.call("GET", PURGE).status == 405
    assert door.call("POST", f"/api/overflow/purges/{uuid.uuid4()}").status == 405
    assert status(door, pair[0].live[:-1] + "!", uuid.uuid4()).status == 401


@pytest.mark.parametrize("which", ["cache", "events"])
def test_a_purge_that_is_not_durable_is_not_acknowledged(own_valkeys, tmp_path, which):
    cast = own_valkeys.cast()
    edge = own_valkeys.edge(tmp_path / "edge")
    edge.store(cast.redis.live, cache_key="k")
    server = getattr(own_valkeys, which)
    server.child.kill()

    for members in ({"all": True}, {"cache_key": "k"}):
        answer = purge(edge, cast.redis.live, **members)
        assert (answer.status, answer.json["code"]) == (503, "overloaded")
        assert answer.headers["retry-after"] == "1"

    server.restart()
    assert wait_for(lambda: purge(edge, cast.redis.live, all=True).status == 202)
    assert not hits(edge, cast.redis.live, cache_key="k")
    edge.stop(signal.SIGKILL)


def test_floors_outlive_a_killed_events_store(own_valkeys, tmp_path):
    cast = own_valkeys.cast()
    edge = own_valkeys.edge(tmp_path / "edge")
    for partner in (cast.redis, cast.pinecone):
        edge.store(partner.live, cache_key="k")
    assert purge(edge, cast.redis.live, tag="no", dry_run=True).status == 200
    assert purge(edge, cast.redis.live, model="").status == 400
    edge.store(cast.redis.live, original_request=CHAT)
    assert purge(edge, cast.redis.live, model="gpt-4").status == 202
    edge.stop(signal.SIGKILL)
    own_valkeys.events.child.kill()
    own_valkeys.events.restart()

    again = own_valkeys.edge(tmp_path / "again")

    assert not hits(again, cast.redis.live, original_request=CHAT)
    assert hits(again, cast.redis.live, cache_key="k")
    assert hits(again, cast.pinecone.live, cache_key="k")
    again.stop(signal.SIGKILL)


def test_a_process_that_cannot_hear_of_purges_asks_the_cache_store(own_valkeys, tmp_path):
    """One edge is cut off from the events store; another purges meanwhile."""
    cast = own_valkeys.cast()
    other = own_valkeys.edge(tmp_path / "other")
    relay = Relay(own_valkeys.events.port)
    url = own_valkeys.events.url().replace(f":{own_valkeys.events.port}", f":{relay.port}")
    cut = own_valkeys.edge(tmp_path / "cut", events_url=url)
    for partner in (cast.redis, cast.pinecone):
        cut.store(partner.live, cache_key="k")
        assert hits(cut, partner.live, cache_key="k")
    relay.cut()

    assert wait_for(lambda: hits(cut, cast.redis.live, cache_key="k"))
    told = purge(other, cast.redis.live, tag="anything").json
    began = time.monotonic()
    assert wait_for(
        lambda: status(other, cast.redis.live, told["purge_id"]).json["status"] == "complete"
    )

    assert time.monotonic() - began > 2
    after = cut.lookup(cast.redis.live, cache_key="k").json
    assert (after["hit"], after["reason"]) == (False, "purged")
    assert hits(cut, cast.pinecone.live, cache_key="k")  # who purged nothing is still served
    for door in (cut, other):
        door.stop(signal.SIGKILL)


def test_a_killed_process_holds_a_purge_up_for_its_lease_only(own_valkeys, tmp_path):
    cast = own_valkeys.cast()
    edge = own_valkeys.edge(tmp_path / "edge")
    dead = own_valkeys.edge(tmp_path / "dead")
    hits(dead, cast.redis.live, cache_key="k")
    os.kill(dead.process.pid, signal.SIGKILL)

    told = purge(edge, cast.redis.live, all=True).json
    pending = status(edge, cast.redis.live, told["purge_id"]).json

    assert pending["status"] == "pending"
    assert wait_for(
        lambda: status(edge, cast.redis.live, told["purge_id"]).json["status"] == "complete"
    )
    done = status(edge, cast.redis.live, told["purge_id"]).json
    states = sorted(p["state"] for one in done["regions"] for p in one["processes"])
    assert states == ["lease_expired", "seen"]
    assert done["age_ms"] >= 6_000
    edge.stop(signal.SIGKILL)
