"""One partner floods a small memory: what its neighbour loses, with and without a budget."""

import random
import signal
import time
import uuid

import pytest

from cache_api.gateways.rooms import WINDOW_MS, Rooms
from cache_api.gateways.valkey_sync import SyncLane
from cache_api.hot.site import OVERHEAD, Site
from cache_api.hot.snapshot import Snapshot
from tests.cache_api.conftest import Valkeys
from tests.cache_api.test_tier import Web, text
from tests.patience import wait_for

KEYS, LOOKUPS, SIZE = 150, 800, 32_000


@pytest.fixture
def small(tmp_path):
    pair = Valkeys(tmp_path / "servers", maxmemory="10mb")
    yield pair
    pair.stop()


def hit_rate(web, key, flood=None):
    """Of a client that stores what it missed; the same requests in every run."""
    dice, hits, refused = random.Random(7), 0, 0
    bodies = [text(n, SIZE) for n in range(KEYS)]
    for turn in range(LOOKUPS):
        n = min(int(dice.paretovariate(0.4)), KEYS) - 1
        if web.lookup(key, cache_key=f"n{n}").json["hit"]:
            hits += 1
        else:
            assert web.store(key, bodies[n], cache_key=f"n{n}").status == 201
        for part in "abc" if flood is not None else "":
            status = web.store(flood, bodies[turn % KEYS], cache_key=f"flood {turn}{part}").status
            refused += status == 429
    return hits / LOOKUPS, refused


def crowd(cast):
    """Fill memory to the mark from which budgets count, with nobody's values."""
    for n in range(1_000):
        if cast.cache.info("memory")["used_memory"] > 9_600_000:
            return
        cast.cache.set(f"ballast {n}", b"x" * 60_000)
    raise AssertionError("memory does not fill")


def fresh(small, tmp_path, tier_url=""):
    """An empty memory, a process that knows how large it is, two partners."""
    cast = small.cast()
    cast.cache.flushall()
    web = Web(small, cast, tmp_path / uuid.uuid4().hex, tier_url)
    assert wait_for(lambda: web.site.memory_share is not None)
    return web, cast


def test_a_flood_costs_the_neighbour_less_than_a_point(small, tmp_path, capsys):
    """Without a second tier, so that what memory loses is lost."""
    web, cast = fresh(small, tmp_path)
    alone, _ = hit_rate(web, cast.redis.live)
    web.stop()

    web, cast = fresh(small, tmp_path)
    beside, refused = hit_rate(web, cast.redis.live, cast.pinecone.live)
    web.stop()

    web, cast = fresh(small, tmp_path)
    limitless = cast.open("limitless", memory_bytes=1 << 40)
    drowned, none_refused = hit_rate(web, cast.redis.live, limitless.live)
    web.stop()

    with capsys.disabled():
        print(f"\nneighbour's hit rate: alone {alone:.1%}, beside a flood {beside:.1%}, "
              f"without a budget {drowned:.1%}")  # fmt: skip
    assert alone - beside < 0.01
    assert alone - drowned > 0.03
    assert refused > 2 * LOOKUPS and none_refused == 0


def test_a_flood_goes_to_the_tier_and_is_served_from_there(small, tmp_path):
    web, cast = fresh(small, tmp_path, (tmp_path / "tier").as_uri())

    _, refused = hit_rate(web, cast.redis.live, cast.pinecone.live)

    assert refused == 0
    assert cast.cache.info("stats")["evicted_keys"] == 0
    last = web.lookup(cast.pinecone.live, cache_key=f"flood {LOOKUPS - 1}c").json
    assert (last["hit"], cast.event(last["billing"]["event_id"]).reason) == (True, "tier")
    web.stop()


def test_what_goes_to_the_tier_replaces_what_memory_had(small, tmp_path, monkeypatch):
    cast = small.cast()
    tight = cast.open("tight", memory_bytes=0)
    web = Web(small, cast, tmp_path / "web", (tmp_path / "tier").as_uri())
    assert wait_for(lambda: web.site.memory_share is not None)
    web.store(tight.live, '"first"', cache_key="k")  # memory is nearly empty: anybody may
    monkeypatch.setattr(Rooms, "_set_memory", lambda *_: None)  # which would find it free again
    web.site.memory_free = 0
    room = web.site.rooms[tight.partner_id]
    room.memory_left = 0

    web.store(tight.live, '"second"', cache_key="k")

    assert web.lookup(tight.live, cache_key="k").json["response"] == "second"
    web.stop()


def test_the_tier_has_its_own_budget(small, tmp_path):
    cast = small.cast()
    tight = cast.open("tight", memory_bytes=0, tier_bytes=100_000)
    edge = small.edge(tmp_path / "edge")
    statuses = []

    def stored():
        body = text(len(statuses), SIZE)
        statuses.append(edge.store(tight.live, body, cache_key=f"k{len(statuses)}").status)
        return statuses[-1]

    crowd(cast)
    assert wait_for(lambda: stored() == 429)
    refused = edge.store(tight.live, '"x"', cache_key="one more")

    assert (refused.json["code"], refused.headers["retry-after"]) == ("over-budget", "1")
    assert edge.store(cast.redis.live, '"x"', cache_key="k").status == 201
    edge.stop(signal.SIGKILL)


@pytest.mark.parametrize(
    ("minutes_into_the_hour", "left"), [(0, 700), (30, 850), (59, 995)]
)  # of 1000: 300 in the hour before, fading out  # fmt: skip
def test_what_was_taken_fades_over_an_hour(small, minutes_into_the_hour, left):
    cast, partner = small.cast(), uuid.uuid4()
    crowd(cast)
    hour = time.time_ns() // 1_000_000 // WINDOW_MS
    cast.cache.hset(f"room:{hour - 1}", partner.hex, 300)
    snapshot = Snapshot(b"k" * 32, Site())
    room = snapshot.site.room(partner, None)
    rooms = Rooms(SyncLane("cache", small.cache.url(), 3.0), snapshot, "here")
    snapshot.absorb(
        [f"snap:partner:{partner}".encode()],
        [f'{{"partner_id":"{partner}","slug":"a","state":"active","memory_bytes":1000}}'.encode()],
        0,
    )

    rooms.share(hour * WINDOW_MS + minutes_into_the_hour * 60_000)

    assert room.memory_left == left


def test_what_was_taken_is_told_once_and_not_lost_while_the_cache_is_away(small):
    cast, partner = small.cast(), uuid.uuid4()
    snapshots = [Snapshot(b"k" * 32, Site()) for _ in range(2)]
    lane = SyncLane("cache", small.cache.url(), 3.0)
    one, other = (Rooms(lane, snapshot, "here") for snapshot in snapshots)
    room = snapshots[0].site.room(partner, None)
    now_ms = 5 * WINDOW_MS
    room.take_memory(1_000)
    room.take_tier(50)
    small.cache.child.kill()
    one.share(now_ms)
    small.cache.restart()
    assert wait_for(lambda: lane.run([(b"PING",)]) is not None)
    room.take_memory(2_000)

    one.share(now_ms)
    one.share(now_ms)
    snapshots[1].site.room(partner, None)
    other.share(now_ms)

    taken = {partner.hex.encode(): b"%d" % (3_000 + 2 * OVERHEAD)}
    assert cast.cache.hgetall("room:5") == taken
    assert cast.cache.hgetall("tier:here:5") == {partner.hex.encode(): b"50"}
    assert cast.cache.pttl("room:5") > WINDOW_MS
