"""Limits, quotas and suspensions over TCP, at both doors, live and test mode apart."""

import os
import signal
import time
import uuid
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest

from tests.cache_api.doors import CHAT


def asked(door, key, count, **members):
    """The answers to so many lookups in a row."""
    return [door.lookup(key, cache_key="k", **members) for _ in range(count)]


def test_a_key_that_asks_too_often_is_told_when_to_come_back(door, cast):
    partner = cast.open(f"limited-{door.name}", limits={"key_rps": 1, "key_burst": 3})

    answers = asked(door, partner.live, 6)
    refused = answers[-1]

    assert [one.status for one in answers[:3]] == [200] * 3
    assert (refused.status, refused.content_type) == (429, "application/problem+json")
    told = refused.json
    assert (told["code"], told["reason"], told["retryable"]) == ("rate-limited", "key", True)
    assert told["type"] == "/problems/rate-limited"
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["ratelimit-policy"] == '"key";q=3;w=3'
    assert refused.headers["ratelimit"].startswith('"key";r=0;t=')
    assert answers[0].headers["ratelimit-policy"] == '"key";q=3;w=3'
    assert answers[0].headers["ratelimit"] == '"key";r=2;t=1'
    time.sleep(int(refused.headers["retry-after"]) + 0.2)
    assert door.lookup(partner.live, cache_key="k").status == 200


def test_stores_and_refused_bodies_count_as_well(door, cast):
    partner = cast.open(f"counted-{door.name}", limits={"key_rps": 0.01, "key_burst": 3})

    assert door.store(partner.live, cache_key="k").status == 201
    bad = door.post("/api/overflow", b"not json", partner.live)
    assert (bad.status, bad.headers["ratelimit"]) == (400, '"key";r=1;t=200')
    assert door.lookup(partner.live, cache_key="k").json["hit"]
    # Beyond the limit a body is not even read as JSON.
    assert door.post("/api/overflow", b"not json", partner.live).status == 429


def test_neither_another_key_nor_another_partner_nor_the_other_mode_suffers(door, cast):
    limits = {"key_rps": 0.01, "key_burst": 1, "partner_rps": 0.01, "partner_burst": 2}
    mine = cast.open(f"mine-{door.name}", limits=limits)
    theirs = cast.open(f"theirs-{door.name}", limits=limits)

    statuses = {
        name: [one.status for one in asked(door, key, 2)]
        for name, key in (("live", mine.live), ("acme", mine.acme), ("test", mine.test),
                          ("theirs", theirs.live))
    }  # fmt: skip

    assert statuses == {name: [200, 429] for name in ("live", "acme", "test", "theirs")}
    third = door.lookup(cast.key(mine), cache_key="k")
    assert (third.status, third.json["reason"]) == (429, "partner")
    # Test mode has the partner's bucket once more.
    assert door.lookup(cast.key(mine, livemode=False), cache_key="k").status == 200
    assert door.lookup(cast.key(mine, livemode=False), cache_key="k").json["reason"] == "partner"


def test_a_partner_without_limits_is_told_of_none(door, cast):
    assert "ratelimit" not in door.lookup(cast.redis.live, cache_key="k").headers


def test_both_doors_share_one_bucket(edge_door, web_door, cast):
    partner = cast.open("shared", limits={"key_rps": 0.01, "key_burst": 4})

    statuses = [
        door.lookup(partner.live, cache_key="k").status
        for _ in range(3) for door in (edge_door, web_door)
    ]  # fmt: skip

    assert sorted(statuses) == [200] * 4 + [429] * 2


def test_beyond_a_quota_lookups_miss_and_are_metered(door, cast):
    partner = cast.open(f"quota-{door.name}", quotas={"acme": {"day": 2, "month": 100}})
    key = f"key-{uuid.uuid4()}"
    door.store(partner.live, cache_key=key, customer_id="acme")

    answers = [door.lookup(partner.live, cache_key=key, customer_id="acme") for _ in range(3)]
    others = door.store(partner.acme, cache_key=f"{key}-2")

    assert [one.json["hit"] for one in answers] == [True, True, False]
    assert (answers[2].status, answers[2].json["reason"]) == (200, "quota")
    assert answers[2].headers["cache-status"] == "AgentCache; fwd=bypass; detail=quota"
    event = cast.event(answers[2].json["billing"]["event_id"])
    assert (event.kind, event.outcome, event.reason, event.livemode) == (
        "lookup", "miss", "quota", True,
    )  # fmt: skip
    assert others.status == 201
    request = {"original_request": CHAT, "customer_id": "acme"}
    assert door.lookup(partner.live, **request).json["reason"] == "quota"
    # The customer's own key draws on the same quota; test mode and other customers do not.
    assert door.lookup(partner.acme, cache_key=key).json["reason"] == "quota"
    in_test = door.lookup(partner.test, cache_key=key, customer_id="acme").json
    assert in_test["reason"] == "not_found"
    assert door.lookup(partner.live, cache_key=key).json["reason"] == "not_found"


