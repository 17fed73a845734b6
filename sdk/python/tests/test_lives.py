"""Forks, the end of a process or of an event loop, cancellation, very many at once."""

import asyncio
import gc
import os
import resource
import subprocess
import sys
import textwrap
import threading
import time

import pytest
import redis.asyncio
from agentcache_overflow import AsyncAgentCacheOverflow
from agentcache_overflow.wrappers.redis import OverflowRedis

from .conftest import ROOT


def run(code, *args, timeout=30):
    """A process of its own; its output."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "sdk/python/src")}
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", textwrap.dedent(code), *args],
        env=environ, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def told(served, overflow):
    """A namespace, a client that looks into it, and the arguments for another process."""
    client = overflow()
    return client, [served["edge"], served["key"], client.options.namespace]


START = """
import os, sys, time
from agentcache_overflow import AgentCacheOverflow
url, key, namespace = sys.argv[1:4]
client = AgentCacheOverflow(api_key=key, base_url=url, namespace=namespace, customer_id="acme",
                            connect_timeout="1s", deadline="3s")
"""


def test_the_end_of_the_process_loses_no_store(told):
    client, args = told
    run(START + "for n in range(200): client.put(key=f'k{n}', response=n + 1)\n", *args)
    assert [client.get(key=f"k{n}").response for n in range(200)] == list(range(1, 201))


def test_the_end_of_the_process_waits_no_longer_than_its_bound(served):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        code = START + "client.put(key='k', response=1); client.get(key='k2')\n"
        run(code, url, served["key"], "n")
        assert time.monotonic() - began < 12  # drain is two seconds, deadline three


def test_a_primary_that_hangs_does_not_hold_the_end_up(told):
    code = """
        cache = client.wrap(get=lambda key: time.sleep(60), set=print, delete=print)
        client.put(key="k", response="v")
        client.flush()
        assert cache.get("k") == "v"
    """
    run(START + textwrap.dedent(code), *told[1], timeout=20)


def test_a_forked_child_has_threads_and_connections_of_its_own(told):
    client, args = told
    code = """
        client.put(key="before", response=1)
        assert client.get(key="before").hit
        children = []
        for number in range(4):
            child = os.fork()
            if child == 0:
                client.put(key=f"child{number}", response=number + 1)
                assert client.flush(10)
                assert client.get(key=f"child{number}").response == number + 1
                client.close()
                os._exit(0)
            children.append(child)
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
        assert client.get(key="child0").response == 1
    """
    run(START + textwrap.dedent(code), *args)
    assert client.get(key="before").response == 1


def test_a_fork_while_all_is_busy(told):
    code = """
        import threading
        stop = threading.Event()
        def work():
            while not stop.is_set():
                client.get(key="k"); client.put(key="k", response=1)
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads: thread.start()
        for _ in range(10):
            child = os.fork()
            if child == 0:
                client.get(key="k")
                client.put(key="k", response=2)
                os._exit(0 if client.flush(10) else 1)
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        for thread in threads: thread.join()
    """
    run(START + textwrap.dedent(code), *told[1])


def test_event_loops_come_and_go(served, overflow):
    client = overflow(AsyncAgentCacheOverflow)

    async def use(number):
        client.put(key=f"loop{number}", response=number + 1)
        return await client.get(key="absent")

    for number in range(3):
        assert asyncio.run(use(number)).reason == "not_found"

    async def leave():
        task = asyncio.ensure_future(client.get(key="left"))
        await asyncio.sleep(0)
        return task  # the loop ends before it does

    asyncio.run(leave())
    look = overflow(namespace=client.options.namespace)
    assert client.core.flush(10)
    assert [look.get(key=f"loop{number}").response for number in range(3)] == [1, 2, 3]


def test_cancelling_one_who_waits_leaves_the_others(served, overflow, faults):
    faults.set("edge", delay_ms=400)
    client = overflow(AsyncAgentCacheOverflow, base_url=f"http://127.0.0.1:{faults.ports['edge']}")

    async def run_them():
        waiting = [asyncio.ensure_future(client.get(key="k")) for _ in range(3)]
        await asyncio.sleep(0.1)
        waiting[0].cancel()
        return await asyncio.gather(*waiting, return_exceptions=True)

    first, *others = asyncio.run(run_them())
    assert isinstance(first, asyncio.CancelledError)
    assert [one.reason for one in others] == ["not_found"] * 2


def test_cancelling_a_read_cancels_the_primary_as_it_would_have(served, overflow, faults):
    faults.set("redis", delay_ms=5000)

    async def run_them():
        own = overflow(AsyncAgentCacheOverflow, threshold="50ms")
        client = redis.asyncio.Redis(port=faults.ports["redis"], retry=None)
        cache = OverflowRedis(client, own)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(cache.get("k"), 0.3)
        assert time.monotonic() - began < 2
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert left == []
        await client.aclose()

    asyncio.run(run_them())


def test_ten_thousand_at_once(served, overflow):
    others = threading.active_count()  # of whatever else ran in this process
    client = overflow(AsyncAgentCacheOverflow, deadline="60s")
    mine = {"even": "v"}

    async def get(key):
        await asyncio.sleep(0.05)
        return mine.get(key)

    async def put(key, value, ttl=None):
        mine[key] = value

    async def run_them():
        cache = client.wrap(get=get, set=put, delete=put)
        for number in range(100):
            client.put(key=f"far{number}", response=number + 1)
        await client.flush()
        keys = ["even" if n % 2 == 0 else f"far{n % 200 // 2}" for n in range(10_000)]
        return await asyncio.gather(*[cache.get(key) for key in keys])

    got = asyncio.run(run_them())
    assert got == ["v" if n % 2 == 0 else n % 200 // 2 + 1 for n in range(10_000)]
    assert threading.active_count() - others < 140  # workers are bounded by max_in_flight


def test_nothing_is_kept_of_what_is_over(served, overflow):
    client = overflow(l1_bytes=0)
    cache = client.wrap(get=lambda key: None, set=lambda *_: None, delete=lambda key: None)

    def use():
        for number in range(100):
            cache.get(f"k{number}")
            cache.set(f"k{number}", "v" * 1000)
        client.flush()
        gc.collect()
        return len(gc.get_objects()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    use()
    objects, _ = use()
    for _ in range(2):
        again, _ = use()
    assert again - objects < 200
    assert client.core._flights == {} and len(client.core.outbox) == 0
    assert client.core.outbox._latest == {}
