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
        self.holds[key], self.ttl[key] = value, ttl

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
            key, value, *ttl = call["set"]
            return self.cache.set(key, told(value), *ttl)
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
        wanted = {name: told(call[name]) for name in got if name in call}
        assert {name: got[name] for name in wanted} == wanted, call


def check(then, primary, overflow, client):
    for kind, count in then.get("asked", {}).items():
        assert overflow.scripts[kind].asked == count, kind
    for kind, count in then.get("primary_asked", {}).items():
        assert primary.scripts[kind].asked == count, kind
    for holder, name in ((overflow, "overflow_holds"), (primary, "primary_holds")):
        for key, value in then.get(name, {}).items():
            assert holder.holds.get(key) == value, (name, key)
    for key, (least, most) in then.get("primary_ttl", {}).items():
        assert least <= primary.ttl[key] <= most, key
    counts = client.counts()
    assert {name: counts[name] for name in then.get("counts", {})} == then.get("counts", {})
    for kind, members in {"lookup": then.get("sent", {}), **then.get("sent_of", {})}.items():
        compare(overflow.last.get(kind), members, kind)
    if then.get("sends_deadline"):
        assert 1 <= int(overflow.last_deadline) <= 3000


def compare(got, wanted, where):
    """Objects member by member; "…end" is an end."""
    if isinstance(wanted, dict):
        for name, value in wanted.items():
            compare((got or {}).get(name), value, f"{where}.{name}")
    elif isinstance(wanted, str) and wanted.startswith("…"):
        assert got.endswith(wanted[1:]), where
    else:
        assert got == wanted, where


def told(value):
    """A value of the table: text, or bytes as `{"bytes": base64}`."""
    return base64.b64decode(value["bytes"]) if isinstance(value, dict) else value


def test_keys_on_the_wire():
    for case in TABLE["wire_keys"]:
        given = {"api_key": "k", "privacy": case["privacy"]}
        if case["privacy"] == "encrypt":
            given["encryption_key"] = TABLE["encryption_key"]
        key = case["key"] if "key" in case else base64.b64decode(case["key_base64"])
        assert Wire(read(given)).key(key) == case["wire"], case


def test_the_table_is_not_empty():
    assert len(ROWS) >= 45 and len({row["name"] for row in ROWS}) == len(ROWS)
