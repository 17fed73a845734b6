"""Drives the pipeline from a thread: the blocking twin of the edge's service, for the DRF door."""

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable

from cache_api.gateways import config
from cache_api.gateways import door as doors
from cache_api.gateways.counters import UNMETERED
from cache_api.gateways.spool import SpoolFull
from cache_api.gateways.upkeep import xadd
from cache_api.gateways.valkey_sync import SyncLane
from cache_api.hot.admit import Headers
from cache_api.hot.conclude import conclude
from cache_api.hot.plan import plan_lookup, plan_store
from cache_api.hot.snapshot import Snapshot
from cache_api.hot.steps import Answer, Fetch, Run, Step
from cache_api.rules import events, prices
from cache_api.rules.events import UsageEvent

log = logging.getLogger(__name__)
Plan = Callable[[bytes, Headers, Snapshot, int], Step]


class BlockingService:
    """One web process's way into the pipeline. Any number of threads."""

    def __init__(self, settings: config.Config) -> None:
        self._door = doors.build(settings, "web")
        self._cache = SyncLane("cache", settings.cache_url, settings.deadline_s)
        self._events = SyncLane("events", settings.events_url, settings.deadline_s)

    def start(self) -> None:
        """Begin housekeeping."""
        prices.is_priced("openai", "gpt-4")  # unpacks the price list once
        self._door.upkeep.start()

    def stop(self) -> None:
        """Ship what waits and say goodbye."""
        self._door.upkeep.stop()

    def lookup(self, body: bytes, headers: Headers) -> Answer:
        """POST /api/overflow."""
        return self._drive(plan_lookup, body, headers)

    def store(self, body: bytes, headers: Headers) -> Answer:
        """POST /api/overflow/store."""
        return self._drive(plan_store, body, headers)

    def health(self) -> dict[str, str]:
        """What answers right now, and where."""
        ping = [(b"PING",)]
        parts = {
            "cache": self._cache.run(ping) is not None,
            "metering": self._events.run(ping) is not None,
        }
        told = {name: "ok" if is_up else "unavailable" for name, is_up in parts.items()}
        status = "ok" if all(parts.values()) else "degraded"
        return {"status": status, "region": self._door.config.region, **told}

    def _drive(self, plan: Plan, body: bytes, headers: Headers) -> Answer:
        began_ns = time.perf_counter_ns()
        now_ms = time.time_ns() // 1_000_000
        door = self._door
        step = plan(body, headers, door.snapshot, now_ms)
        while type(step) is not Answer:
            if type(step) is Fetch:
                self._fetch(step, now_ms)
                step = plan(body, headers, door.snapshot, now_ms)
                continue
            assert type(step) is Run
            replies = self._cache.run(step.commands)
            elapsed_us = (time.perf_counter_ns() - began_ns) // 1000
            step = conclude(step, replies, door.stamp, elapsed_us)
        if step.event is not None:
            self._mark(step.event)
        if step.alarms:
            door.counters.alarm(step.alarms, step.about)
        return step

    def _fetch(self, step: Fetch, now_ms: int) -> None:
        replies = self._events.run([(b"GET", name) for name in step.names])
        if replies is None:
            self._door.snapshot.outage(now_ms)
        else:
            self._door.snapshot.absorb(step.names, replies, now_ms)

    def _mark(self, event: UsageEvent) -> None:
        """Durable before answered: the stream, else the spool, else a count."""
        raw = events.encode(event)
        if self._events.run([xadd(raw)]) is None:
            try:
                self._door.spool.append([raw])
            except SpoolFull as error:
                log.error("spool: %s; an answer goes out unmetered", error)
                self._door.counters.add(UNMETERED)
        self._door.stamp.settle(event.seq)


_service: tuple[int, BlockingService] | None = None
_making = threading.Lock()


def service() -> BlockingService:
    """This process's service, made on first use (after a fork, so never shared with a parent).

    Raises config.BadConfig.
    """
    global _service
    known = _service
    if known is not None and known[0] == os.getpid():
        return known[1]
    with _making:
        if _service is None or _service[0] != os.getpid():
            made = BlockingService(config.load())
            made.start()
            atexit.register(made.stop)
            _service = (os.getpid(), made)
        return _service[1]
