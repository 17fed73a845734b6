"""Every row of the table that both languages run, by threads and in an event loop."""

import asyncio
import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from agentcache_overflow import AgentCacheOverflow, AsyncAgentCacheOverflow, OverflowFailed
from agentcache_overflow.options import read
from agentcache_overflow.wire import Wire

from .conftest import ROOT
from .scripted import Overflow, Primary, PrimaryError, delay_of

TABLE = json.loads((ROOT / "sdk/behaviour.json").read_text())
ROWS = TABLE["rows"]
RAISES = {"primary": PrimaryError, "overflow": OverflowFailed}


class AsyncPrimary(Primary):
    """The same for an event loop."""

    async def _step(self, kind):
        wait_s, step = delay_of(self.scripts[kind].next())
        await asyncio.sleep(wait_s)
        return self.judge(step)

    async def get(self, key):
        return self.found(await self._step("get"), key)

    async def set(self, key, value, ttl=None):
        await self._step("set")
        self.holds[key] = value

    async def delete(self, key):
        await self._step("delete")
        self.holds.pop(key, None)


class Threads:
    """Runs calls of a row with the plain client."""

    client, primary = AgentCacheOverflow, Primary

    def __init__(self, cache, client):
        self.cache, self.overflow = cache, client

    def one(self, call):
        if "get" in call:
            return self.cache.answer(call["get"])
        if "set" in call:
            return self.cache.set(*call["set"])
        if "delete" in call:
            return self.cache.delete(call["delete"])
        return self.flush()

    def flush(self):
        assert self.overflow.flush(10)

    def together(self, call, count):
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda _: self.one(call), range(count)))

    def run(self, work):
        return work

    def close(self):
        self.overflow.close()


class Loop(Threads):
    """The same with the client for asyncio."""

    client, primary = AsyncAgentCacheOverflow, AsyncPrimary

    def __init__(self, cache, client):
        super().__init__(cache, client)
        self.loop = asyncio.new_event_loop()

    def one(self, call):
        return self.loop.run_until_complete(super().one(call))

    def flush(self):
        return self.overflow.flush(10)

    def together(self, call, count):
        async def all_of_them():
            return await asyncio.gather(*[Threads.one(self, call) for _ in range(count)])

        return self.loop.run_until_complete(all_of_them())

    def wait(self, seconds):
        self.loop.run_until_complete(asyncio.sleep(seconds))

    def close(self):
        self.loop.run_until_complete(self.overflow.close())
        self.loop.close()


@pytest.fixture(scope="module")
def played():
    """All rows, several at a time: most of a row is waiting."""
    with ThreadPoolExecutor(8) as pool:
        yield {
            (row["name"], kind): pool.submit(run_row, row, kind)
            for row in ROWS
            for kind in (Threads, Loop)
        }


@pytest.mark.parametrize("kind", [Threads, Loop], ids=["threads", "asyncio"])
@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_row(played, row, kind):
    played[row["name"], kind].result()


def run_row(row, kind):
    primary, overflow = kind.primary(row.get("primary", {})), Overflow(row.get("overflow", {}))
    options = {"connect_timeout": "2s", "deadline": "3s", **row.get("config", {})}
    client = kind.client(api_key="acp_test_x", base_url=overflow.url, **options)
    name = row.get("primary", {}).get("name", "redis")
    cache = client.wrap(get=primary.get, set=primary.set, delete=primary.delete, name=name)
    runner = kind(cache, client)
    try:
        for call in row["calls"]:
            play(runner, call)
        runner.one({"flush": True})
        check(row.get("then", {}), primary, overflow, client)
    finally:
        runner.close()
        overflow.stop()


def play(runner, call):
    if "wait_ms" in call:
        wait = getattr(runner, "wait", time.sleep)
        wait(call["wait_ms"] / 1000)
        return
    if "raises" in call:
        with pytest.raises(RAISES[call["raises"]]):
            runner.one(call)
        return
    if "together" in call:
        answers = runner.together(call, call["together"])
    else:
        answers = [runner.one(call) for _ in range(call.get("times", 1))]
    for found in answers if "get" in call else ():
        got = {
            "value": found.response, "answered_by": found.answered_by,
            "overflow_reason": found.overflow_reason, "reason": found.reason,
        }  # fmt: skip
        assert got == {name: call[name] for name in got if name in call}, call


def check(then, primary, overflow, client):
    for kind, count in then.get("asked", {}).items():
        assert overflow.scripts[kind].asked == count, kind
    for kind, count in then.get("primary_asked", {}).items():
        assert primary.scripts[kind].asked == count, kind
    for holder, name in ((overflow, "overflow_holds"), (primary, "primary_holds")):
        for key, value in then.get(name, {}).items():
            assert holder.holds.get(key) == value, (name, key)
    counts = client.counts()
    assert {name: counts[name] for name in then.get("counts", {})} == then.get("counts", {})
    for name, value in then.get("sent", {}).items():
        got = overflow.last_lookup.get(name)
        if isinstance(value, dict):
            assert got is not None and value.items() <= got.items(), name
        else:
            assert got == value, name


def test_keys_on_the_wire():
    for case in TABLE["wire_keys"]:
        given = {"api_key": "k", "privacy": case["privacy"]}
        if case["privacy"] == "encrypt":
            given["encryption_key"] = TABLE["encryption_key"]
        key = case["key"] if "key" in case else base64.b64decode(case["key_base64"])
        assert Wire(read(given)).key(key) == case["wire"], case


def test_the_table_is_not_empty():
    assert len(ROWS) >= 45 and len({row["name"] for row in ROWS}) == len(ROWS)
