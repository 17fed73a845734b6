"""The usage event of one answer: its id, its place in the process's sequence, its numbers."""

import hashlib
import threading
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cache_api.hot.admit import Caller
from cache_api.hot.members import Common
from cache_api.hot.steps import Mark
from cache_api.rules import events
from cache_api.rules.events import UsageEvent
from tenants.rules import ids

WINDOW_MS = 15 * 60 * 1000
_UUID_LENGTHS = frozenset({32, 36})


class Stamp:
    """What one process writes on its events, and how far their row is unbroken. Thread-safe."""

    def __init__(self, boot_id: uuid.UUID, region: str) -> None:
        self.boot_id, self.region = boot_id, region
        self._lock = threading.Lock()
        self._last_seq = 0
        # For people: how many answers of each kind, hits from elsewhere by where ("hit:tier").
        self.answers = Counter[str]()
        self._open: set[int] = set()

    def next_seq(self) -> int:
        """The next place in the row; `settle` it once the event is durable (or given up)."""
        with self._lock:
            self._last_seq += 1
            self._open.add(self._last_seq)
            return self._last_seq

    def count(self, outcome: str, reason: str) -> None:
        """One more answer. Approximate where threads share a process."""
        self.answers[f"hit:{reason}" if reason and outcome == "hit" else outcome] += 1

    def settle(self, seqs: Iterable[int]) -> None:
        """These events are in the stream or the spool, or counted as unmetered."""
        with self._lock:
            self._open.difference_update(seqs)

    def settled_through(self) -> int:
        """The highest number up to which every event is settled."""
        with self._lock:
            return min(self._open) - 1 if self._open else self._last_seq


@dataclass(slots=True)
class Subject:
    """Who asked for what: the part of a mark that is known before the store answers."""

    who: Caller
    customer: str
    common: Common
    kind: Any  # "lookup" | "store" | "feedback"
    digest: str  # request digest, or "key:" and the caller's key
    provider: str
    model: str
    now_ms: int
    request_id: str = ""  # what the answer repeats: the caller's own, else its trace
    similarity_bps: int = 0  # of a semantic hit, in 1/10,000


def event(
    subject: Subject,
    stamp: Stamp,
    elapsed_us: int | None,
    *,
    event_id: uuid.UUID | None = None,
    **numbers: Any,
) -> UsageEvent:
    """The event. `numbers` are the members only the outcome tells (outcome, tokens, bytes, …)."""
    who, common = subject.who, subject.common
    stamp.count(numbers["outcome"], numbers.get("reason", ""))
    return UsageEvent(
        event_id=event_id or event_id_of(subject),
        partner_id=who.partner.partner_id,
        customer=subject.customer,
        kind=subject.kind,
        livemode=who.key.livemode,
        boot_id=stamp.boot_id,
        seq=stamp.next_seq(),
        key_id=who.key.key_id,
        provider=printable(subject.provider),
        model=printable(subject.model),
        namespace=common.namespace,
        tags=common.tags,
        primary_cache=common.primary_cache,
        overflow_reason=common.overflow_reason,
        primary_latency_us=common.primary_latency_us,
        latency_us=elapsed_us,
        region=stamp.region,
        sdk=common.sdk,
        **numbers,
    )


def mark(event: UsageEvent) -> Mark:
    """The event as a door makes it durable."""
    return event.seq, events.encode(event)


def event_id_of(subject: Subject) -> uuid.UUID:
    """A retry with the same request_id is the same event; otherwise a new id.

    Honoured only for a UUIDv7 within 15 minutes of our clock: an id from anywhere else in time
    would fall into a period that may be closed.
    """
    request_id = subject.common.request_id
    if len(request_id) in _UUID_LENGTHS:
        try:
            given = uuid.UUID(request_id)
        except ValueError:
            return ids.uuid7()
        if given.version == 7 and abs((given.int >> 80) - subject.now_ms) <= WINDOW_MS:
            return ids.uuid7_at(given.int >> 80, _entropy(subject, given))
    return ids.uuid7()


def _entropy(subject: Subject, given: uuid.UUID) -> bytes:
    parts = (
        subject.who.partner.partner_id.bytes,
        subject.who.key.key_id.encode("ascii"),
        subject.kind.encode("ascii"),
        subject.digest.encode("utf-8"),
        given.bytes,
    )
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(len(part).to_bytes(4, "big") + part)
    return hashed.digest()


def printable(text: str) -> str:
    """The text with whatever no table can hold (NUL, lone surrogates, controls) replaced."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "�" for char in text)
