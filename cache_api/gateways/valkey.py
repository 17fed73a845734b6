"""Valkey for the edge: everything submitted within one event-loop tick travels as one pipeline.

A lane never raises and never waits longer than its deadline: no answer in time is None. After a
failure it answers None at once for a moment, then connects again by itself.
"""

import asyncio
import contextlib
import logging
import ssl
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from cache_api.gateways import resp
from cache_api.gateways.connection import Batch, Connection, Future, Then, settle
from cache_api.gateways.resp import Address, Command

log = logging.getLogger(__name__)
CONNECT_S = 0.5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0
_READ_ON_S = 0.001


class Lane:
    """One Valkey as seen from the running event loop."""

    def __init__(
        self, name: str, at: str | Address, deadline_s: float, *, tells_refusals: bool = False
    ) -> None:
        """`at`: a URL, or what it says. `tells_refusals`: as with `Batch`. Raises ValueError."""
        self.name, self.failures = name, 0
        self._address = Address.parse(at) if isinstance(at, str) else at
        self._deadline_s, self._tells_refusals = deadline_s, tells_refusals
        self._loop = asyncio.get_running_loop()
        self._connection: Connection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._waiting: list[tuple[int, Then]] = []
        self._payload: list[bytes] = []
        self._queued: list[Batch] = []  # for the connection that is being made
        self._under_way: deque[Batch] = deque()  # by age; answered ones leave when they are met
        self._watch: asyncio.TimerHandle | None = None  # over the oldest of them
        self._paused_until, self._pause_s = 0.0, FIRST_PAUSE_S
        self._closed = False

    @property
    def is_up(self) -> bool:
        """Whether a connection stands."""
        return self._connection is not None

    def send(self, commands: Sequence[Command], then: Then) -> None:
        """Run commands; `then` gets their replies, or None when there was no answer."""
        if not commands:
            then([])
        elif self._takes(resp.pack(commands), len(commands), then):
            self._loop.call_soon(self._flush)

    def send_packed(self, payload: bytes, commands: Sequence[Command], then: Then) -> None:
        """The same for commands (one at least) that were packed before (`resp.pack`)."""
        if self._takes(payload, len(commands), then):
            self._loop.call_soon(self._flush)

    def send_now(self, commands: Sequence[Command], then: Then) -> None:
        """The same, and whatever waits, before the turn of the loop has ended."""
        self._takes(resp.pack(commands), len(commands), then)
        self._flush()

    def later(self, commands: Sequence[Command]) -> None:
        """Run commands that nobody waits for."""
        self.send(commands, _ignore)

    def submit(self, commands: Sequence[Command]) -> Future:
        """The same for whoever awaits: the future holds the replies, or None."""
        future: Future = self._loop.create_future()
        self.send(commands, lambda replies: settle(future, replies))
        return future

    async def connect(self) -> bool:
        """Connect if there is no connection; whether there is one now."""
        if self._connection is None and not self._closed:
            await asyncio.shield(self._start_connecting())
        return self.is_up

    async def close(self) -> None:
        """Let go of the connection; whatever still waits gets None."""
        self._closed = True
        if self._connecting is not None:
            self._connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._connecting
        if self._connection is not None:
            self._connection.abort()
        self._fail_queued()
        if self._watch is not None:
            self._watch.cancel()

    def _takes(self, payload: bytes, number: int, then: Then) -> bool:
        """Put it to what waits; whether it is the first there."""
        if self._connection is None and self._is_pausing():
            then(None)
            return False
        self._payload.append(payload)
        self._waiting.append((number, then))
        return len(self._waiting) == 1

    def _is_pausing(self) -> bool:
        return self._closed or time.monotonic() < self._paused_until

    def _flush(self) -> None:
        if not self._waiting:
            return  # it was sent before the turn ended
        late_at_s = self._loop.time() + self._deadline_s
        batch = Batch(self._waiting, self._payload, late_at_s, self._tells_refusals)
        self._waiting, self._payload = [], []
        self._watch_over(batch)
        if self._connection is not None:
            self._connection.send(batch)
        else:
            self._queued.append(batch)
            self._start_connecting()

    def _watch_over(self, batch: Batch) -> None:
        # One timer for many batches: to set and cancel one for each costs more than to look.
        under_way = self._under_way
        while under_way and under_way[0].is_told:
            under_way.popleft()
        under_way.append(batch)
        if self._watch is None:
            self._watch = self._loop.call_later(self._deadline_s, self._look)

    def _look(self) -> None:
        self._watch, under_way = None, self._under_way
        while under_way and under_way[0].is_told:
            under_way.popleft()
        if not under_way:
            return
        left_s = under_way[0].late_at_s - self._loop.time()
        if left_s > _READ_ON_S:
            self._watch = self._loop.call_later(left_s, self._look)
        else:
            # A loop that was held up runs its timers before it reads: first take what already came.
            self._watch = self._loop.call_later(_READ_ON_S, self._late, under_way[0])

    def _late(self, batch: Batch) -> None:
        if not batch.is_told:
            if batch in self._queued:
                self._queued.remove(batch)
            if self._connection is not None:
                # Its replies may still come; a new connection cannot mistake them for others'.
                self._connection.abort()
            self._pause(f"no answer within {self._deadline_s * 1000:.0f} ms")
            batch.fail()  # last: whoever is told may ask again at once
        self._look()

    def _start_connecting(self) -> "asyncio.Task[None]":
        if self._connecting is None or self._connecting.done():
            self._connecting = self._loop.create_task(self._connect())
        return self._connecting

    async def _connect(self) -> None:
        address = self._address
        context = ssl.create_default_context() if address.tls else None
        try:
            async with asyncio.timeout(CONNECT_S):
                _, connection = await self._loop.create_connection(
                    lambda: Connection(self._lost), address.host, address.port, ssl=context
                )
                await self._greet(connection)
        except (OSError, TimeoutError, resp.ServerRefused) as error:
            self._pause(f"cannot connect: {error or 'timeout'}")
            self._fail_queued()
            return
        self._connection, self._pause_s = connection, FIRST_PAUSE_S
        log.info("%s: connected", self.name)
        for batch in self._queued:
            connection.send(batch)
        self._queued = []

    async def _greet(self, connection: Connection) -> None:
        commands = self._address.greeting()
        future: Future = self._loop.create_future()
        greeting = (len(commands), lambda replies: settle(future, replies))
        connection.send(Batch([greeting], [resp.pack(commands)]))
        if await future is None:
            connection.abort()
            raise resp.ServerRefused("it answers, but refuses this password or database")

    def _lost(self, connection: Connection, why: str) -> None:
        if connection is self._connection:
            self._connection = None
            if not self._closed and not self._is_pausing():
                self._pause(why)

    def _pause(self, why: str) -> None:
        self.failures += 1
        if not self._is_pausing():
            log.warning("%s: %s; trying again in %.2f s", self.name, why, self._pause_s)
            self._paused_until = time.monotonic() + self._pause_s
            self._loop.call_later(self._pause_s, self._connect_again)
            self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)

    def _connect_again(self) -> None:
        if self._connection is None and not self._closed:
            self._start_connecting()

    def _fail_queued(self) -> None:
        queued, self._queued = self._queued, []
        for batch in queued:
            batch.fail()


def _ignore(replies: list[Any] | None) -> None:
    pass
