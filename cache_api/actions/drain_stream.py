"""Durable stream → event rows: the position moves in the same transaction as the rows.

Killed anywhere, the next run reads the batch again and the event ids make it harmless. Entries are
trimmed only after the commit that recorded them.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import transaction

from cache_api.actions.record_events import Poison, record_events
from cache_api.gateways.stream import EventStream, EventsUnavailable, Heartbeat
from cache_api.metering.models import EdgeHeartbeat, StreamPosition
from cache_api.rules.events import UnreadableEvent, UsageEvent, decode
from cache_api.rules.tally import tally

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

    def plus(self, step: "Drained") -> "Drained":
        """Both together; busy where both were. `more` is the second one's."""
        return Drained(
            self.received + step.received,
            self.inserted + step.inserted,
            self.dead + step.dead,
            step.more,
            self.busy and step.busy,
        )


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
class Beats:
    """The last words of metering processes, and how far each stream must be recorded before what
    they promise is in Postgres. Shared by the readers of one server's streams."""

    stream: EventStream
    find: Callable[[], Sequence[str]]
    streams: Sequence[str] = ()
    read_at: datetime = _NEVER
    told: list[Heartbeat] = field(default_factory=list)
    last_ids: dict[str, str] = field(default_factory=dict)

    def read_if_due(self, now: datetime) -> None:
        """Read them, unless those of before still wait. Raises EventsUnavailable."""
        if not self.told and now - self.read_at >= HEARTBEAT_EVERY:
            # In this order: what they promise is then in these streams and below these ids.
            self.told, self.read_at = self.stream.heartbeats(), now
            self.streams = self.find()
            self.last_ids = self.stream.last_ids(self.streams)

    def are_true(self, dataset_id: str) -> bool:
        """Whether everything before them is recorded, by whomever."""
        rows = StreamPosition.objects.filter(dataset_id=dataset_id, stream__in=self.last_ids)
        reached = dict(rows.values_list("stream", "last_id"))
        return all(_place(reached.get(name, START)) >= _place(last_id)
                   for name, last_id in self.last_ids.items())  # fmt: skip


def _place(entry_id: str) -> tuple[int, int]:
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number)


@dataclass
class StreamReader:
    """One stream and where this process believes to be in it; reads the next chunk ahead.

    The belief only saves reads: what counts is the position row, checked under its lock.
    `is_shared`: another recorder had the stream last, so ask the row before reading.
    """

    stream: EventStream
    name: str
    limit: int = 20_000
    dataset_id: str = ""
    after: str = START
    beats: Beats = None  # type: ignore[assignment]  # of this stream alone, unless given
    is_shared: bool = False
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1), repr=False)
    _ahead: "tuple[str, Future[Chunk]] | None" = None

    def __post_init__(self) -> None:
        if self.beats is None:
            self.beats = Beats(self.stream, lambda: [self.name])

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
    if reader.is_shared and not _is_free(reader):
        return Drained(busy=True)
    beats = reader.beats
    beats.read_if_due(now)
    chunk = reader.next_chunk()
    empty = not chunk.events and not chunk.unreadable
    if empty and not beats.told and chunk.dataset_id == reader.dataset_id:
        return Drained()
    with transaction.atomic():
        position = _lease(chunk.dataset_id, reader.name, now)
        reader.is_shared = position is None
        if position is None:
            return Drained(busy=True)
        chunk = _from_position(reader, chunk, position)
        drained = _record(chunk, position, now)
        told = beats.told if beats.told and beats.are_true(position.dataset_id) else []
        _copy_heartbeats(told)
    reader.moved_to(chunk.dataset_id, chunk.last_id)
    if chunk.last_id != START:
        reader.stream.trim_through(reader.name, chunk.last_id)
        # For monitoring alone, so it may miss a batch: bills rest on the rows.
        reader.stream.add_up(tally(chunk.events))
    if told:
        _forget_silent(beats, now)
    return drained


def _is_free(reader: StreamReader) -> bool:
    """Whether nobody records the stream right now; then from where to go on is known as well."""
    with transaction.atomic():
        row = (
            StreamPosition.objects.select_for_update(skip_locked=True)
            .filter(stream=reader.name, dataset_id=reader.stream.dataset_id())
            .first()
        )
    if row is not None:
        reader.moved_to(row.dataset_id, row.last_id)
    return row is not None


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
    known = dict(
        EdgeHeartbeat.objects.filter(boot_id__in=[beat.boot_id for beat in beats])
        .values_list("boot_id", "seen_at")
    )  # fmt: skip
    rows = [
        EdgeHeartbeat(
            boot_id=beat.boot_id,
            last_seq=beat.last_seq,
            spool_bytes=beat.spool_bytes,
            unmetered=beat.unmetered,
            seen_at=seen_at,
        )
        for beat in beats
        for seen_at in [datetime.fromtimestamp(beat.seen_at_ms / 1000, UTC)]
        if known.get(beat.boot_id, _NEVER) <= seen_at  # another recorder may have been faster
    ]
    EdgeHeartbeat.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["boot_id"],
        update_fields=["last_seq", "spool_bytes", "unmetered", "seen_at"],
    )


def _forget_silent(beats: Beats, now: datetime) -> None:
    told, beats.told = beats.told, []
    oldest = int((now - FORGET_AFTER).timestamp() * 1000)
    beats.stream.forget_heartbeats([b.boot_id for b in told if b.seen_at_ms < oldest])
