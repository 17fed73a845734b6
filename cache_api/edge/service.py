"""Drives the pipeline for the edge: fetch facts, run commands, mark, answer."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from cache_api.edge.meter import Meter
from cache_api.gateways import door as doors
from cache_api.gateways.config import Config
from cache_api.gateways.valkey import Lane
from cache_api.hot.admit import Headers
from cache_api.hot.conclude import conclude
from cache_api.hot.plan import plan_lookup, plan_store
from cache_api.hot.snapshot import Snapshot
from cache_api.hot.steps import Answer, Fetch, Run, Step
from cache_api.rules import prices

OFF_LOOP_BYTES = 64 * 1024
Plan = Callable[[bytes, Headers, Snapshot, int], Step]


class Service:
    """One edge process, once its event loop runs."""

    def __init__(self, config: Config) -> None:
        self._door = doors.build(config, "edge")
        self.counters = self._door.counters
        self.region = config.region
        self.cache = Lane("cache", config.cache_url, config.deadline_s)
        self.events = Lane("events", config.events_url, config.deadline_s)
        self._meter = Meter(self.events, self._door.spool, self.counters, self._door.stamp)
        self._parsers = ThreadPoolExecutor(1, thread_name_prefix="parse")

    async def start(self) -> None:
        """Connect (a server that is away is tried again later) and begin housekeeping."""
        prices.is_priced("openai", "gpt-4")  # unpacks the price list before any request
        await asyncio.gather(self.cache.connect(), self.events.connect())
        self._door.upkeep.start()

    async def stop(self) -> None:
        """Everything answered is durable by now; ship what waits and let go."""
        loop = asyncio.get_running_loop()
        self._meter.close()
        await loop.run_in_executor(None, self._door.upkeep.stop)
        await asyncio.gather(self.cache.close(), self.events.close())
        self._parsers.shutdown()

    async def lookup(self, body: bytes, headers: Headers) -> Answer:
        """POST /api/overflow."""
        return await self._drive(plan_lookup, body, headers)

    async def store(self, body: bytes, headers: Headers) -> Answer:
        """POST /api/overflow/store."""
        return await self._drive(plan_store, body, headers)

    def can_serve(self) -> bool:
        """Whether keys can be checked: `events` answers, or facts are known."""
        return self.events.is_up or not self._door.snapshot.is_empty()

    async def _drive(self, plan: Plan, body: bytes, headers: Headers) -> Answer:
        began_ns = time.perf_counter_ns()
        now_ms = time.time_ns() // 1_000_000
        step = await self._plan(plan, body, headers, now_ms)
        while type(step) is not Answer:
            if type(step) is Fetch:
                await self._fetch(step, now_ms)
                step = await self._plan(plan, body, headers, now_ms)
                continue
            assert type(step) is Run
            replies = await self.cache.submit(step.commands)
            elapsed_us = (time.perf_counter_ns() - began_ns) // 1000
            step = conclude(step, replies, self._door.stamp, elapsed_us)
        if step.event is not None:
            await self._meter.mark(step.event)
        if step.alarms:
            self.counters.alarm(step.alarms, step.about)
        return step

    async def _plan(self, plan: Plan, body: bytes, headers: Headers, now_ms: int) -> Step:
        arguments = (body, headers, self._door.snapshot, now_ms)
        if len(body) <= OFF_LOOP_BYTES:
            return plan(*arguments)
        return await asyncio.get_running_loop().run_in_executor(self._parsers, plan, *arguments)

    async def _fetch(self, step: Fetch, now_ms: int) -> None:
        replies = await self.events.submit([(b"GET", name) for name in step.names])
        if replies is None:
            self._door.snapshot.outage(now_ms)
        else:
            self._door.snapshot.absorb(step.names, replies, now_ms)
