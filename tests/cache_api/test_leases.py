"""Of many who miss the same at once, one is told to ask the provider."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from cache_api.hot.leases import LEASE_MS
from tests.cache_api.test_contract import fresh
from tests.patience import wait_for

AT_ONCE = 64


def all_at_once(door, key, **members):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda _: door.lookup(key, **members), range(AT_ONCE)))


def test_of_64_identical_misses_exactly_one_leads(door, cast):
    request = fresh()
    asked = {"original_request": request, "lease": True}

    answers = all_at_once(door, cast.redis.live, **asked)
    neighbours = door.lookup(cast.pinecone.live, **asked).json

    assert {one.status for one in answers} == {200}
    leases = [one.json["lease"] for one in answers]
    (leader,) = [lease for lease in leases if lease["role"] == "leader"]
    followers = [lease for lease in leases if lease["role"] == "follower"]
    assert len(followers) == AT_ONCE - 1
    assert leader["ttl_ms"] == LEASE_MS
    assert all(0 < lease["wait_ms"] <= LEASE_MS for lease in followers)
    assert neighbours["lease"]["role"] == "leader"  # another partner's world
    assert len({one.json["billing"]["event_id"] for one in answers}) == AT_ONCE


def test_without_leases_64_identical_misses_are_just_misses(door, cast):
    answers = all_at_once(door, cast.redis.live, original_request=fresh())

    assert {one.status for one in answers} == {200}
    assert not any(one.json["hit"] or "lease" in one.json for one in answers)


def test_storing_ends_the_lease(door, cast):
    request = fresh()
    asked = {"original_request": request}
    leader = door.lookup(cast.redis.live, lease=True, **asked).json["lease"]
    assert door.lookup(cast.redis.live, lease=True, **asked).json["lease"]["role"] == "follower"

    stored = door.store(cast.redis.live, lease_id=leader["id"], **asked)
    hit = door.lookup(cast.redis.live, lease=True, **asked).json
    door.post("/api/overflow/purge", asked, cast.redis.live)

    assert (stored.status, hit["hit"], "lease" in hit) == (201, True, False)
    assert door.lookup(cast.redis.live, lease=True, **asked).json["lease"]["role"] == "leader"


def test_somebody_elses_lease_is_not_ended(door, cast):
    request = fresh()
    asked = {"original_request": request}
    door.lookup(cast.redis.live, lease=True, **asked)
    foreign = "0-" + "a" * 24

    door.store(cast.redis.live, '"x"', lease_id=foreign, **asked)
    door.post("/api/overflow/purge", asked, cast.redis.live)

    assert door.lookup(cast.redis.live, lease=True, **asked).json["lease"]["role"] == "follower"


def test_a_lease_blocks_nobody_and_ends_by_itself(door, cast):
    request = fresh()
    asked = {"original_request": request}
    before = set(cast.cache.keys())
    door.lookup(cast.redis.live, lease=True, **asked)
    (lease,) = set(cast.cache.keys()) - before

    assert door.store(cast.redis.live, **asked).status == 201  # a follower that did not wait
    assert 0 < cast.cache.pttl(lease) <= LEASE_MS
    door.post("/api/overflow/purge", asked, cast.redis.live)
    cast.cache.pexpire(lease, 1)
    assert wait_for(
        lambda: door.lookup(cast.redis.live, lease=True, **asked).json["lease"]["role"] == "leader"
    )


@pytest.mark.parametrize("lease", ["yes", 1, [], {}])
def test_lease_must_be_true_or_false(door, cast, lease):
    answer = door.lookup(cast.redis.live, cache_key="k", lease=lease)

    assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, "/lease")


@pytest.mark.parametrize("lease_id", ["", "x", 5, [], "0-" + "a" * 23, "é" * 26, "0-" + "a" * 2400])
def test_a_lease_id_that_none_gave_is_refused(door, cast, lease_id):
    answer = door.store(cast.redis.live, cache_key="k", lease_id=lease_id)

    assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, "/lease_id")


def test_without_a_cache_store_there_is_no_lease(own_valkeys, tmp_path):
    cast = own_valkeys.cast()
    edge = own_valkeys.edge(tmp_path / "edge", 100)
    edge.lookup(cast.redis.live, cache_key="k")
    own_valkeys.cache.child.kill()

    told = edge.lookup(cast.redis.live, cache_key="k", lease=True).json

    assert (told["hit"], told["reason"], "lease" in told) == (False, "unavailable", False)
    edge.stop()
