"""The express way: what was told before on this edge, told again with as little as possible.

A hit: one object a request. What it does is what the pipeline would: `repeats.Told` says whether
the same may be told and makes the new event; a request that needs anything else takes the ordinary
way, at the start or, with the replies that it has, in the middle.

A refusal for asking too often: no object at all, so that a flood takes little from its neighbours.
"""

from collections.abc import Sequence
from time import perf_counter_ns, time_ns
from typing import Any, Protocol

from cache_api.edge.heads import Head
from cache_api.edge.http import framed, whole
from cache_api.edge.meter import Meter
from cache_api.gateways import resp
from cache_api.gateways.cluster import StoreLane
from cache_api.hot import admit, pipeline
from cache_api.hot.admit import Caller
from cache_api.hot.limits import Gate
from cache_api.hot.marks import Stamp
from cache_api.hot.snapshot import Snapshot
from cache_api.hot.steps import Command, Replies
from cache_api.hot.verbs.repeats import Told, told_before

Had = tuple[Sequence[Command], Replies]  # commands that were run, and what came back


class Asker(Protocol):
    """The connection that a request came by."""

    cycle: Any

    def common(self) -> bytes:
        """Header lines that every answer has."""

    def complete(self, cycle: Any, data: bytes) -> None:
        """Write the whole answer, if anybody still waits for it."""

    def go_ordinary(self, head: Head, body: bytes, hit: "Hit", had: Had) -> None:
        """Answer it the ordinary way; `had` need not be asked again."""


class Express:
    """One edge's express way."""

    def __init__(self, snapshot: Snapshot, stamp: Stamp, cache: StoreLane, meter: Meter) -> None:
        self.snapshot, self.stamp, self.cache, self.meter = snapshot, stamp, cache, meter

    def take(self, asker: Asker, head: Head, body: bytes) -> bool:
        """Whether this request goes this way; then it has begun. Otherwise nothing has happened."""
        now_ms = time_ns() // 1_000_000
        heard = head.heard
        who = admit.decided(self.snapshot, heard.caller, now_ms)
        if who is None or head.is_traced:
            return False
        gate = who.gate
        if gate is not None and not gate.is_open(now_ms):
            return self._refuse(asker, head, who, now_ms)
        if who.partner.quotas:
            return False
        told = told_before(who, heard, body)
        if told is None or not told.suits(who, now_ms):
            return False
        if not told.packed:
            told.packed = resp.pack(told.commands)
        hit = Hit(self, asker, head, body, told, now_ms)
        if gate is not None:
            gate.enter(hit)
        asker.cycle = hit
        self.cache.send_packed(told.packed, told.commands, hit.replied)
        return True

    def _refuse(self, asker: Asker, head: Head, who: Caller, now_ms: int) -> bool:
        """Answer a caller whom the gate bars; False where the gate has to ask first."""
        gate = who.gate
        assert gate is not None
        bar = gate.bar(now_ms)
        if bar is None:
            return False
        kept = head.barred
        if kept is None or kept[0] is not who or kept[1] != bar:
            kept = head.barred = (who, bar, pipeline.barred(head.verb, who, bar))
        answer = kept[2]
        fields = asker.common() + gate.fields(now_ms)
        # The request before this one is complete: its cycle says all that the connection must know.
        asker.complete(asker.cycle, whole(answer, fields, keep_alive=True))
        return True


class HungUp:
    """What uvicorn sets when a client hangs up; `disconnected` says it when the answer is ready."""

    def set(self) -> None:
        """Nobody waits for it."""


class Hit:
    """One request on this way; to uvicorn's protocol it looks like a cycle of its own."""

    __slots__ = (
        "_asker", "_body", "_elapsed_us", "_express", "_fields", "_head", "_named", "_told",
        "began_ns", "disconnected", "gate", "keep_alive", "message_event", "now_ms",
        "response_complete",
    )  # fmt: skip

    def __init__(
        self, express: Express, asker: Asker, head: Head, body: bytes, told: Told, now_ms: int
    ) -> None:
        self._express, self._asker, self._told = express, asker, told
        self._head, self._body, self.now_ms = head, body, now_ms
        self.began_ns = perf_counter_ns()
        self.gate: Gate | None = None
        self.message_event = _HUNG_UP
        self.response_complete, self.disconnected, self.keep_alive = False, False, True

    def replied(self, replies: Replies) -> None:
        """The store's word."""
        told, express = self._told, self._express
        if not told.holds(replies, express.stamp):
            had = (told.commands, replies)
            self._asker.go_ordinary(self._head, self._body, self, had)
            return
        self._elapsed_us = (perf_counter_ns() - self.began_ns) // 1000
        mark, self._named = told.mark(self._elapsed_us)
        self._fields = told.lines.at(self.now_ms, self._elapsed_us)
        if self.gate is not None:
            self._fields += self.gate.fields(self.now_ms)
        express.meter.mark((mark,), self.durable)

    def durable(self, _is_durable: bool) -> None:
        """Its event is safe, or counted as unmetered: a hit goes either way."""
        tell, asker = self._told.tell, self._asker
        if self.gate is not None:
            self.gate.leave()
        body = tell.body(self._named, self._elapsed_us)
        fields = asker.common() + self._fields + tell.line(self._named)
        asker.complete(self, framed(200, tell.content_type, fields, body, self.keep_alive))


_HUNG_UP = HungUp()
