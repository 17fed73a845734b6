"""Drives the pipeline for the edge: fetch facts, run commands, mark, answer.

By callbacks: a request costs neither a task nor a future. What arrives in one turn of the event
loop shares one pipeline to the cache and one durable append.
"""

import asyncio
import gc
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from cache_api.edge.express import Express, Had
from cache_api.edge.meter import Meter
from cache_api.gateways import cluster
from cache_api.gateways import door as doors
from cache_api.gateways.cluster import ClusterLane
from cache_api.gateways.config import Config
from cache_api.gateways.embedder_lanes import EmbedderLane
from cache_api.gateways.peers import PeerLane
from cache_api.gateways.tier import TierLane
from cache_api.gateways.valkey import Lane
from cache_api.hot import pipeline
from cache_api.hot.members import CODING
from cache_api.hot.problems import Problem
from cache_api.hot.steps import CACHE, EVENTS, Answer, Asked, Fetch, Replies, Run, Step, refused
from cache_api.hot.verbs import Verb
from cache_api.rules import prices

log = logging.getLogger(__name__)
_KINDS: doors.Kinds[Lane | ClusterLane | PeerLane | TierLane | EmbedderLane] = doors.Kinds(
    cluster.lane, PeerLane, TierLane, EmbedderLane
)
OFF_LOOP_BYTES = 64 * 1024
Reply = Callable[[Answer], None]
FAILED = refused(Problem("overloaded", "Something went wrong on our side. Try again."))


class Service:
    """One edge process, once its event loop runs."""

    def __init__(self, config: Config) -> None:
        door = self.door = doors.build(config, "edge")
        self.region = config.region
        self.others = [one.name for one in config.others]
        self.lanes = doors.lanes(door, _KINDS)
        self.loop = asyncio.get_running_loop()
        cache, events = self.lanes[CACHE], self.lanes[EVENTS]
        assert isinstance(cache, Lane | ClusterLane) and isinstance(events, Lane)
        self.meter = Meter(events, door.spool, door.counters, door.stamp, config.shards)
        self.express = Express(door.snapshot, door.stamp, cache, self.meter)
        self.parsers = ThreadPoolExecutor(1, thread_name_prefix="parse")

    async def start(self) -> None:
        """Connect (a server that is away is tried again later) and begin housekeeping."""
        prices.is_priced("openai", "gpt-4")  # unpacks the price list before any request
        await asyncio.gather(*[lane.connect() for lane in self.lanes.values()])
        self.door.upkeep.start()
        # What is alive now stays; requests leave no cycles, so looking for them can be rare.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)

    async def stop(self) -> None:
        """Everything answered is durable by now; ship what waits and let go."""
        self.meter.close()
        await self.loop.run_in_executor(None, self.door.upkeep.stop)
        await asyncio.gather(*[lane.close() for lane in self.lanes.values()])
        self.parsers.shutdown()

    def answer(
        self, verb: Verb, asked: Asked, reply: Reply, began_ns: int = 0, had: Had | None = None
    ) -> None:
        """Call `reply` with the answer, once its events are durable. Never raises.

        `began_ns`: when it began (`perf_counter_ns`), if not now; `had` need not be asked again.
        """
        _Request(self, verb, asked, reply, began_ns or time.perf_counter_ns(), had).begin()

    async def ask(self, verb: Verb, asked: Asked) -> Answer:
        """The same for whoever can wait."""
        future: asyncio.Future[Answer] = self.loop.create_future()
        self.answer(verb, asked, lambda told: None if future.done() else future.set_result(told))
        return await future

    def can_serve(self) -> bool:
        """Whether keys can be checked: `events` answers, or facts are known."""
        return self.lanes[EVENTS].is_up or not self.door.snapshot.is_empty()


class _Request:
    """One request on its way through the pipeline."""

    __slots__ = (
        "_absorb", "_answer", "_asked", "_began_ns", "_had", "_reply", "_service", "_step", "_verb",
    )  # fmt: skip

    def __init__(
        self, service: Service, verb: Verb, asked: Asked, reply: Reply, began_ns: int,
        had: Had | None,
    ) -> None:  # fmt: skip
        self._service, self._verb, self._asked, self._reply = service, verb, asked, reply
        self._began_ns, self._had = began_ns, had

    def begin(self) -> None:
        """From the start, or again once facts were fetched."""
        first = self._verb, self._asked, self._service.door.snapshot
        asked = self._asked
        if len(asked.body) <= OFF_LOOP_BYTES and CODING not in asked.headers:
            self._go(pipeline.begin, *first)
        else:
            parsing = self._service.parsers.submit(pipeline.begin, *first)
            parsing.add_done_callback(self._parsed)

    def _parsed(self, future: "Future[Step]") -> None:
        self._service.loop.call_soon_threadsafe(self._go, future.result)

    def _go(self, make: Callable[..., Step], *given: Any) -> None:
        """On with the step that is made of what is given."""
        service = self._service
        try:
            step = make(*given)
        except Exception:  # whatever it is, the caller gets a problem document
            log.exception("an answer could not be made")
            service.door.counters.add("failed")
            step = self._verb.voice(FAILED)
        if type(step) is Run:
            self._step = step
            had, self._had = self._had, None
            if had is not None and step.where == CACHE and step.commands == had[0]:
                self._replied(had[1])
            else:
                service.lanes[step.where].send(step.commands, self._replied)
        elif type(step) is Fetch:
            self._absorb = step.absorb
            service.lanes[step.where].send(step.commands, self._fetched)
        else:
            assert type(step) is Answer
            self._answer = step
            if step.learned:
                service.door.snapshot.learn(step.learned, time.time_ns() // 1_000_000)
            if step.events:
                service.meter.mark(step.events, self._marked)
            else:
                self._marked(True)

    def _replied(self, replies: Replies) -> None:
        elapsed_us = (time.perf_counter_ns() - self._began_ns) // 1000
        self._go(pipeline.resume, self._step, replies, self._service.door.stamp, elapsed_us)

    def _fetched(self, replies: Replies) -> None:
        self._absorb(replies)
        self.begin()

    def _marked(self, is_durable: bool) -> None:
        answer = self._answer
        if not is_durable:
            answer = pipeline.unmarked(answer, self._verb, self._asked)
        if answer.alarms:
            self._service.door.counters.alarm(answer.alarms, answer.about)
        pipeline.finish(self._asked)
        self._reply(answer)
        for where, commands in answer.later:
            self._service.lanes[where].later(commands)
