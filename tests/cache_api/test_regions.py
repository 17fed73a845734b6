"""Three regions on one machine: what one stores the others serve, and what if one is cut off."""

import json
import os
import signal
import time

import pytest
import redis
from django.utils import timezone

from cache_api.actions.drain_stream import StreamReader, drain_stream
from cache_api.gateways.stream import EventStream
from cache_api.metering.models import UsageEvent
from cache_api.rules.events import STREAM, decode
from portal.servers import ports
from tests.cache_api import doors
from tests.cache_api.conftest import Valkeys
from tests.cache_api.test_contract import slice_of
from tests.patience import wait_for

NAMES = ("eu", "us", "ap")
PURGE = "/api/overflow/purge"
# What a request waits for anything, and what a loaded machine may make of that.
DEADLINE_MS, PROMPT_S = 1_000, 12.0


class Region:
    """Two Valkeys and an edge."""

    def __init__(self, name, pair):
        self.name, self.pair = name, pair
        self.cache = redis.Redis.from_url(pair.cache.url())
        self.events = redis.Redis.from_url(pair.events.url())

    def signal(self, number):
        for server in (self.pair.cache, self.pair.events):
            os.kill(server.child.pid, number)


class World:
    """The regions by name, the home first, and a cast that all of them know."""

    def __init__(self, folder):
        self.regions = {name: Region(name, Valkeys(folder / name)) for name in NAMES}
        self.home = self.regions["eu"]
        self.cast = self.home.pair.cast()
        environ = {"REGIONS": ",".join(NAMES), "REGION_DEADLINE_MS": str(DEADLINE_MS)}
        self.publish()
        (folder / "data").mkdir()
        for name, region in self.regions.items():
            urls = {f"{kind}_{one.upper()}": url
                    for one in NAMES for kind, url in self.urls(name, one).items()}  # fmt: skip
            region.edge = doors.edge(
                folder / "data", ports.pick(), cache_url=urls["CACHE_URL_EU"],
                events_url=urls["EVENTS_URL_EU"], deadline_ms=DEADLINE_MS,
                kek_file=self.home.pair.kek_file, **environ | urls | {"REGION": name},
            )  # fmt: skip
        for region in self.regions.values():
            region.edge.wait()
        assert wait_for(lambda: all(r.cache.exists("h1:home") for r in self.regions.values()))

    def urls(self, where, name):
        """How the edge of region `where` reaches the servers of region `name`."""
        pair = self.regions[name].pair
        return {"CACHE_URL": pair.cache.url(), "EVENTS_URL": pair.events.url()}

    def others(self):
        return [self.regions[name] for name in NAMES[1:]]

    def publish(self):
        """What the recorder does for every region."""
        names = [name for name in self.home.events.keys("snap:*") if b":purges:" not in name]
        for region in self.others():
            for name in names:
                region.events.set(name, self.home.events.get(name))

    def stop(self):
        for region in self.regions.values():
            region.edge.stop(signal.SIGKILL)
            region.pair.stop()


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """For tests that leave the servers alone."""
    world = World(tmp_path_factory.mktemp("regions"))
    yield world
    world.stop()


@pytest.fixture
def own(tmp_path):
    world = World(tmp_path)
    yield world
    world.stop()


@pytest.fixture
def eu(quiet):
    return quiet.regions["eu"].edge


@pytest.fixture
def us(quiet):
    return quiet.regions["us"].edge


def hit(edge, key, **members):
    """The response, or None for a miss."""
    answer = edge.lookup(key, **members)
    assert answer.status == 200
    return answer.json["response"]


def test_what_one_region_stores_another_serves(quiet, eu, us, capsys):
    key, request = quiet.cast.redis.live, {"provider": "openai", "model": "gpt-4", "messages": [1]}
    stored = eu.store(key, cache_key="shared", original_request=request, ttl=600).json

    assert wait_for(lambda: hit(us, key, original_request=request))
    by_request = us.lookup(key, original_request=request)
    by_key = us.lookup(key, cache_key="shared")

    assert slice_of(by_request) == slice_of(by_key) == slice_of(eu.lookup(key, cache_key="shared"))
    assert by_request.json["entry"]["expires_at"] == stored["expires_at"]
    assert by_request.json["region"] == "us"
    told = [event.reason for event in events_of(quiet.regions["us"]) if event.outcome == "hit"]
    assert told[0] == "region" and "" in told  # once from afar, then from its own memory
    assert hit(us, quiet.cast.pinecone.live, cache_key="shared") is None
    lags = lambda: beats(quiet.regions["eu"])[0]["lags_us"]  # noqa: E731
    assert wait_for(lambda: {"us", "ap"} <= set(lags()))
    lately = lambda: beats(quiet.regions["us"])[0]["lately"]  # noqa: E731
    assert wait_for(lambda: lately().get("hit:region", 0) >= 1 and lately().get("hit", 0) >= 1)
    told = eu.call("GET", "/api/overflow/health").json["regions"]
    assert {name: one["status"] for name, one in told.items()} == {"us": "ok", "ap": "ok"}
    assert all(0 < one["lag_ms"] < 5_000 for one in told.values())
    with capsys.disabled():
        print(f"\nindex lag from eu: {lags()} µs")


