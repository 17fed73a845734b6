"""Two processes with one primary: what one deletes, the other's read-repair does not bring back.

The other's lookup was answered before the delete; the answer is held on its way (a proxy) until the
delete is through.
"""

import json
import os
import subprocess
import sys
import time

import pytest
import redis
from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.wrappers.memcached import OverflowMemcached
from agentcache_overflow.wrappers.redis import OverflowRedis
from pymemcache.client.base import Client

from .conftest import ROOT

READER = """
import asyncio, json, sys
import redis, redis.asyncio
from pymemcache.client.base import Client
from agentcache_overflow import AgentCacheOverflow, AsyncAgentCacheOverflow
from agentcache_overflow.wrappers.memcached import OverflowMemcached
from agentcache_overflow.wrappers.redis import OverflowRedis

kind, port, options = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])

async def in_a_loop():
    async with AsyncAgentCacheOverflow(**options) as overflow:
        client = OverflowRedis(redis.asyncio.Redis(port=port), overflow)
        got = await client.get("k")
        await overflow.flush(20)
        await client.aclose()
        return got, overflow.counts()

def plainly():
    with AgentCacheOverflow(**options) as overflow:
        if kind == "memcached":
            got = OverflowMemcached(Client(("127.0.0.1", port)), overflow).get("k")
        elif kind == "redis":
            got = OverflowRedis(redis.Redis(port=port), overflow).get("k")
        else:
            plain = redis.Redis(port=port)
            got = overflow.wrap(get=plain.get, set=plain.set, delete=plain.delete).get("k")
        overflow.flush(20)
        return got, overflow.counts()

got, counts = asyncio.run(in_a_loop()) if kind == "asyncio" else plainly()
print(json.dumps([got.decode(), counts["repairs"]]))
"""
KINDS = ("redis", "asyncio", "wrap", "memcached")


@pytest.fixture(params=KINDS)
def kind(request, served):
    if request.param not in ("redis", "asyncio", "wrap") and "memcached" not in served["servers"]:
        pytest.skip("memcached is not installed")
    return request.param


class Pair:
    """This process's client of a primary, and another process that reads the same."""

    def __init__(self, served, faults, kind, namespace):
        self.kind, self.faults = kind, faults
        self.port = served["servers"]["memcached" if kind == "memcached" else "redis"]
        self.options = {
            "api_key": served["key"], "namespace": namespace, "customer_id": "acme",
            "threshold": "20s", "deadline": "20s", "connect_timeout": "5s",
        }  # fmt: skip
        self.overflow = AgentCacheOverflow(base_url=served["edge"], **self.options)
        self.proxied = f"http://127.0.0.1:{faults.ports['edge']}"
        self.events = redis.Redis.from_url(served["events_url"])
        if kind == "memcached":
            self.plain = Client(("127.0.0.1", self.port))
            self.cache = OverflowMemcached(Client(("127.0.0.1", self.port)), self.overflow)
        else:
            self.plain = redis.Redis(port=self.port)
            self.cache = OverflowRedis(redis.Redis(port=self.port), self.overflow)

    def stored_in_the_overflow_only(self):
        self.cache.set("k", b"v")
        assert self.overflow.flush(10)
        self.plain.delete("k")  # as when a primary evicts it

    def read_elsewhere(self, meanwhile):
        """What the other process got, and how many values it wrote back."""
        before = self.events.xlen("usage:0")
        self.faults.set("edge", mode="hold")
        argv = [sys.executable, "-X", "dev", "-c", READER, self.kind, str(self.port)]
        options = json.dumps({**self.options, "base_url": self.proxied})
        environ = {**os.environ, "PYTHONPATH": str(ROOT / "sdk/python/src")}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen([*argv, options], env=environ, text=True, **pipes) as reader:
            while self.events.xlen("usage:0") == before:  # the edge has not answered yet
                assert reader.poll() is None, reader.stderr.read()
                time.sleep(0.02)
            meanwhile()
            self.faults.set("edge")
            said, wrong = reader.communicate(timeout=60)
        assert reader.returncode == 0, wrong
        return json.loads(said)

    def close(self):
        self.overflow.close()
        self.events.close()
        self.plain.close()
        self.cache.close()


@pytest.fixture
def pair(served, faults, kind):
    pair = Pair(served, faults, kind, f"two-{os.urandom(6).hex()}")
    yield pair
    pair.close()


def test_what_was_deleted_meanwhile_is_not_written_back(pair):
    pair.stored_in_the_overflow_only()
    got, repairs = pair.read_elsewhere(meanwhile=lambda: pair.cache.delete("k"))

    assert (got, repairs) == ("v", 0)  # it was answered before the delete
    assert pair.plain.get("k") is None
    assert pair.cache.get("k") is None


def test_what_was_set_anew_meanwhile_stays(pair):
    pair.stored_in_the_overflow_only()

    def meanwhile():
        pair.cache.delete("k")
        pair.cache.set("k", b"new")

    assert pair.read_elsewhere(meanwhile) == ["v", 0]
    assert pair.plain.get("k") == b"new"


def test_what_nobody_touched_is_written_back_and_asking_again_is_no_lookup(pair):
    pair.stored_in_the_overflow_only()
    before = pair.events.xlen("usage:0")

    assert pair.read_elsewhere(meanwhile=lambda: None) == ["v", 1]
    assert pair.plain.get("k") == b"v"
    assert pair.events.xlen("usage:0") == before + 1  # neither metered nor billed
