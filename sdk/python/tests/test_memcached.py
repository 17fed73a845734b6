"""pymemcache and aiomcache on Debian's memcached, Django's cache on both kinds of primary."""

import asyncio
import shutil
import time

import aiomcache
import pymemcache
import pytest
from agentcache_overflow import AsyncAgentCacheOverflow
from agentcache_overflow.wrappers.aiomcache import OverflowAiomcache
from agentcache_overflow.wrappers.memcached import OverflowMemcached
from pymemcache import serde

needs_memcached = pytest.mark.skipif(
    shutil.which("memcached") is None, reason="memcached is not installed"
)


@pytest.fixture
def plain(served):
    client = pymemcache.Client(("127.0.0.1", served["servers"]["memcached"]), default_noreply=False)
    client.flush_all()
    yield client
    client.close()


def clients(port, **more):
    address = ("127.0.0.1", port)
    return {
        "single": lambda: pymemcache.Client(address, timeout=1, **more),
        "pooled": lambda: pymemcache.PooledClient(address, timeout=1, **more),
        "hash": lambda: pymemcache.HashClient([address], timeout=1, **more),
    }


@pytest.fixture(params=["single", "pooled", "hash"])
def cache(request, served, overflow, plain):
    client = clients(served["servers"]["memcached"], default_noreply=False)[request.param]()
    made = OverflowMemcached(client, overflow())
    yield made
    settle(made)  # a repair under way would connect again
    client.close()


def settle(cache):
    assert cache._door.core.flush(10)


@needs_memcached
def test_a_miss_is_an_overflow_hit_and_is_written_back(cache, plain):
    assert cache.set("llm:1", b"\x00one", 600) is True
    settle(cache)
    plain.delete("llm:1")
    assert cache.get("llm:1") == b"\x00one"
    settle(cache)
    assert plain.get("llm:1") == b"\x00one"
    assert cache.get("absent") is None and cache.get("absent", "d") == "d"


@needs_memcached
def test_a_deleted_key_never_comes_back(cache, plain):
    ways = {
        "delete": lambda: cache.delete("k"), "delete_many": lambda: cache.delete_many(["k"]),
        "touch": lambda: cache.touch("k", 1), "flush_all": lambda: cache.flush_all(),
    }  # fmt: skip
    for name, way in ways.items():
        cache.set("k", name)
        settle(cache)
        way()
        plain.delete("k")
        assert cache.get("k") is None, name
        settle(cache)
        assert cache.get("k") is None, name


@needs_memcached
def test_several_at_once(cache, plain):
    cache.set_many({"a": "1", "b": "2"})
    settle(cache)
    plain.delete("b")
    assert cache.get_many(["a", "b", "none"]) == {"a": b"1", "b": b"2"}


@needs_memcached
def test_too_large_for_memcached_is_kept_in_the_overflow(cache, plain):
    assert cache.set("k", "old") is True
    assert cache.set("k", b"x" * 1_500_000) is True
    settle(cache)
    assert plain.get("k") is None
    assert cache.get("k") == b"x" * 1_500_000
    assert cache._door.core.counts.all()["reason_capacity"] == 1


@needs_memcached
def test_values_are_spelt_as_the_client_spells_them(served, overflow, plain):
    port = served["servers"]["memcached"]
    cache = OverflowMemcached(clients(port, serde=serde.pickle_serde)["pooled"](), overflow())
    for key, value in {"t": "naïve", "b": b"\xff", "n": 7}.items():
        cache.set(key, value)
        settle(cache)
        plain.delete(key)
        assert cache.get(key) == value
        settle(cache)
        plain.delete(key)
    cache.set("object", {"pickled": 1})
    settle(cache)
    assert cache.get("object") == {"pickled": 1}
    plain.delete("object")
    assert cache.get("object") is None  # what is pickled stays at home
    cache.close()


@needs_memcached
@pytest.mark.parametrize("kind", ["single", "pooled"])
def test_a_slow_or_broken_memcached_is_overtaken(served, overflow, faults, plain, kind):
    client = clients(faults.ports["memcached"])[kind]()
    cache = OverflowMemcached(client, overflow())
    cache.set("k", "v")
    settle(cache)
    faults.set("memcached", delay_ms=800)
    began = time.monotonic()
    assert cache.get("k") == b"v"
    assert 0.1 <= time.monotonic() - began < 0.75
    for mode in ("refuse", "garbage", "reset", "truncate"):
        faults.set("memcached", mode)
        assert [cache.get("k") for _ in range(4)] == [b"v"] * 4, mode
    client.close()


@needs_memcached
def test_aiomcache(served, overflow, plain):
    async def run():
        own = overflow(AsyncAgentCacheOverflow)
        client = aiomcache.Client("127.0.0.1", served["servers"]["memcached"])
        cache = OverflowAiomcache(client, own)
        assert await cache.set(b"k", b"v", 600)
        await own.flush()
        plain.delete("k")
        assert await cache.get(b"k") == b"v"
        await own.flush()
        assert plain.get("k") == b"v"
        assert await cache.multi_get(b"k", b"none") == (b"v", None)
        assert await cache.delete(b"k")
        assert await cache.get(b"k") is None
        await cache.set(b"big", b"x" * 1_200_000)
        await own.flush()
        assert await cache.get(b"big") == b"x" * 1_200_000
        await cache.flush_all()
        assert await cache.get(b"big") is None
        await client.close()

    asyncio.run(run())
