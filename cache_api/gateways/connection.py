"""One asyncio connection to a Valkey: batches out, replies back to whoever asked."""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import hiredis

from cache_api.gateways import resp

Replies = list[Any]
Future = asyncio.Future["Replies | None"]
Then = Callable[["Replies | None"], None]
_REFUSED = hiredis.ReplyError


def settle(future: Future, replies: Replies | None) -> None:
    """Hand replies to whoever awaits them, if anybody still does."""
    if not future.done():
        future.set_result(replies)


class Batch:
    """Submissions that travel together: who waits for them, and the replies so far."""

    __slots__ = ("late_at_s", "payload", "replies", "tells_refusals", "waiting", "wanted")

    def __init__(
        self,
        waiting: list[tuple[int, Then]],
        payload: list[bytes],
        late_at_s: float = math.inf,
        tells_refusals: bool = False,
    ) -> None:
        """`late_at_s`: by the loop's clock, when nobody waits for it any longer.

        `tells_refusals`: a refused command's reply is the refusal, and not None for all of them.
        """
        self.waiting, self.payload, self.late_at_s = waiting, payload, late_at_s
        self.tells_refusals = tells_refusals
        self.wanted = sum([size for size, _ in waiting])
        self.replies: Replies = []

    @property
    def is_told(self) -> bool:
        """Whether whoever waited has got an answer."""
        return not self.waiting

    def finish(self) -> None:
        """Hand each submission its own replies; None where the server refused a command."""
        start, tells_refusals = 0, self.tells_refusals
        for size, then in self._told_once():
            replies = self.replies[start : start + size]
            start += size
            for reply in replies:
                if type(reply) is _REFUSED and not tells_refusals:
                    then(None)
                    break
            else:
                then(replies)

    def fail(self) -> None:
        """Nobody gets an answer."""
        for _, then in self._told_once():
            then(None)

    def _told_once(self) -> list[tuple[int, Then]]:
        # A batch that was given up may still be answered, and the other way round.
        waiting, self.waiting = self.waiting, []
        return waiting


class Connection(asyncio.Protocol):
    """Writes batches in order and matches replies to them. `on_lost` is told once when it ends."""

    def __init__(self, on_lost: Callable[["Connection", str], None]) -> None:
        self._on_lost = on_lost
        self._reader = resp.reader()
        self._batches: deque[Batch] = deque()
        self._transport: asyncio.WriteTransport | None = None

    def send(self, batch: Batch) -> None:
        """Write a batch; whoever waits is told when its last reply is there."""
        self._batches.append(batch)
        if self._transport is None:
            batch.fail()
        else:
            self._transport.write(b"".join(batch.payload))

    def abort(self) -> None:
        """End the connection at once; whatever waits gets None."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the connection stands."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes came; hand out every complete reply."""
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not resp.INCOMPLETE:
                batch = self._batches[0]
                batch.replies.append(reply)
                if len(batch.replies) == batch.wanted:
                    self._batches.popleft()
                    batch.finish()
        except (hiredis.ProtocolError, IndexError):
            self.abort()  # not the protocol we speak: nothing on this connection can be trusted

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: the connection ended."""
        self._transport = None
        batches, self._batches = self._batches, deque()
        self._on_lost(self, str(exc or "closed by the server"))
        for batch in batches:  # last: whoever is told may ask again at once
            batch.fail()
