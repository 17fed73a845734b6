"""Usage events → event rows, customers and rollups: one transaction, each event counted once."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import DataError, IntegrityError, transaction

from cache_api.metering import store
from cache_api.metering.models import DeadLetter
from cache_api.rules import corrections
from cache_api.rules.events import UsageEvent, encode

# Ids outside of this would make partitions nobody drops; the edge accepts ± 15 minutes anyway.
OLDEST = timedelta(days=5 * 366)
AHEAD = timedelta(days=1)
# Nothing younger has left PostgreSQL (cache_api.rules.day_files.KEPT).
SURELY_KEPT = timedelta(days=60)
_DAY_MS, _EPOCH = 86_400_000, date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Poison:
    """Bytes that cannot be recorded, and why. `position` is the stream id, if there is one."""

    payload: bytes
    reason: str
    position: str = ""
    event: UsageEvent | None = None


@dataclass(frozen=True)
class RecordOutcome:
    """What a batch did: received = inserted + duplicates + dead; `batch`: None if nothing new."""

    batch: int | None
    received: int
    inserted: int
    duplicates: int
    dead: int


def record_events(
    *,
    events: Sequence[UsageEvent],
    source: str,
    now: datetime,
    unreadable: Sequence[Poison] = (),
) -> RecordOutcome:
    """Record a batch in one transaction; run it in the public schema as recorder or owner.

    Events already recorded change nothing, so the same batch may come any number of times. Rollups
    grow only by rows really inserted. What cannot be recorded (unreadable, unknown partner, an id
    outside five years back to a day ahead, values the table refuses) becomes a dead letter with the
    reason; it never stops the others. `source` names where the events come from, for people.
    """
    with transaction.atomic():
        schemas = store.schemas({event.partner_id for event in events})
        good, poison = _sorted_out(events, schemas, now)
        poison = [*unreadable, *poison]
        batch: int | None = None
        inserted = overtaken = 0
        if good:
            batch, inserted, refused, overtaken = _write(good, schemas, source, now)
            poison += refused
        _bury(poison, source, now)
    received = len(events) + len(unreadable) + overtaken
    duplicates = received - inserted - len(poison)
    return RecordOutcome(batch, received, inserted, duplicates, len(poison))


def _with_corrections(events: Sequence[UsageEvent]) -> Sequence[UsageEvent]:
    """Feedback gets the numbers of the hit it speaks of: one of this batch, or a recorded one."""
    wanted = {event.event_id: hit_id for event in events
              if (hit_id := corrections.speaks_of(event)) is not None}  # fmt: skip
    if not wanted:
        return events
    hit_ids = set(wanted.values())
    known = {event.event_id: event for event in events if event.event_id in hit_ids}
    known |= store.lookups(hit_ids - set(known))
    return [
        corrections.correction(event, known.get(wanted[event.event_id]))
        if event.event_id in wanted
        else event
        for event in events
    ]


def _overtaken(events: Sequence[UsageEvent]) -> list[UsageEvent]:
    """Corrections of hits in this batch whose feedback was recorded before them.

    A hit may be late: it lay in a spool, or in the stream of a region that was away.
    """
    hits = {event.event_id: event for event in events if corrections.may_be_spoken_of(event)}
    if not hits:
        return []
    reasons = [corrections.said(hit, unused=unused) for hit in hits for unused in (False, True)]
    found: dict[UUID, UsageEvent] = {}
    for feedback in store.waiting_feedback(min(hits), reasons):
        hit_id = corrections.speaks_of(feedback)
        hit = hits.get(hit_id) if hit_id else None
        made = corrections.correction(feedback, hit)
        if made is not feedback:
            found.setdefault(made.event_id, made)  # what is said first counts
    return list(found.values())


def _sorted_out(
    events: Sequence[UsageEvent], schemas: dict[UUID, str], now: datetime
) -> tuple[list[UsageEvent], list[Poison]]:
    first = int((now - OLDEST).timestamp() * 1000)
    last = int((now + AHEAD).timestamp() * 1000)
    good = [
        event
        for event in events
        if event.partner_id in schemas and first <= event.occurred_at_ms <= last
    ]
    gone_ms = _gone_ms(good, now)
    if gone_ms:
        good = [event for event in good if event.occurred_at_ms >= gone_ms]
    if len(good) == len(events):
        return good, []
    poison = []
    for event in events:
        if event.partner_id not in schemas:
            reason = f"partner {event.partner_id} is unknown or has no schema"
            poison.append(Poison(encode(event), reason, event=event))
        elif not first <= event.occurred_at_ms <= last:
            reason = "event_id's time is more than five years ago or more than a day ahead"
            poison.append(Poison(encode(event), reason, event=event))
        elif event.occurred_at_ms < gone_ms:
            reason = "its day has left the database: bring it back by restore_usage, then try again"
            poison.append(Poison(encode(event), reason, event=event))
    return good, poison


def _write(
    events: list[UsageEvent], schemas: dict[UUID, str], source: str, now: datetime
) -> tuple[int | None, int, list[Poison], int]:
    """The batch, events inserted, events refused, and how many corrections were added to them."""
    store.prepare()
    store.ensure_days(_days(events))
    store.lock_partners(schemas, now)
    # Only now: another region's hit and the feedback on it may be recorded at the same time.
    overtaken = _overtaken(events)
    events = [*_with_corrections(events), *overtaken]
    batch = store.next_batch()
    inserted, poison = _insert(events, batch, schemas, now)
    if not inserted:
        return None, 0, poison, len(overtaken)
    store.note_batch(batch, source, len(events), inserted, schemas, now)
    return batch, inserted, poison, len(overtaken)


def _days(events: Iterable[UsageEvent]) -> set[date]:
    numbers = {event.occurred_at_ms // _DAY_MS for event in events}
    return {datetime.fromtimestamp(number * 86_400, UTC).date() for number in numbers}


def _gone_ms(events: Sequence[UsageEvent], now: datetime) -> int:
    """From when on events are kept here; asked only for old ones, which hardly ever come."""
    surely = int((now - SURELY_KEPT).timestamp() * 1000)
    if not any(event.occurred_at_ms < surely for event in events):
        return 0
    gone = store.gone_until()
    return 0 if gone is None else (gone.toordinal() + 1 - _EPOCH) * _DAY_MS


def _insert(
    events: list[UsageEvent], batch: int, schemas: dict[UUID, str], now: datetime
) -> tuple[int, list[Poison]]:
    """All at once; when the database refuses a value, by halves until the culprit is alone."""
    try:
        with transaction.atomic():
            return _insert_all(events, batch, schemas, now), []
    except (DataError, IntegrityError) as error:
        if len(events) == 1:
            reason = f"the database refused it: {str(error).splitlines()[0]}"
            return 0, [Poison(encode(events[0]), reason, event=events[0])]
    middle = len(events) // 2
    left, left_poison = _insert(events[:middle], batch, schemas, now)
    right, right_poison = _insert(events[middle:], batch, schemas, now)
    return left + right, left_poison + right_poison


def _insert_all(
    events: list[UsageEvent], batch: int, schemas: dict[UUID, str], now: datetime
) -> int:
    inserted = store.insert_new(events, batch)
    if inserted:
        for partner_id in store.partners_in_fresh():
            store.add_customers(partner_id, schemas[partner_id], now)
            store.add_rollups(partner_id, schemas[partner_id])
        store.add_channel()
        store.add_implementations()
        store.note_keys()
    return inserted


def _bury(poison: Sequence[Poison], source: str, now: datetime) -> None:
    rows = [
        DeadLetter(
            id=_letter_id(one),
            source=source,
            position=one.position,
            reason=one.reason,
            payload=one.payload,
            partner_id=one.event.partner_id if one.event else None,
            boot_id=one.event.boot_id if one.event else None,
            seq=one.event.seq if one.event else None,
            at=now,
        )
        for one in poison
    ]
    DeadLetter.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


def _letter_id(poison: Poison) -> UUID:
    """The same bytes from the same place are one letter, however often they come."""
    text = poison.position.encode() + b"\0" + poison.payload
    return UUID(bytes=hashlib.sha256(text).digest()[:16])