def events_of(region):
    page = EventStream(region.pair.events.url()).read_after(STREAM, "0-0", 1_000_000)
    return [decode(payload) for _, payload in page.entries]


def beats(region):
    return [json.loads(raw) for raw in region.events.hvals("usage:heartbeats")]


def test_the_newest_version_wins_everywhere(quiet, eu, us):
    key = quiet.cast.redis.live
    eu.store(key, '"first"', cache_key="lww")
    assert wait_for(lambda: hit(us, key, cache_key="lww") == "first")

    us.store(key, '"second"', cache_key="lww")
    assert wait_for(lambda: hit(eu, key, cache_key="lww") == "second")
    eu.store(key, '"first"', cache_key="lww")  # the same as eu's old copy, but newer

    assert wait_for(lambda: hit(us, key, cache_key="lww") == "first")
    assert hit(eu, key, cache_key="lww") == "first"


def test_entries_of_resident_customers_stay(quiet, eu, us):
    pinned = quiet.cast.open("pinned", resident=["acme"])
    quiet.publish()
    for customer in ("acme", "other"):
        eu.store(pinned.live, f'"{customer}"', cache_key="r", customer_id=customer)

    found = lambda edge, who: hit(edge, pinned.live, cache_key="r", customer_id=who)  # noqa: E731
    assert wait_for(lambda: found(us, "other") == "other")
    for _ in range(20):
        assert (found(eu, "acme"), found(us, "acme")) == ("acme", None)


def test_what_is_asked_for_often_is_there_before_anybody_asks(quiet, eu, us):
    key, ap = quiet.cast.redis.live, quiet.regions["ap"]
    eu.store(key, '"hot"', cache_key="hot")
    before = set(ap.cache.keys("c1:*"))

    for _ in range(9):
        assert hit(eu, key, cache_key="hot") == "hot"

    assert wait_for(lambda: len(set(ap.cache.keys("c1:*")) - before) == 1)
    answer = ap.edge.lookup(key, cache_key="hot").json
    (told,) = [one for one in events_of(ap) if str(one.event_id) == answer["billing"]["event_id"]]
    assert (answer["response"], told.reason) == ("hot", "")


@pytest.mark.parametrize("where", ["eu", "us"])
def test_a_purge_reaches_every_region_and_is_complete_when_all_know(quiet, where):
    key, edges = quiet.cast.redis.live, [one.edge for one in quiet.regions.values()]
    for name in ("by-key", "by-model"):
        edges[0].store(key, '"x"', cache_key=name, original_request=request_of(f"m-{where}-{name}"))
        assert wait_for(lambda: all(hit(e, key, cache_key=name) for e in edges))  # noqa: B023
    edge = quiet.regions[where].edge

    purged = [edge.post(PURGE, {"cache_key": "by-key"}, key),
              edge.post(PURGE, {"model": f"m-{where}-by-model"}, key)]  # fmt: skip

    assert [one.status for one in purged] == [202, 202]
    for one in purged:
        status = wait_complete(edge, key, one, busy=edges)
        assert [region["region"] for region in status["regions"]] == sorted(NAMES)
        assert {region["state"] for region in status["regions"]} == {"seen"}
    for name in ("by-key", "by-model"):
        request = request_of(f"m-{where}-{name}")
        assert [hit(one, key, cache_key=name) for one in edges] == [None] * 3
        assert [hit(one, key, original_request=request) for one in edges] == [None] * 3


def request_of(model):
    return {"provider": "openai", "model": model, "messages": []}


def status_of(edge, key, purged):
    return edge.call("GET", purged.headers["location"],
                     headers={"authorization": f"Bearer {key}"}).json  # fmt: skip


