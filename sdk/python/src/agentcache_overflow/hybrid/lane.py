"""Where calls to a vector database run: beside the caller, for a bounded time, a bounded number.

A database that hangs keeps a daemon thread of ours, never the caller and never the end of the
process. After failures it is not asked for a while.
"""

import asyncio
import inspect
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

from agentcache_overflow.breaker import Breaker


class Unavailable(Exception):
    """A call that was not made, or has not come back. `why`: "busy", "breaker_open", "deadline"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Call(Future):  # type: ignore[type-arg]
    """One call under way. A late one is over for its caller; how it ends counts no more."""

    is_late = False


class Lane:
    """`deadline_s` for one call, `width` calls at a time; a breaker as the overflow's own."""

    def __init__(self, deadline_s: float, width: int = 32) -> None:
        self._deadline_s, self._width = deadline_s, width
        self._breaker = Breaker()
        self._lock = threading.Lock()
        self._running = 0

    def call(self, verb: Callable[..., Any], *arguments: Any) -> Any:
        """What the verb gives. Raises Unavailable, or what the verb raises."""
        call = self.start(verb, *arguments)
        if not wait([call], self._deadline_s).done:
            raise self._late(call)
        return call.result()

    async def call_async(self, verb: Callable[..., Any], *arguments: Any) -> Any:
        """The same without blocking the loop; the verb may be a coroutine function."""
        if inspect.iscoroutinefunction(verb):
            return await self._awaited(verb, arguments)
        call = self.start(verb, *arguments)
        future = asyncio.wrap_future(call)
        future.add_done_callback(lambda each: each.cancelled() or each.exception())
        done, _ = await asyncio.wait([future], timeout=self._deadline_s)
        if not done:
            raise self._late(call)
        return future.result()

    async def _awaited(self, verb: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        self._enter()
        well = False
        task = asyncio.ensure_future(verb(*arguments))
        try:
            done, _ = await asyncio.wait([task], timeout=self._deadline_s)
            if not done:
                raise Unavailable("deadline")
            given = task.result()
            well = True
        finally:
            task.cancel()
            self._leave(well)
        return given

    def start(self, verb: Callable[..., Any], *arguments: Any) -> Call:
        """Begin a call and do not wait. Raises Unavailable."""
        self._enter()
        call = Call()
        call.set_running_or_notify_cancel()
        thread = threading.Thread(
            target=self._run, args=(call, verb, arguments), name="agentcache-vectors", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # no more threads, or the interpreter is ending
            self._leave(False)
            raise Unavailable("busy") from None
        return call

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing runs; whether that came in time."""
        end = time.monotonic() + timeout_s
        while self._running:
            if time.monotonic() >= end:
                return False
            time.sleep(0.005)
        return True

    def _run(self, call: Call, verb: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        try:
            given = verb(*arguments)
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is read
            self._leave(None if call.is_late else False)
            call.set_exception(error)
        else:
            self._leave(None if call.is_late else True)
            call.set_result(given)

    def _late(self, call: Call) -> Unavailable:
        call.is_late = True
        self._note(False)
        return Unavailable("deadline")

    def _enter(self) -> None:
        if self._running >= self._width:
            raise Unavailable("busy")
        if not self._breaker.admits():
            raise Unavailable("breaker_open")
        with self._lock:
            self._running += 1

    def _leave(self, well: bool | None) -> None:
        with self._lock:
            self._running -= 1
        if well is not None:
            self._note(well)

    def _note(self, well: bool) -> None:
        if well:
            self._breaker.succeeded()
        else:
            self._breaker.failed("error")
