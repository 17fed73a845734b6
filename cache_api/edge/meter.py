"""Makes events durable before their answer leaves: the stream, else the spool, else a count."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from cache_api.gateways.counters import UNMETERED, Counters
from cache_api.gateways.spool import Spool, SpoolFull
from cache_api.gateways.upkeep import xadds
from cache_api.hot.marks import Stamp
from cache_api.hot.steps import Command, Mark, Replies

log = logging.getLogger(__name__)
Then = Callable[[bool], None]  # whether the events are durable


class Stream(Protocol):
    """The lane to the stream."""

    def send_now(self, commands: Sequence[Command], then: Callable[[Replies], None]) -> None:
        """Run commands at once; `then` gets their replies, or None when there was no answer."""


class Meter:
    """The edge's way to the durable stream. What one turn of the loop brings is one append."""

    def __init__(
        self, lane: Stream, spool: Spool, counters: Counters, stamp: Stamp, shards: int = 1
    ) -> None:
        self._lane, self._spool, self._counters, self._stamp = lane, spool, counters, stamp
        self._shards = shards
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._tick = _Batch(self)
        self._waiting: list[_Batch] = []
        self._is_writing = False
        self._writer: asyncio.Task[None] | None = None

    def mark(self, marked: Sequence[Mark], then: Then) -> None:
        """Call `then(True)` when the events are durable, `then(False)` when they are counted as
        unmetered. Never raises."""
        tick = self._tick
        if not tick.then:
            self._loop.call_soon(self._append)
        tick.then.append(then)
        for seq, raw in marked:
            tick.seqs.append(seq)
            tick.raws.append(raw)

    def close(self) -> None:
        """Wait for what is being written."""
        self._thread.shutdown()

    def spool(self, batch: "_Batch") -> None:
        """The stream did not take this batch."""
        self._waiting.append(batch)
        if not self._is_writing:
            self._is_writing = True
            self._writer = self._loop.create_task(self._write())

    def settle(self, batch: "_Batch", is_durable: bool = True) -> None:
        """Durable or given up: the answers may go."""
        self._stamp.settle(batch.seqs)
        for then in batch.then:
            then(is_durable)

    def _append(self) -> None:
        tick = self._tick
        self._tick = _Batch(self)
        self._lane.send_now(xadds(tick.raws, self._shards), tick.appended)

    async def _write(self) -> None:
        """Group commit: whatever came during one sync goes with the next."""
        while self._waiting:
            batches, self._waiting = self._waiting, []
            raws = [raw for batch in batches for raw in batch.raws]
            is_durable = True
            try:
                await self._loop.run_in_executor(self._thread, self._spool.append, raws)
            except SpoolFull as error:
                log.error("spool: %s; %d answers go out unmetered", error, len(raws))
                self._counters.add(UNMETERED, len(raws))
                is_durable = False
            for batch in batches:
                self.settle(batch, is_durable)
        self._is_writing = False


class _Batch:
    """Events that travel together, and what happens once they are durable."""

    __slots__ = ("_meter", "raws", "seqs", "then")

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.raws: list[bytes] = []
        self.seqs: list[int] = []
        self.then: list[Then] = []

    def appended(self, replies: Replies) -> None:
        """The stream's word."""
        if replies is None:
            self._meter.spool(self)
        else:
            self._meter.settle(self)