def wait_complete(edge, key, purged, busy=()):
    """`busy`: edges that are asked meanwhile, since an idle one need not hear of anything."""

    def is_complete():
        for one in busy:
            one.lookup(key, cache_key="anything")
        return status_of(edge, key, purged)["status"] == "complete"

    assert wait_for(is_complete)
    return status_of(edge, key, purged)


def test_one_region_cut_off_the_others_go_on(own, database, partners):
    key = own.cast.open("redis-too", partner_id=partners.redis.pk).live
    own.publish()
    eu, us, ap = (own.regions[name].edge for name in NAMES)
    us.store(key, '"of us"', cache_key="us")
    eu.store(key, '"of eu"', cache_key="eu")
    assert wait_for(lambda: hit(ap, key, cache_key="eu") == "of eu")
    assert wait_for(lambda: hit(us, key, cache_key="us") == "of us")

    own.regions["us"].signal(signal.SIGSTOP)
    time.sleep(0.1)
    lost = [promptly(us, key, cache_key="us") for _ in range(5)]  # its Valkeys are stuck
    for _ in range(10):
        assert promptly(eu, key, cache_key="eu").json["response"] == "of eu"
        assert promptly(ap, key, cache_key="eu").json["response"] == "of eu"
        assert promptly(ap, key, cache_key="us").json["response"] is None  # only us has it
        assert eu.store(key, '"later"', cache_key="later").status in {200, 201}
    recorded = drain(own, database, without="us")
    assert ids_of(lost) & recorded == set()

    own.regions["us"].signal(signal.SIGCONT)

    assert wait_for(lambda: hit(us, key, cache_key="eu") == "of eu")
    assert wait_for(lambda: ids_of(lost) <= set(in_stream(own.regions["us"])))
    recorded = drain(own, database)
    assert ids_of(lost) <= recorded
    again = drain(own, database)
    assert again == recorded and len(rows()) == len(recorded)


def promptly(edge, key, **members):
    began = time.monotonic()
    answer = edge.lookup(key, **members)
    assert (answer.status, time.monotonic() - began < PROMPT_S) == (200, True)
    return answer


def ids_of(answers):
    return {answer.json["billing"]["event_id"] for answer in answers}


def in_stream(region):
    return [str(event.event_id) for event in events_of(region)]


def rows():
    return [str(event_id) for event_id in UsageEvent.objects.values_list("event_id", flat=True)]


def drain(world, database, without=""):
    """Record every region's stream; the ids of all recorded events."""
    database.login("recorder")
    for name, region in world.regions.items():
        if name != without:
            reader = StreamReader(EventStream(region.pair.events.url()), STREAM)
            while drain_stream(reader=reader, now=timezone.now()).more:
                pass
            reader.close()
    return set(rows())


def test_nothing_purged_is_served_after_complete_though_a_region_was_cut_off(own):
    key, lax = own.cast.redis.live, own.cast.open("lax", strict_purge=False).live
    own.publish()
    eu, us = own.regions["eu"].edge, own.regions["us"].edge
    for one in (key, lax):
        eu.store(one, '"x"', cache_key="k")
        assert wait_for(lambda: hit(us, one, cache_key="k") == "x")  # noqa: B023
    home_events = own.regions["eu"].pair.events.child.pid

    # The home's durable store alone: us is well, but hears of no purge.
    os.kill(home_events, signal.SIGSTOP)
    assert wait_for(lambda: us.lookup(key, cache_key="k").json.get("reason") == "cut_off")
    assert hit(us, lax, cache_key="k") == "x"  # this partner would rather have an old answer
    assert us.post(PURGE, {"cache_key": "other"}, key).status == 503  # and none can be made
    os.kill(home_events, signal.SIGCONT)
    assert wait_for(lambda: hit(us, key, cache_key="k") == "x")

    # The other way round: us's servers do not hear of the purge that the home makes.
    own.regions["us"].signal(signal.SIGSTOP)
    purged = eu.post(PURGE, {"cache_key": "k"}, key)
    assert status_of(eu, key, purged)["status"] == "pending"
    wait_complete(eu, key, purged)
    own.regions["us"].signal(signal.SIGCONT)
    served = [us.lookup(key, cache_key="k").json["response"] for _ in range(40)]

    assert set(served) == {None}
    assert wait_for(lambda: us.lookup(key, cache_key="k").json["reason"] == "not_found")
