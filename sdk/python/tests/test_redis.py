"""redis-py on a real Valkey, alone and as a cluster, by threads and in an event loop."""

import asyncio
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
import redis.asyncio
from agentcache_overflow import AgentCacheOverflow, AsyncAgentCacheOverflow
from agentcache_overflow.wrappers.redis import OverflowRedis


class Rig:
    """A wrapped client, the plain one beside it, and the overflow behind."""

    def __init__(self, served, make, kind, port=None, **options):
        self.kind = kind
        self.loop = asyncio.new_event_loop() if "async" in kind else None
        client_kind = AsyncAgentCacheOverflow if self.loop else AgentCacheOverflow
        self.overflow = make(client_kind, **options)
        name = "cluster" if "cluster" in kind else "redis"
        self.plain = redis.Redis(port=served["servers"][name])
        self.plain.flushall()
        self.direct = make(namespace=self.overflow.options.namespace)
        primary = self.make_client(port or served["servers"][name])
        self.client = OverflowRedis(primary, self.overflow)

    def make_client(self, port):
        kinds = {
            "sync": redis.Redis, "cluster": redis.RedisCluster,
            "async": redis.asyncio.Redis, "async cluster": redis.asyncio.RedisCluster,
        }  # fmt: skip
        settings = {} if "cluster" in self.kind else {"socket_timeout": 0.5, "retry": None}
        return kinds[self.kind](host="127.0.0.1", port=port, **settings)

    def __call__(self, name, *args, **options):
        return self.run(getattr(self.client, name)(*args, **options))

    def run(self, result):
        if self.loop is None:
            return result

        async def wait():
            return await result

        return self.loop.run_until_complete(wait())

    def flush(self):
        assert self.run(self.overflow.flush())

    def pipe(self, fill):
        if self.loop is None:
            pipe = self.client.pipeline()
            fill(pipe)
            return pipe.execute()

        async def run():
            pipe = self.client.pipeline()
            fill(pipe)
            return await pipe.execute()

        return self.loop.run_until_complete(run())

    def in_overflow(self, key):
        found = self.direct.get(key=key)
        return found.response if found.hit else None

    def close(self):
        if self.loop is not None:
            self.loop.run_until_complete(self.client.aclose())
            self.loop.run_until_complete(self.overflow.close())
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0.01))
            self.loop.close()
        else:
            self.client.close()
        self.plain.close()


