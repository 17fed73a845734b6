"""From a document's line down: its arithmetic, the hours behind it, the events behind an hour.

Every level adds up to the one above: the hours to the line's quantity, the events to their hour.
Runs in the partner's schema.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from billing.models import Document, DocumentLine, RatedLine
from billing.queries.frozen import frozen_input, frozen_input_of, snapshot_of
from billing.rules.cycles import fraction_to_decimal
from billing.rules.fields import PLACES
from billing.rules.lines import CUSTOMER
from billing.rules.trust.basis import Basis, basis_of
from cache_api.queries.behind import (
    EventRow,
    Slice,
    event_rows,
    event_values,
    events_behind,
    rollup_values,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class LineBehind:
    """A document's line, the rated line it shows and the usage that rests on; None where none."""

    document: Document
    line: DocumentLine
    rated: RatedLine | None
    basis: Basis | None
    bound: int

    @property
    def customers(self) -> int:
        """How many customers the usage is of."""
        return len(self.basis.customers) if self.basis else 0


@dataclass(frozen=True)
class Bucket:
    """An hour or a day of the line's quantity, in the meter's unit."""

    start: datetime
    quantity: Decimal


@dataclass(frozen=True)
class Level:
    """Buckets that add up to `total`; `whole` is what the level above says."""

    buckets: tuple[Bucket, ...]
    total: Decimal
    whole: Decimal

    @property
    def fits(self) -> bool:
        """Whether the sum is the quantity above."""
        return self.total == self.whole


def partner_of(document_id: uuid.UUID) -> uuid.UUID | None:
    """Whose document it is (console); None where there is none."""
    return Document.objects.filter(pk=document_id).values_list("partner_id", flat=True).first()


def line_behind(
    document_id: uuid.UUID, position: int, partner_id: uuid.UUID | None = None
) -> LineBehind | None:
    """One line of an issued document, or None when this partner has none of that number."""
    rows = DocumentLine.objects.select_related("document__run__agreement", "rated_line")
    rows = rows.filter(document_id=document_id, position=position)
    rows = rows.filter(document__run__isnull=False)
    line = (rows if partner_id is None else rows.filter(document__partner_id=partner_id)).first()
    if line is None or line.document.run is None:
        return None
    run, rated = line.document.run, line.rated_line
    basis = None
    if rated is not None:
        own = rated.customer_id if rated.payer == CUSTOMER else None
        basis = basis_of(
            frozen_input_of(run, own) if own else frozen_input(run),
            key=rated.key, kind=rated.kind, payer=rated.payer,
            customer_id=str(rated.customer_id) if rated.customer_id else None,
            rate_key=rated.rate_key,
        )  # fmt: skip
    return LineBehind(line.document, line, rated, basis, snapshot_of(run).batch_bound)


def days_behind(found: LineBehind) -> Level | None:
    """The line's quantity by UTC day; None for a line without usage."""
    if found.basis is None:
        return None
    what = _slice(found.basis)
    column = found.basis.meter.column
    values = rollup_values(what, column, "day")
    if sum(values.values()) != found.basis.total:
        values = event_values(found.document.partner_id, what, found.bound, column, "day")
    return _level(found.basis, values, found.basis.total)


def hours_behind_day(found: LineBehind, day: datetime) -> Level | None:
    """One day by hour; `whole` is the day's sum from the level above. None without usage, and
    where neither hours nor events are kept any more."""
    days = days_behind(found)
    if days is None or found.basis is None:
        return None
    whole = next((one.quantity for one in days.buckets if one.start == day), Decimal(0))
    what, column = _cut(_slice(found.basis), day, day + DAY), found.basis.meter.column
    values = rollup_values(what, column, "hour")
    if _quantity(found.basis, sum(values.values())) != whole:
        values = event_values(found.document.partner_id, what, found.bound, column, "hour")
    if whole and not values:
        return None
    level = _level(found.basis, values, 0)
    return replace(level, whole=whole)


def events_behind_hour(
    found: LineBehind, hour: datetime, limit: int, offset: int
) -> tuple[list[EventRow], int, Decimal]:
    """A page of the hour's events, how many there are, and what all of them add up to."""
    if found.basis is None:
        return [], 0, Decimal(0)
    column = found.basis.meter.column
    what = _cut(_slice(found.basis), hour, hour + HOUR)
    events = events_behind(found.document.partner_id, what, found.bound, column)
    value = event_values(found.document.partner_id, what, found.bound, column, "hour")
    page = list(event_rows(events[offset : offset + limit], column))
    return page, events.count(), _quantity(found.basis, sum(value.values()))


def all_events(found: LineBehind) -> Iterator[EventRow]:
    """Every event behind the line, by time, read in blocks."""
    if found.basis is not None:
        column = found.basis.meter.column
        events = events_behind(found.document.partner_id, _slice(found.basis), found.bound, column)
        yield from event_rows(events, column)


def _slice(basis: Basis) -> Slice:
    customers = tuple(uuid.UUID(one) for one in basis.customers)
    return Slice(basis.start, basis.end, customers, basis.models)


def _cut(what: Slice, start: datetime, end: datetime) -> Slice:
    return replace(what, start=max(what.start, start), end=min(what.end, end))


def _quantity(basis: Basis, raw: int) -> Decimal:
    return fraction_to_decimal(Fraction(raw, basis.meter.divisor), PLACES)


def _level(basis: Basis, values: dict[datetime, int], whole: int) -> Level:
    buckets = tuple(Bucket(at, _quantity(basis, raw)) for at, raw in values.items())
    return Level(buckets, _quantity(basis, sum(values.values())), _quantity(basis, whole))
