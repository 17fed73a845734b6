"""The same read in an event loop. The overflow is asked by the same worker threads."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from agentcache_overflow.answer import Answer
from agentcache_overflow.flights import Flight
from agentcache_overflow.race import OVERFLOW, PRIMARY, Primary, Race
from agentcache_overflow.wire import Named

# A primary that goes on after its hedge has won is not anybody's task any more.
_left_alone: "set[asyncio.Future[Any]]" = set()


class AsyncRead:
    """Drives one Race; the arguments are those of `reading.Read`, with a coroutine function."""

    __slots__ = ("_asked", "_call", "_flight", "_has", "_inbox", "_loop", "_own", "_race", "_woken")

    def __init__(
        self,
        primary: Primary,
        named: Named,
        call: Callable[[], Awaitable[Any]],
        has: Callable[[Any], bool],
        own: Callable[[BaseException], bool],
    ) -> None:
        self._call, self._has, self._own = call, has, own
        self._race = Race(primary, named)
        self._loop = asyncio.get_running_loop()
        self._inbox: deque[tuple[str, Any]] = deque()
        self._woken: asyncio.Future[None] | None = None
        self._flight: Flight | None = None
        self._asked: asyncio.Future[Any] | None = None

    async def run(self) -> Answer:
        """The answer. Raises what the primary raised where nobody could help."""
        race = self._race
        todo = race.begin()
        try:
            while True:
                while todo:
                    todo = self._start(todo)
                if race.is_over:
                    break
                todo = await self._wait()
        except asyncio.CancelledError:
            await self._give_up()
            raise
        finally:
            self._part()
        if race.error is not None:
            raise race.error
        assert race.final is not None
        return race.final

    def _start(self, who: str) -> str:
        race = self._race
        core = race.primary.core
        if who == PRIMARY:
            self._asked = self._loop.create_task(self._ask_primary())
            return ""
        known = core.ready(race.named)
        if known is not None:
            return race.heard(known)
        self._flight = core.ask(race.named, race.reason, race.metadata(), self._hear)
        return ""

    async def _ask_primary(self) -> None:
        try:
            value = await self._call()
        except asyncio.CancelledError:
            self._tell(PRIMARY, (None, asyncio.CancelledError()))
            raise
        except BaseException as error:  # noqa: BLE001 - it is the caller's, who gets it
            self._tell(PRIMARY, (None, error))
        else:
            self._tell(PRIMARY, (value, None))

    def _hear(self, found: Answer) -> None:
        with suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(self._tell, OVERFLOW, found)

    def _tell(self, who: str, what: Any) -> None:
        self._inbox.append((who, what))
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    async def _wait(self) -> str:
        race = self._race
        if not self._inbox and not await self._is_woken(self._patience_at()):
            return self._out_of_time()
        who, what = self._inbox.popleft()
        if who == OVERFLOW:
            return race.heard(what) if race.hears else ""
        value, error = what
        if error is None:
            return race.told(value, found=self._has(value))
        if isinstance(error, asyncio.CancelledError):
            raise error
        return race.refused(error) if self._own(error) else race.failed(error)

    async def _is_woken(self, at: float | None) -> bool:
        self._woken = woken = self._loop.create_future()
        timer = None if at is None else self._loop.call_at(at, _ring, woken)
        try:
            await woken
        finally:
            if timer is not None:
                timer.cancel()
        return bool(self._inbox)

    def _patience_at(self) -> float | None:
        """When to wait no longer, by the loop's clock."""
        race, now = self._race, self._loop.time()
        if race.waits_for_silence:
            return now + race.primary.core.threshold_s - race.age_s
        if race.hears and self._flight is not None:
            return now + self._flight.left_s
        return None

    def _out_of_time(self) -> str:
        race, flight = self._race, self._flight
        if race.waits_for_silence:
            return race.still()
        assert flight is not None
        self._flight = None
        return race.heard(race.primary.core.expire(flight))

    async def _give_up(self) -> None:
        """Cancelled: so is the primary's call, as it would have been without us."""
        if self._asked is not None and not self._asked.done():
            self._asked.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._asked

    def _part(self) -> None:
        flight, asked, final = self._flight, self._asked, self._race.final
        if flight is not None:
            if final is not None and final.answered_by == OVERFLOW:
                flight.take()
            self._race.primary.core.leave(flight)
        if asked is not None and not asked.done():
            _left_alone.add(asked)
            asked.add_done_callback(_left_alone.discard)


def _ring(woken: "asyncio.Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)
