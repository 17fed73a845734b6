"""Durable stream → event rows: the position moves in the same transaction as the rows.

Killed anywhere, the next run reads the batch again and the event ids make it harmless. Entries are
trimmed only after the commit that recorded them.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import transaction

from cache_api.actions.record_events import Poison, record_events
from cache_api.gateways.stream import EventStream, EventsUnavailable, Heartbeat
from cache_api.metering.models import EdgeHeartbeat, StreamPosition
from cache_api.rules.events import UnreadableEvent, UsageEvent, decode

START = "0-0"
_NEVER = datetime.min.replace(tzinfo=UTC)
FORGET_AFTER = timedelta(days=1)
HEARTBEAT_EVERY = timedelta(seconds=1)


@dataclass(frozen=True)
class Drained:
    """One step. `busy`: another recorder holds the lease. `more`: the stream has not ended."""

    received: int = 0
    inserted: int = 0
    dead: int = 0
    more: bool = False
    busy: bool = False


@dataclass(frozen=True)
class Chunk:
    """Decoded entries after a position of a data set. `full`: there may be more behind them.

    `ahead`: read before the step that records it began.
    """

    dataset_id: str
    after: str
    last_id: str
    events: list[UsageEvent]
    unreadable: list[Poison]
    full: bool
    ahead: bool = False


@dataclass
class StreamReader:
    """One stream and where this process believes to be in it; reads the next chunk ahead.

    The belief only saves reads: what counts is the position row, checked under its lock.
    """

    stream: EventStream
    name: str
    limit: int = 20_000
    dataset_id: str = ""
    after: str = START
    heartbeats_at: datetime = _NEVER
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1), repr=False)
    _ahead: "tuple[str, Future[Chunk]] | None" = None

    def next_chunk(self) -> Chunk:
        """The chunk after `after`; begins to read the one behind it while this one is recorded."""
        ahead, self._ahead = self._ahead, None
        chunk = ahead[1].result() if ahead and ahead[0] == self.after else self.read(self.after)
        if chunk.full:
            self._ahead = (chunk.last_id, self._pool.submit(self.read, chunk.last_id, ahead=True))
        return chunk

    def read(self, after: str, *, ahead: bool = False) -> Chunk:
        """Read and decode about `limit` events. Raises EventsUnavailable."""
        page = self.stream.read_after(self.name, after, self.limit)
        events: list[UsageEvent] = []
        unreadable: list[Poison] = []
        for entry_id, payload in page.entries:
            try:
                events.append(decode(payload or b""))
            except UnreadableEvent as error:
                unreadable.append(Poison(payload or b"", f"unreadable: {error}", entry_id))
        last_id = page.entries[-1][0] if page.entries else after
        return Chunk(page.dataset_id, after, last_id, events, unreadable, page.more, ahead)

    def moved_to(self, dataset_id: str, after: str) -> None:
        """Go on from here."""
        self.dataset_id, self.after = dataset_id, after

    def close(self) -> None:
        """Stop reading ahead."""
        self._pool.shutdown(cancel_futures=True)


def drain_stream(*, reader: StreamReader, now: datetime) -> Drained:
    """Record the next chunk of the stream. Safe to repeat and to run in several processes.

    The position row's lock is the lease: one process at a time records a stream, the others see
    `busy`. Raises EventsUnavailable or a database error; then nothing moved, call again.
    """
    # Heartbeats are read before the events: what they promise is then already in the stream.
    beats = reader.stream.heartbeats() if now - reader.heartbeats_at >= HEARTBEAT_EVERY else []
    chunk = reader.next_chunk()
    empty = not chunk.events and not chunk.unreadable
    if empty and not beats and chunk.dataset_id == reader.dataset_id:
        return Drained()
    with transaction.atomic():
        position = _lease(chunk.dataset_id, reader.name, now)
        if position is None:
            return Drained(busy=True)
        chunk = _from_position(reader, chunk, position)
        drained = _record(chunk, position, now)
        at_end = not chunk.full and not chunk.ahead
        if at_end:
            _copy_heartbeats(beats)
    reader.moved_to(chunk.dataset_id, chunk.last_id)
    if chunk.last_id != START:
        reader.stream.trim_through(reader.name, chunk.last_id)
    if at_end and beats:
        _forget_silent(reader, beats, now)
    return drained


def _lease(dataset_id: str, name: str, now: datetime) -> StreamPosition | None:
    wanted = {"dataset_id": dataset_id, "stream": name}
    if not StreamPosition.objects.filter(**wanted).exists():
        StreamPosition.objects.bulk_create(
            [StreamPosition(**wanted, updated_at=now)], ignore_conflicts=True
        )
    return StreamPosition.objects.select_for_update(skip_locked=True).filter(**wanted).first()


def _from_position(reader: StreamReader, chunk: Chunk, position: StreamPosition) -> Chunk:
    """The chunk, unless this process was wrong about where it is: then believe the row.

    That is so at the start, after another recorder went on, and after the server was replaced.
    """
    if position.last_id == chunk.after and reader.dataset_id == chunk.dataset_id:
        return chunk
    again = reader.read(position.last_id)
    if again.dataset_id != position.dataset_id:
        raise EventsUnavailable("the events Valkey was replaced while it was read")
    return again


def _record(chunk: Chunk, position: StreamPosition, now: datetime) -> Drained:
    if not chunk.events and not chunk.unreadable:
        return Drained()
    outcome = record_events(
        events=chunk.events,
        source=f"stream {position.stream}",
        now=now,
        unreadable=chunk.unreadable,
    )
    StreamPosition.objects.filter(
        dataset_id=position.dataset_id, stream=position.stream
    ).update(
        last_id=chunk.last_id, batch=outcome.batch or position.batch, updated_at=now
    )  # fmt: skip
    return Drained(outcome.received, outcome.inserted, outcome.dead, more=chunk.full)


def _copy_heartbeats(beats: list[Heartbeat]) -> None:
    rows = [
        EdgeHeartbeat(
            boot_id=beat.boot_id,
            last_seq=beat.last_seq,
            spool_bytes=beat.spool_bytes,
            unmetered=beat.unmetered,
            seen_at=datetime.fromtimestamp(beat.seen_at_ms / 1000, UTC),
        )
        for beat in beats
    ]
    EdgeHeartbeat.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["boot_id"],
        update_fields=["last_seq", "spool_bytes", "unmetered", "seen_at"],
    )


def _forget_silent(reader: StreamReader, beats: list[Heartbeat], now: datetime) -> None:
    reader.heartbeats_at = now
    oldest = int((now - FORGET_AFTER).timestamp() * 1000)
    reader.stream.forget_heartbeats([b.boot_id for b in beats if b.seen_at_ms < oldest])
