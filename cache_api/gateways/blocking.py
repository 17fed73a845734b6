"""Drives the pipeline from a thread: the blocking twin of the edge's service, for the DRF door."""

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from cache_api.gateways import cluster_sync, config
from cache_api.gateways import door as doors
from cache_api.gateways.cluster_sync import SyncClusterLane
from cache_api.gateways.counters import UNMETERED
from cache_api.gateways.embedder_lanes import SyncEmbedderLane
from cache_api.gateways.peers import SyncPeerLane
from cache_api.gateways.spool import SpoolFull
from cache_api.gateways.tier_sync import SyncTierLane
from cache_api.gateways.upkeep import xadds
from cache_api.gateways.valkey_sync import SyncLane
from cache_api.hot import pipeline
from cache_api.hot.facts import KeyFacts
from cache_api.hot.snapshot import Snapshot
from cache_api.hot.steps import CACHE, EVENTS, TIER, Answer, Asked, Fetch, Mark, Run, Step
from cache_api.hot.verbs import Verb
from cache_api.rules import prices

log = logging.getLogger(__name__)
_KINDS: doors.Kinds[SyncLane | SyncClusterLane | SyncPeerLane | SyncTierLane | SyncEmbedderLane] = (
    doors.Kinds(cluster_sync.lane, SyncPeerLane, SyncTierLane, SyncEmbedderLane)
)


class BlockingService:
    """One web process's way into the pipeline. Any number of threads."""

    def __init__(self, settings: config.Config) -> None:
        self._door = doors.build(settings, "web")
        self._lanes = doors.lanes(self._door, _KINDS)

    def start(self) -> None:
        """Begin housekeeping."""
        prices.is_priced("openai", "gpt-4")  # unpacks the price list once
        self._door.upkeep.start()

    def stop(self) -> None:
        """Ship what waits and say goodbye."""
        for lane in self._lanes.values():
            lane.close()
        self._door.upkeep.stop()

    def health(self) -> dict[str, str]:
        """What answers right now, and where."""
        ping = [(b"PING",)]
        parts = {
            "cache": self._lanes[CACHE].run(ping) is not None,
            "metering": self._lanes[EVENTS].run(ping) is not None,
        }
        if (tier := self._lanes.get(TIER)) is not None:
            parts["tier"] = tier.is_up
        told = {name: "ok" if is_up else "unavailable" for name, is_up in parts.items()}
        status = "ok" if all(parts.values()) else "degraded"
        if self._door.snapshot.is_drained:
            status = "drained"
        told["semantic"] = self._door.embedder.word
        return {"status": status, "region": self._door.config.region, **told}

    def answer(self, verb: Verb, asked: Asked) -> Answer:
        """The answer of a verb, its events durable."""
        try:
            return self._answer(partial(pipeline.begin, verb), verb, asked)
        finally:
            pipeline.finish(asked)

    def answer_for(self, key: KeyFacts, verb: Verb, asked: Asked) -> Answer:
        """The answer to somebody whom the portal knows, as if asked with this key."""
        return self._answer(partial(pipeline.begin_for, key, verb), verb, asked)

    def _answer(self, begin: Callable[[Asked, Snapshot], Step], verb: Verb, asked: Asked) -> Answer:
        began_ns = time.perf_counter_ns()
        door = self._door
        step = begin(asked, door.snapshot)
        while type(step) is not Answer:
            if type(step) is Fetch:
                step.absorb(self._lanes[step.where].run(step.commands))
                step = begin(asked, door.snapshot)
                continue
            assert type(step) is Run
            replies = self._lanes[step.where].run(step.commands)
            elapsed_us = (time.perf_counter_ns() - began_ns) // 1000
            step = pipeline.resume(step, replies, door.stamp, elapsed_us)
        if step.learned:
            door.snapshot.learn(step.learned, time.time_ns() // 1_000_000)
        if step.events and not self._mark(step.events):
            step = pipeline.unmarked(step, verb, asked)
        if step.alarms:
            door.counters.alarm(step.alarms, step.about)
        for where, commands in step.later:
            self._lanes[where].later(commands)
        return step

    def _mark(self, marked: Sequence[Mark]) -> bool:
        """Durable before answered: the stream, else the spool, else a count (then False)."""
        raws = [raw for _, raw in marked]
        is_durable = True
        if self._lanes[EVENTS].run(xadds(raws, self._door.config.shards)) is None:
            try:
                self._door.spool.append(raws)
            except SpoolFull as error:
                log.error("spool: %s; %d answers go out unmetered", error, len(raws))
                self._door.counters.add(UNMETERED, len(raws))
                is_durable = False
        self._door.stamp.settle([seq for seq, _ in marked])
        return is_durable


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
