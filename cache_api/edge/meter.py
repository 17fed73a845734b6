"""Makes an event durable before its answer leaves: the stream, else the spool, else a count."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from cache_api.gateways.counters import UNMETERED, Counters
from cache_api.gateways.spool import Spool, SpoolFull
from cache_api.gateways.upkeep import xadd
from cache_api.gateways.valkey import Lane
from cache_api.hot.marks import Stamp
from cache_api.rules import events
from cache_api.rules.events import UsageEvent

log = logging.getLogger(__name__)


class Meter:
    """The edge's way to the durable stream."""

    def __init__(self, lane: Lane, spool: Spool, counters: Counters, stamp: Stamp) -> None:
        self._lane, self._spool, self._counters, self._stamp = lane, spool, counters, stamp
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._waiting: list[tuple[bytes, asyncio.Future[bool]]] = []
        self._is_writing = False
        self._writer: asyncio.Task[None] | None = None

    async def mark(self, event: UsageEvent) -> None:
        """Return when the event is durable, or counted as unmetered. Never raises."""
        raw = events.encode(event)
        in_stream = await self._lane.submit([xadd(raw)]) is not None
        if not in_stream and not await self._to_spool(raw):
            self._counters.add(UNMETERED)
        self._stamp.settle(event.seq)

    def close(self) -> None:
        """Wait for what is being written."""
        self._thread.shutdown()

    async def _to_spool(self, raw: bytes) -> bool:
        future: asyncio.Future[bool] = self._loop.create_future()
        self._waiting.append((raw, future))
        if not self._is_writing:
            self._is_writing = True
            self._writer = self._loop.create_task(self._write())
        return await future

    async def _write(self) -> None:
        """Group commit: whatever came during one sync goes with the next."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            raws = [raw for raw, _ in batch]
            try:
                await self._loop.run_in_executor(self._thread, self._spool.append, raws)
                is_durable = True
            except SpoolFull as error:
                log.error("spool: %s; %d answers go out unmetered", error, len(raws))
                is_durable = False
            for _, future in batch:
                if not future.done():
                    future.set_result(is_durable)
        self._is_writing = False