@pytest.fixture
def rig(served, overflow):
    made = []

    def make(kind, **options):
        made.append(Rig(served, overflow, kind, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(params=["sync", "async", "cluster", "async cluster"])
def every(request, rig):
    return rig(request.param)


@pytest.fixture(params=["sync", "async"])
def single(request):
    return request.param


def test_what_is_set_is_in_both_and_a_miss_is_an_overflow_hit(every):
    assert every("set", "llm:1", b"\x00one\xff", ex=600) is True
    every.flush()
    assert every.in_overflow("llm:1") == b"\x00one\xff"

    every.plain.delete("llm:1")  # evicted: nobody told us
    assert every("get", "llm:1") == b"\x00one\xff"
    every.flush()
    assert every.plain.get("llm:1") == b"\x00one\xff"  # read-repair
    assert 500 < every.plain.ttl("llm:1") <= 600


def test_a_deleted_key_never_comes_back(every):
    ways = {
        "delete": lambda: every("delete", "k"),
        "unlink": lambda: every("unlink", "k"),
        "expire": lambda: every("expire", "k", 0),
        "flushdb": lambda: every("flushdb"),
        "getdel": lambda: every("getdel", "k"),
        "pipeline": lambda: every.pipe(lambda pipe: pipe.delete("k")),
        "pipeline after set": lambda: every.pipe(lambda pipe: pipe.set("k", "w").delete("k")),
        "raw": lambda: every("execute_command", "del", "k"),
    }
    if "cluster" not in every.kind:
        ways["rename"] = lambda: every("rename", "k", "other")
        ways["script"] = lambda: every("eval", "return redis.call('DEL', KEYS[1])", 1, "k")
    for name, way in ways.items():
        every("set", "k", name)
        every.flush()
        assert every.in_overflow("k") == name.encode(), name
        way()
        assert every("get", "k") is None, name
        every.flush()
        assert every.in_overflow("k") is None, name
        assert every("get", "k") is None, name


def test_an_answer_of_a_provider_tells_what_its_hits_save(rig, single):
    one = rig(single)
    usage = {"prompt_tokens": 100, "completion_tokens": 100, "total_tokens": 200}
    answers = {
        "openai": {"model": "gpt-4", "choices": [], "usage": usage},
        "anthropic": {
            "type": "message", "model": "claude-sonnet-4-5",
            "usage": {"input_tokens": 100, "output_tokens": 100},
        },
        "nobody's": {"usage": usage},
    }  # fmt: skip
    saved = {}
    for name, answer in answers.items():
        one("set", name, json.dumps(answer))
        one.flush()
        saved[name] = one.direct.get(key=name).cost_saved
    assert saved == {"openai": 0.009, "anthropic": 0.0018, "nobody's": 0}


def test_a_rename_takes_both_keys_along(rig, single):
    one = rig(single)
    one("mset", {"a": "1", "b": "2"})
    one.flush()
    assert one("rename", "a", "b") is True
    assert one("get", "a") is None and one("get", "b") == b"1"
    one.plain.delete("b")
    assert one("get", "b") is None  # purged: a miss more, never the value before


def test_what_changes_a_value_never_leaves_the_one_before(rig, single):
    one = rig(single)
    for name, args in {"append": ["!"], "incr": [], "setrange": [0, "9"], "getset": ["8"]}.items():
        one("set", "n", "1")
        one.flush()
        one(name, "n", *args)
        one.plain.delete("n")
        assert one("get", "n") is None, name


def test_conditional_sets_store_what_was_done(rig, single):
    one = rig(single)
    assert one("set", "k", "1", nx=True) is True
    assert one("set", "k", "2", nx=True) is None
    one.flush()
    assert one.in_overflow("k") == b"1"
    one("set", "k", "3", keepttl=True)
    assert one.in_overflow("k") is None


def test_several_keys_at_once(rig, single):
    one = rig(single, prefixes=["llm:"])
    one("mset", {"llm:a": "1", "llm:b": "2", "x": "3"})
    one.flush()
    one.plain.delete("llm:b", "x")
    assert one("mget", "llm:a", "llm:b", "x", "llm:none") == [b"1", b"2", None, None]
    one.flush()
    assert one.plain.get("llm:b") == b"2"


def test_text_stays_text(served, overflow):
    plain = redis.Redis(port=served["servers"]["redis"], decode_responses=True)
    client = OverflowRedis(plain, overflow())
    assert isinstance(client, redis.Redis)
    client.set("llm:é", "naïve ☂", ex=60)
    client._agentcache.core.flush(5)
    empty(served)
    assert client.get("llm:é") == "naïve ☂"
    client.close()


def test_keys_of_any_bytes(rig, single):
    one = rig(single)
    for key in (b"\x00\xff\n", "café", b"x" * 3000, 42, 1.5):
        one("set", key, "v")
        one.flush()
        one.plain.flushall()
        assert one("get", key) == b"v", key


def test_a_slow_primary_is_overtaken_at_about_the_threshold(rig, single, faults):
    one = rig(single, port=faults.ports["redis"], threshold="100ms")
    one("set", "k", "v")
    one.flush()
    faults.set("redis", delay_ms=1500)
    began = time.monotonic()
    assert one("get", "k") == b"v"
    took = time.monotonic() - began
    assert 0.1 <= took < 1.2
    assert one.overflow.counts()["hedges"] == 1


@pytest.mark.parametrize("at_once", [1, 16])
def test_150_ms_on_every_call_falls_back_99_times_in_100(rig, faults, at_once):
    one = rig("sync", port=faults.ports["redis"], threshold="100ms")
    for number in range(20):
        one("set", f"k{number}", str(number))
    one.flush()
    faults.set("redis", delay_ms=150)
    before = one.overflow.counts()
    with ThreadPoolExecutor(at_once) as pool:
        started = time.monotonic()
        got = list(pool.map(lambda n: one.client.get(f"k{n % 20}"), range(400)))
    assert got == [str(n % 20).encode() for n in range(400)]
    counts = one.overflow.counts()
    assert counts["overflow_hits"] - before["overflow_hits"] >= 396
    assert time.monotonic() - started < 400 * 0.15


def test_150_ms_on_every_call_in_an_event_loop(rig, faults):
    one = rig("async", port=faults.ports["redis"], threshold="100ms")
    one("mset", {f"k{n}": str(n) for n in range(20)})
    one.flush()
    faults.set("redis", delay_ms=150)

    async def all_of_them():
        return await asyncio.gather(*[one.client.get(f"k{n % 20}") for n in range(400)])

    assert one.loop.run_until_complete(all_of_them()) == [str(n % 20).encode() for n in range(400)]
    assert one.overflow.counts()["overflow_hits"] >= 396


@pytest.mark.parametrize("mode", ["refuse", "reset", "garbage", "silent", "truncate"])
def test_a_broken_primary_is_answered_for(rig, single, faults, mode):
    one = rig(single, port=faults.ports["redis"])
    one("set", "k", "v")
    one.flush()
    faults.set("redis", mode)
    assert [one("get", "k") for _ in range(8)] == [b"v"] * 8
    assert one("get", "absent") is None


@pytest.mark.parametrize("mode", ["refuse", "reset", "garbage", "silent", "truncate"])
def test_a_broken_overflow_is_as_none(rig, single, faults, served, mode):
    one = rig(single, base_url=f"http://127.0.0.1:{faults.ports['edge']}", deadline="250ms")
    one("set", "k", "v")
    one.flush()
    faults.set("edge", mode)
    assert one("get", "k") == b"v"
    assert [one("get", "absent") for _ in range(8)] == [None] * 8
    assert one("set", "k", "w") is True and one("get", "k") == b"w"
    assert one("delete", "k") == 1
    assert one("get", "k") is None
    faults.set("edge")
    assert one("get", "k") is None  # owed, or purged by now


def test_with_the_overflow_dead_a_read_takes_no_longer(rig, faults):
    one = rig("sync", base_url=f"http://127.0.0.1:{faults.ports['edge']}", deadline="250ms")
    faults.set("edge", "silent")
    for _ in range(6):
        one("get", "absent")  # opens the breaker
    plain = redis.Redis(port=one.plain.connection_pool.connection_kwargs["port"])
    with_us = [timed(lambda: one.client.get("absent")) for _ in range(300)]
    without = [timed(lambda: plain.get("absent")) for _ in range(300)]
    plain.close()
    added_ms = (statistics.median(with_us) - statistics.median(without)) * 1000
    assert added_ms < 1


def empty(served):
    with redis.Redis(port=served["servers"]["redis"]) as plain:
        plain.flushall()


def timed(work):
    began = time.monotonic()
    work()
    return time.monotonic() - began


def test_the_callers_own_errors_stay_theirs(rig, single):
    one = rig(single)
    one("lpush", "list", "x")
    with pytest.raises(redis.exceptions.ResponseError, match="WRONGTYPE"):
        one("get", "list")
    with pytest.raises(redis.exceptions.DataError):
        one("set", "k", object())


def test_a_full_primary_leaves_it_to_the_overflow(rig, single):
    one = rig(single)
    one("set", "k", "old")
    one.flush()
    one.plain.config_set("maxmemory", "1")
    try:
        assert one("set", "k", "new") is True
        one.flush()
        assert one.plain.get("k") is None
        assert one("get", "k") == b"new"
        assert one.overflow.counts()["reason_capacity"] == 1
    finally:
        one.plain.config_set("maxmemory", "0")


def test_what_is_diverted_no_longer_is_looked_for_in_the_primary(rig, single):
    one = rig(single, max_primary_bytes=1000)
    one("set", "k", b"x" * 5000)
    one.flush()
    assert one.direct.delete(key="k")  # another process, which then sets what fits
    one.plain.set("k", "fits")
    assert one("get", "k") == b"fits"


def test_too_large_for_the_primary(rig, single):
    one = rig(single, max_primary_bytes=1000)
    one("set", "k", b"x" * 5000)
    one.flush()
    assert one.plain.get("k") is None
    assert one("get", "k") == b"x" * 5000


def test_a_transaction_with_watch(served, overflow):
    client = OverflowRedis(redis.Redis(port=served["servers"]["redis"]), overflow())

    def change(pipe):
        found = pipe.get("n")
        pipe.multi()
        pipe.set("n", int(found or 0) + 1)

    assert client.transaction(change, "n") == [True]
    assert client.transaction(change, "n") == [True]
    assert client.get("n") == b"2"
    client._agentcache.core.flush(5)
    empty(served)
    assert client.get("n") == b"2"
    client.close()


def test_what_is_no_redis_client_is_refused(overflow):
    with pytest.raises(TypeError):
        OverflowRedis(object(), overflow())