def test_a_hard_quota_refuses(door, cast):
    quotas = {"acme": {"month": 1, "hard": True}}
    partner = cast.open(f"hard-{door.name}", quotas=quotas)

    first, second = asked(door, partner.acme, 2)

    assert (first.status, second.status) == (200, 429)
    assert (second.json["code"], second.json["reason"]) == ("quota-exceeded", "month")
    assert 0 < int(second.headers["retry-after"]) <= 31 * 86_400


@pytest.mark.parametrize("mode", ["live", "test"])
def test_a_suspended_partner_is_refused_in_either_mode(door, cast, mode):
    answer = door.lookup(getattr(cast.suspended, mode), cache_key="k")

    assert (answer.status, answer.json["code"]) == (403, "partner-suspended")


@pytest.mark.parametrize("mode", ["live", "test"])
@pytest.mark.parametrize("verb", ["lookup", "store"])
def test_a_suspended_customer_is_refused_in_either_mode(door, cast, mode, verb):
    key = getattr(cast.strict, mode)
    ask = getattr(door, verb)

    frozen = ask(key, cache_key="k", customer_id="frozen")
    known = ask(key, cache_key=f"k-{uuid.uuid4()}", customer_id="known")

    assert (frozen.status, frozen.json["code"]) == (403, "customer-suspended")
    assert frozen.json["errors"][0]["pointer"] == "/customer_id"
    assert known.status in (200, 201)


def test_without_its_servers_the_edge_goes_on_with_buckets_of_its_own(own_valkeys, tmp_path):
    cast = own_valkeys.cast()
    limits = {"key_rps": 1, "key_burst": 5}
    partner = cast.open("alone", limits=limits, quotas={"acme": {"day": 3}})
    door = own_valkeys.edge(tmp_path / "edge")
    try:
        assert door.lookup(partner.live, cache_key="k").status == 200
        own_valkeys.cache.child.kill()

        statuses = [one.status for one in asked(door, partner.live, 15)]

        assert statuses.count(200) >= 5
        assert 429 in statuses
        assert set(statuses) == {200, 429}
    finally:
        door.stop()


def test_a_quota_lets_everybody_through_while_it_cannot_be_counted(own_valkeys, tmp_path):
    cast = own_valkeys.cast()
    partner = cast.open("uncounted", quotas={"acme": {"day": 2}})
    door = own_valkeys.edge(tmp_path / "edge")
    try:
        assert asked(door, partner.acme, 1)[0].json["reason"] == "not_found"
        own_valkeys.events.child.kill()

        answers = asked(door, partner.acme, 5)

        assert [one.status for one in answers] == [200] * 5
        assert {one.json["reason"] for one in answers} == {"not_found"}
    finally:
        door.stop()


def test_requests_at_once_are_capped(own_valkeys, tmp_path):
    cast = own_valkeys.cast()
    partner = cast.open("busy", limits={"concurrency": 2})
    door = own_valkeys.edge(tmp_path / "edge", deadline_ms=10_000)
    server = own_valkeys.cache.child.pid
    try:
        assert door.lookup(partner.live, original_request=CHAT).status == 200
        os.kill(server, signal.SIGSTOP)
        with ThreadPoolExecutor(3) as pool:
            waiting = [pool.submit(door.lookup, partner.live, cache_key="k") for _ in range(3)]
            refused = next(as_completed(waiting)).result()
            neighbour = door.lookup("acp_live_nobody", cache_key="k")
            os.kill(server, signal.SIGCONT)
            statuses = [one.result().status for one in waiting]

        assert sorted(statuses) == [200, 200, 429]
        assert (refused.json["reason"], refused.headers["retry-after"]) == ("concurrency", "1")
        assert refused.headers["ratelimit"] == '"concurrency";r=0'
        assert neighbour.status == 401
        assert door.lookup(partner.live, cache_key="k").status == 200
    finally:
        os.kill(server, signal.SIGCONT)
        door.stop()
