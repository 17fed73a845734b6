"""The second tier on a disk and in S3: what memory forgets is served until it expires."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.request
import uuid

import pytest

from cache_api.gateways.blocking import BlockingService
from cache_api.gateways.config import Config
from cache_api.gateways.sweeper import Sweeper
from cache_api.gateways.tier_store import HEADER, TierStore
from cache_api.gateways.valkey_sync import SyncLane
from cache_api.hot import tier
from cache_api.hot.steps import Asked
from cache_api.hot.verbs import VERBS
from portal.servers import ports
from tests.cache_api.conftest import PATIENT_MS, Valkeys
from tests.cache_api.doors import JSON, Answer
from tests.cache_api.test_contract import slice_of
from tests.patience import wait_for

ENTRIES, SIZE = 120, 120_000
SECRETS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def text(seed, size=SIZE):
    """A JSON string that compresses by half at most."""
    return json.dumps(random.Random(seed).randbytes(size // 2).hex())


class S3:
    """A server of its own process that speaks S3 (moto), with one bucket."""

    def __init__(self, log):
        self.port = ports.pick()
        argv = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(argv, stdout=log, stderr=log)
        self.endpoint = f"http://127.0.0.1:{self.port}"
        make = urllib.request.Request(f"{self.endpoint}/tier", method="PUT")
        assert wait_for(lambda: self._made(make))
        self.url = f"s3://tier/entries?endpoint={self.endpoint}&region=us-east-1"

    def _made(self, request):
        try:
            return urllib.request.urlopen(request, timeout=5).status == 200
        except OSError:
            return False

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def s3(tmp_path, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with (tmp_path / "s3.log").open("ab") as log:
        server = S3(log)
        yield server
        server.stop()


@pytest.fixture(params=["disk", "s3"])
def url(request, tmp_path):
    if request.param == "disk":
        return (tmp_path / "tier").as_uri()
    return request.getfixturevalue("s3").url


@pytest.fixture
def small(tmp_path):
    """A pair whose memory holds about forty of our entries."""
    pair = Valkeys(tmp_path / "servers", maxmemory="4mb")
    yield pair
    pair.stop()


class Web:
    """The DRF door's way into the pipeline, without Django around it."""

    def __init__(self, pair, cast, folder, url):
        wait_s = PATIENT_MS / 1000
        self.service = BlockingService(
            Config(pair.cache.url(), pair.events.url(), cast.kek, folder, "test-1",
                   wait_s, url, wait_s)
        )  # fmt: skip
        self.service.start()
        self.site = self.service._door.snapshot.site

    def lookup(self, key, **members):
        return self._ask("lookup", json.dumps(members).encode(), key)

    def store(self, key, response, **members):
        body = json.dumps(members)[:-1] + f', "response": {response}}}'
        return self._ask("store", body.encode(), key)

    def purge(self, key, **members):
        return self._ask("purge", json.dumps(members).encode(), key)

    def _ask(self, verb, body, key):
        headers = {name.encode(): value.encode() for name, value in JSON.items()}
        headers |= {b"authorization": f"Bearer {key}".encode(), b"host": b"localhost"}
        got = self.service.answer(VERBS[verb], Asked(body, headers, time.time_ns() // 1_000_000))
        return Answer(got.status, got.body, got.content_type.decode(), {})

    def stop(self, *_):
        self.service.stop()


@pytest.fixture(params=["edge", "web"])
def door(request, small, tmp_path, url):
    cast = small.cast()
    if request.param == "edge":
        one = small.edge(tmp_path / "edge", TIER_URL=url)
        one.purge = lambda key, **members: one.post("/api/overflow/purge", members, key)
    else:
        one = Web(small, cast, tmp_path / "web", url)
    one.cast, one.url = cast, url
    yield one
    one.stop(signal.SIGKILL)


def held(url):
    """How many objects the tier holds."""
    store = TierStore(url)
    return sum(store.count(partner) for partner in store.partners())


def fill(door):
    """Twice what memory holds, for two partners without a budget, all in the tier."""
    roomy = [door.cast.open(slug, memory_bytes=10**9).live for slug in ("wide", "broad")]
    keys = [(key, f"k{n}") for n in range(ENTRIES // 2) for key in roomy]
    for n, (key, name) in enumerate(keys):
        assert door.store(key, text(n), cache_key=name).status == 201
    assert wait_for(lambda: held(door.url) == ENTRIES)
    return keys


def test_what_memory_evicts_or_loses_is_served_byte_for_byte(door, small):
    keys = fill(door)
    assert door.cast.cache.info("stats")["evicted_keys"] > 0

    answers = [door.lookup(key, cache_key=name) for key, name in keys]

    assert [slice_of(one) for one in answers] == [text(n).encode() for n in range(ENTRIES)]
    told = {str(one.event_id): one.reason for one in door.cast.all_events()}
    came_from = [told[one.json["billing"]["event_id"]] for one in answers]
    assert {"tier"} <= set(came_from) <= {"", "tier"}
    again = door.lookup(keys[-1][0], cache_key=keys[-1][1]).json["billing"]["event_id"]
    assert door.cast.event(again).reason == ""  # by now in memory
    small.cache.child.kill()
    small.cache.restart()
    assert door.cast.cache.dbsize() == 0
    wait_for(lambda: door.lookup(keys[0][0], cache_key="k0").json["hit"])
    answers = [door.lookup(key, cache_key=name) for key, name in keys]
    assert [slice_of(one) for one in answers] == [text(n).encode() for n in range(ENTRIES)]


def test_a_promoted_entry_keeps_its_expiry(own_valkeys, tmp_path):
    cast = own_valkeys.cast()
    edge = own_valkeys.edge(tmp_path / "edge")
    first = edge.store(cast.redis.live, cache_key="k", ttl=600).json
    assert wait_for(lambda: held((tmp_path / "edge" / "tier").as_uri()) == 1)
    cast.cache.flushall()

    found = edge.lookup(cast.redis.live, cache_key="k").json

    assert found["entry"]["expires_at"] == first["expires_at"]
    assert wait_for(lambda: cast.cache.keys("c1:*"))
    (key,) = cast.cache.keys("c1:*")
    assert 0 < cast.cache.pttl(key) <= 600_000 + 3_600_000  # and as long as it may be served stale
    edge.stop(signal.SIGKILL)


def test_a_caller_key_and_its_request_are_both_found_again(own_valkeys, tmp_path):
    cast = own_valkeys.cast()
    edge = own_valkeys.edge(tmp_path / "edge")
    request = {"provider": "openai", "model": "gpt-4", "messages": []}
    edge.store(cast.redis.live, cache_key="mine", original_request=request)
    assert wait_for(lambda: held((tmp_path / "edge" / "tier").as_uri()) == 2)
    cast.cache.flushall()

    by_key = edge.lookup(cast.redis.live, cache_key="mine")
    assert wait_for(lambda: len(cast.cache.keys("c1:*")) == 2)  # alias and entry
    cast.cache.flushall()
    by_request = edge.lookup(cast.redis.live, original_request=request)

    assert by_key.json["hit"] and slice_of(by_key) == slice_of(by_request)
    assert not edge.lookup(cast.pinecone.live, cache_key="mine").json["hit"]
    edge.stop(signal.SIGKILL)


def test_a_copied_value_alarms_and_a_torn_one_is_only_a_miss(own_valkeys, tmp_path):
    cast = own_valkeys.cast()
    edge = own_valkeys.edge(tmp_path / "edge")
    for key, name in ((cast.redis.live, "a"), (cast.pinecone.live, "b"), (cast.redis.live, "c")):
        edge.store(key, f'"{name}"', cache_key=name)
        assert wait_for(lambda: len(files(tmp_path)) == "abc".index(name) + 1)  # noqa: B023
    of_a, of_b, of_c = sorted(files(tmp_path), key=lambda path: path.stat().st_mtime_ns)
    cast.cache.flushall()

    of_b.write_bytes(of_a.read_bytes())
    of_c.write_bytes(of_c.read_bytes()[:-1])
    copied = edge.lookup(cast.pinecone.live, cache_key="b")
    torn = edge.lookup(cast.redis.live, cache_key="c")

    assert (copied.json["hit"], torn.json["hit"]) == (False, False)
    assert edge.lookup(cast.redis.live, cache_key="a").json["response"] == "a"
    assert wait_for(lambda: cast.counters().get("payload_authentication", 0) == 1)
    edge.stop(signal.SIGKILL)


def files(folder):
    """What the tier holds; `name#1` is an object still being written, about to take its name."""
    found = [path for path in folder.glob("edge/tier/*/*/*") if "#" not in path.name]
    return [path for path in found if path.is_file()]


def test_a_dead_and_a_stuck_tier_are_misses_within_the_deadline(own_valkeys, tmp_path, s3):
    cast = own_valkeys.cast()
    edge = own_valkeys.edge(tmp_path / "edge", TIER_URL=s3.url, TIER_DEADLINE_MS="200")
    edge.store(cast.redis.live, cache_key="k")

    os.kill(s3.process.pid, signal.SIGSTOP)
    misses = [edge.lookup(cast.redis.live, cache_key="absent") for _ in range(12)]
    assert edge.lookup(cast.redis.live, cache_key="k").json["hit"]  # memory goes on
    os.kill(s3.process.pid, signal.SIGCONT)
    s3.stop()
    misses += [edge.lookup(cast.redis.live, cache_key="absent") for _ in range(12)]

    assert {(one.status, one.json["reason"]) for one in misses} == {(200, "not_found")}
    edge.stop()  # its last heartbeat has every count
    # Most did not ask, so did not wait: the breaker.
    assert 5 <= cast.counters()["tier_failed"] <= len(misses) // 2


def test_a_nearly_full_disk_is_left_alone(own_valkeys, tmp_path, monkeypatch):
    cast = own_valkeys.cast()
    monkeypatch.setattr("cache_api.gateways.tier_store.KEEP_FREE_BYTES", 1 << 60)
    web = Web(own_valkeys, cast, tmp_path / "web", (tmp_path / "tier").as_uri())

    for n in range(8):
        assert web.store(cast.redis.live, '"x"', cache_key=f"k{n}").status == 201
    cast.cache.flushall()

    assert web.lookup(cast.redis.live, cache_key="k1").json["reason"] == "not_found"
    assert wait_for(lambda: cast.counters().get("tier_dropped", 0) == 8)
    assert "tier_failed" not in cast.counters()  # full, but it answers
    web.stop()


def test_what_has_expired_is_swept_once_and_the_rest_is_counted(url, own_valkeys):
    store, now_ms = TierStore(url), time.time_ns() // 1_000_000
    one, other = "1" * 32, "2" * 32
    for n in range(30):
        store.write(f"{one}/ab/{n:064x}", b"x" * 100, now_ms + (n - 10) * 1_000_000)
    store.write(f"{other}/ab/{1:064x}", b"y", now_ms - 1)
    sweepers = [
        Sweeper(store, SyncLane("cache", own_valkeys.cache.url(), 3.0), "here") for _ in range(2)
    ]

    assert [sweeper.sweep_if_due() for sweeper in sweepers] == [12, None]

    assert (store.count(one), store.count(other)) == (19, 0)
    counts = own_valkeys.cast().cache.hgetall("tier:here:held")
    assert counts == {one.encode(): b"%d" % (19 * (100 + HEADER)), other.encode(): b"0"}
    assert store.read(f"{one}/ab/{20:064x}", now_ms) == b"x" * 100
    assert store.read(f"{one}/ab/{20:064x}", now_ms + 10**10) is None


def test_a_certain_miss_does_not_wait_for_a_bucket(own_valkeys, tmp_path, s3, capsys):
    cast = own_valkeys.cast()
    web = Web(own_valkeys, cast, tmp_path / "web", s3.url)
    key, other = cast.redis.live, cast.pinecone.live
    sweeper = Sweeper(
        web.service._door.tier, SyncLane("cache", own_valkeys.cache.url(), 3.0), "here"
    )

    def evict():
        for name in cast.cache.keys("c1:*"):
            cast.cache.delete(name)

    def timed(key, name):
        began = time.perf_counter()
        return web.lookup(key, cache_key=name).json, (time.perf_counter() - began) * 1000

    web.store(key, '"before"', cache_key="before")
    assert wait_for(lambda: held(s3.url) == 1)
    asked = [timed(key, f"nothing {n}")[1] for n in range(5)]
    assert sweeper.sweep_if_due() == 0
    web.store(key, '"after"', cache_key="after")
    assert wait_for(lambda: held(s3.url) == 2)
    evict()

    s3.process.send_signal(signal.SIGSTOP)
    certain = [timed(one, f"nothing {n}") for one in (key, other) for n in range(5)]
    assert not any(answer["hit"] for answer, _ in certain) and web.service.health()["tier"] == "ok"
    assert timed(other, "before")[0]["reason"] == "not_found"  # another partner's name
    assert cast.counters().get("tier_failed", 0) == 0
    s3.process.send_signal(signal.SIGCONT)

    assert [timed(key, name)[0]["response"] for name in ("before", "after")] == ["before", "after"]
    with capsys.disabled():
        print(f"\na miss while the bucket is asked: {sorted(asked)[2]:.1f} ms, "
              f"while it need not be: {sorted(ms for _, ms in certain)[5]:.1f} ms")  # fmt: skip
    web.stop()


def test_a_purge_by_key_finds_and_removes_what_only_the_tier_holds(door, small):
    key, other = door.cast.redis.live, door.cast.pinecone.live
    request = {"provider": "openai", "model": "gpt-4", "messages": []}
    door.store(key, '"x"', cache_key="mine", original_request=request)
    door.store(other, '"y"', cache_key="mine", original_request=request)
    assert wait_for(lambda: held(door.url) == 4)
    door.cast.cache.flushall()

    told = door.purge(key, cache_key="mine")

    assert (told.status, told.json["removed"]) == (202, 1)
    assert held(door.url) == 2
    assert not door.lookup(key, original_request=request).json["hit"]
    assert door.lookup(other, cache_key="mine").json["response"] == "y"


def test_a_purge_waits_for_a_tier_that_does_not_answer(own_valkeys, tmp_path, s3):
    cast = own_valkeys.cast()
    edge = own_valkeys.edge(tmp_path / "edge", TIER_URL=s3.url, TIER_DEADLINE_MS="200")
    edge.store(cast.redis.live, cache_key="k")
    assert wait_for(lambda: held(s3.url) == 1)

    os.kill(s3.process.pid, signal.SIGSTOP)
    refused = edge.post("/api/overflow/purge", {"cache_key": "k"}, cast.redis.live)
    by_model = edge.post("/api/overflow/purge", {"model": "gpt-4"}, cast.redis.live)
    os.kill(s3.process.pid, signal.SIGCONT)

    assert (refused.status, refused.json["code"]) == (503, "overloaded")
    assert by_model.status == 202  # a floor; the tier need not hear of it
    edge.stop(signal.SIGKILL)


def test_a_write_that_is_late_does_not_bring_back_what_was_purged_or_replaced(
    own_valkeys, tmp_path, monkeypatch
):
    cast, real, release = own_valkeys.cast(), TierStore.write, threading.Event()
    monkeypatch.setattr(TierStore, "write", lambda *told: release.wait(20) and real(*told))
    url = (tmp_path / "tier").as_uri()
    web = Web(own_valkeys, cast, tmp_path / "web", url)
    for name in ("purged", "replaced", "kept"):
        web.store(cast.redis.live, '"first"', cache_key=name)

    assert web.purge(cast.redis.live, cache_key="purged").status == 202
    web.store(cast.redis.live, '"second"', cache_key="replaced")
    release.set()
    web.stop()  # writes what waits

    cast.cache.flushall()
    again = Web(own_valkeys, cast, tmp_path / "again", url)
    got = [again.lookup(cast.redis.live, cache_key=name).json["response"]
           for name in ("purged", "replaced", "kept")]  # fmt: skip
    assert held(url) == len([response for response in got if response])
    assert got in ([None, "second", "first"], [None, None, "first"])
    again.stop()


HEAD, SEALED = b"h" * 20, b"h" * 20 + b"rest"


@pytest.mark.parametrize(
    ("head", "mark", "stays"),
    [
        (HEAD, None, True),
        (HEAD, b"9", True),  # written again after the purge
        (b"o" * 20, None, False),  # replaced
        (b"", None, True),  # evicted
        (b"", b"5", True),  # evicted; the writer knew of the purge
        (b"", b"6", False),  # purged, or evicted: nobody can tell
    ],
)
def test_a_written_value_stays_while_memory_agrees(head, mark, stays):
    name = f"{uuid.uuid4().hex}/ab/{'ab' * 32}".encode()
    written = [(b"SET", name, SEALED, b"PXAT", b"1", b"5")]

    assert len(tier.checks(written)) == 2
    assert tier.outdated(written, [head, mark]) == ([] if stays else [(b"DEL", name)])
    assert tier.outdated(written, None) == [(b"DEL", name)]
