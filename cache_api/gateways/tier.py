"""The second tier for the edge: a lane like a Valkey's, and a queue for what nobody waits for.

A lane never raises and never waits longer than its deadline: no answer in time is None. What is
written behind an answer waits in a bounded queue; what does not fit is dropped and counted.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from cache_api.gateways.breaker import Breaker
from cache_api.gateways.cluster import StoreLane
from cache_api.gateways.counters import Counters
from cache_api.gateways.tier_store import NoRoom, TierStore, failures
from cache_api.hot import sieve, tier

log = logging.getLogger(__name__)
DROPPED, FAILED = "tier_dropped", "tier_failed"
MOST_UNDER_WAY, WRITERS = 256, 4
QUEUE_ITEMS, QUEUE_BYTES = 1_000, 16 * 1024 * 1024
DRAIN_S = 2.0
_PAUSE_S = 0.05
Command = tuple[bytes, ...]
Then = Callable[[list[Any] | None], None]


def size_of(commands: Sequence[Command]) -> int:
    """Bytes a queue holds for these."""
    return sum([len(part) for command in commands for part in command])


def written(commands: Sequence[Command]) -> list[bytes]:
    """Names that these put something under."""
    return [command[1] for command in commands if command[0] == b"SET"]


class TierLane:
    """The tier as seen from the running event loop."""

    def __init__(
        self, store: TierStore, memory: StoreLane, deadline_s: float, counters: Counters
    ) -> None:
        self._store, self._memory = store, memory
        self._deadline_s, self._counters = deadline_s, counters
        self._loop = asyncio.get_running_loop()
        self._breaker = Breaker()
        self._under_way: set[asyncio.Task[None]] = set()
        self._queue: deque[Sequence[Command]] = deque()
        self._queued_bytes = 0
        self._writers: set[asyncio.Task[None]] = set()

    @property
    def is_up(self) -> bool:
        """Whether it is asked at all right now."""
        return not self._breaker.is_open(time.monotonic())

    def send(self, commands: Sequence[Command], then: Then) -> None:
        """Run commands; `then` gets their replies, or None when there was no answer in time."""
        if not self.is_up or len(self._under_way) >= MOST_UNDER_WAY:
            then(None)
            return
        ask = _Ask(self, then)
        ask.timer = self._loop.call_later(self._deadline_s, ask.late)
        task = self._loop.create_task(self._answer(commands, ask))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def later(self, commands: Sequence[Command]) -> None:
        """Run commands that nobody waits for, when there is time."""
        size = size_of(commands)
        if len(self._queue) >= QUEUE_ITEMS or self._queued_bytes + size > QUEUE_BYTES:
            self._counters.add(DROPPED)
            return
        self._queue.append(commands)
        self._queued_bytes += size
        if len(self._writers) < WRITERS:
            task = self._loop.create_task(self._write())
            self._writers.add(task)
            task.add_done_callback(self._writers.discard)

    async def connect(self) -> bool:
        """There is nothing to connect."""
        return True

    async def close(self) -> None:
        """Write what waits, for two seconds at most."""
        if self._writers:
            _, late = await asyncio.wait(self._writers, timeout=DRAIN_S)
            for task in late:
                task.cancel()
        self._counters.add(DROPPED, len(self._queue))

    def failed(self) -> None:
        """One more failure; enough of them in a row and the tier is left alone for a while."""
        self._counters.add(FAILED)
        if self._breaker.failed(time.monotonic()):
            log.warning("tier: does not answer; left alone for a while")

    async def _answer(self, commands: Sequence[Command], ask: "_Ask") -> None:
        replies = await self._run(commands)
        if ask.tell(replies) and replies is not None:
            self._breaker.succeeded()

    async def _run(self, commands: Sequence[Command]) -> list[Any] | None:
        added = sieve.additions(self._store.sieves, written(commands))
        if added and await self._memory.submit(added) is None:
            return None  # a value that the filter does not know would not be found
        try:
            return await asyncio.gather(*[self._one(command) for command in commands])
        except NoRoom:
            return None  # it still reads
        except failures() as error:
            log.warning("tier: %s", type(error).__name__)
            self.failed()
            return None

    def _one(self, command: Command) -> Any:
        name = command[1].decode("ascii")
        if command[0] == b"GET":
            return self._store.get(name, time.time_ns() // 1_000_000)
        if command[0] == b"DEL":
            return self._store.delete(name)
        return self._store.put(name, command[2], int(command[4]))

    async def _write(self) -> None:
        while self._queue:
            while not self.is_up:
                await asyncio.sleep(_PAUSE_S)
            if not self._queue:
                return
            commands = self._queue.popleft()
            self._queued_bytes -= size_of(commands)
            if await self._run(commands) is None:
                self._counters.add(DROPPED)
            else:
                self._breaker.succeeded()
                await self._check(commands)

    async def _check(self, commands: Sequence[Command]) -> None:
        """What memory does not hold any more was replaced or purged meanwhile (`hot.tier`)."""
        late = tier.outdated(commands, await self._memory.submit(tier.checks(commands)))
        while late and await self._run(late) is None:
            await asyncio.sleep(_PAUSE_S)


class _Ask:
    """Somebody who waits, told once."""

    __slots__ = ("_lane", "_then", "timer")

    def __init__(self, lane: TierLane, then: Then) -> None:
        self._lane = lane
        self._then: Then | None = then
        self.timer: asyncio.TimerHandle | None = None

    def tell(self, replies: list[Any] | None) -> bool:
        """Hand the replies over; False when it was too late for that."""
        then, self._then = self._then, None
        if then is None:
            return False
        if self.timer is not None:
            self.timer.cancel()
        then(replies)
        return True

    def late(self) -> None:
        """The deadline has passed."""
        if self._then is not None:
            self._lane.failed()
            self.tell(None)
