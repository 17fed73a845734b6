"""The embedding model as a lane of either door: replies in time, or None."""

import asyncio
import concurrent.futures
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from cache_api.gateways.embedder import EmbedderThread, Replies
from cache_api.hot.steps import Command

Then = Callable[[Replies | None], None]


class EmbedderLane:
    """As seen from the running event loop."""

    is_up = True  # without a model, nobody is worse off than without this lane

    def __init__(self, thread: EmbedderThread) -> None:
        self._thread = thread
        self._loop = asyncio.get_running_loop()

    def send(self, commands: Sequence[Command], then: Then) -> None:
        """Run commands; `then` gets their replies, or None when there was no answer in time."""
        future = self._thread.submit(commands)
        if future is None:
            then(None)
        else:
            _Ask(self._loop, future, then, self._thread.deadline_s)

    def later(self, commands: Sequence[Command]) -> None:
        """Run commands that nobody waits for."""
        self._thread.submit(commands)

    async def connect(self) -> bool:
        """There is nothing to connect."""
        return True

    async def close(self) -> None:
        """Let go of the thread."""
        self._thread.close()


class _Ask:
    """Somebody who waits, told once."""

    __slots__ = ("_future", "_then", "_timer")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        future: "Future[Replies]",
        then: Then,
        deadline_s: float,
    ) -> None:
        self._future = future
        self._then: Then | None = then
        self._timer = loop.call_later(deadline_s, self._late)
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._told))

    def _told(self) -> None:
        self._timer.cancel()
        self._tell(None if self._future.cancelled() else self._future.result())

    def _late(self) -> None:
        self._future.cancel()
        self._tell(None)

    def _tell(self, replies: Replies | None) -> None:
        then, self._then = self._then, None
        if then is not None:
            then(replies)


class SyncEmbedderLane:
    """As seen from any number of threads."""

    is_up = True

    def __init__(self, thread: EmbedderThread) -> None:
        self._thread = thread

    def run(self, commands: Sequence[Command]) -> Replies | None:
        """Run commands; their replies, or None when there was no answer in time."""
        future = self._thread.submit(commands)
        if future is None:
            return None
        try:
            return future.result(self._thread.deadline_s)
        except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError):
            future.cancel()
            return None

    def later(self, commands: Sequence[Command]) -> None:
        """Run commands that nobody waits for."""
        self._thread.submit(commands)

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.close()
