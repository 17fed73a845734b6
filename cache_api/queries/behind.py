"""What stands behind a settled quantity: hours, and the single events that made them.

Rollups grow when late events come, so a settlement that is older than they are is told by its
events up to the batch it froze (`bound`). Runs in the partner's schema. Live traffic only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import DateTimeField, DecimalField, F, Q, QuerySet
from django.db.models.functions import Cast, Trunc

from cache_api.metering.models import UsageEvent
from cache_api.models import Customer, RollupDay, RollupHour
from cache_api.queries import BACK, HIT, LOOKUP, STORE, total
from cache_api.rules import windows
from cache_api.rules.leaves import first_id

COUNTS = (
    "lookups", "stores", "cached_requests", "bytes_served", "byte_seconds", "tokens_saved",
    "cost_saved_micros",
)  # fmt: skip
BLOCK = 5_000


@dataclass(frozen=True)
class Slice:
    """Which usage: [start, end) in whole hours; `customers` and `models` None for all."""

    start: datetime
    end: datetime
    customers: tuple[UUID, ...] | None = None
    models: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Hour:
    """One hour of one customer and model; `counts` by name as in COUNTS."""

    hour: datetime
    customer_id: UUID
    external_id: str
    model: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class EventRow:
    """One event as pages and files show it; numbers are of one of its `quantity` requests."""

    event_id: UUID
    occurred_at: datetime
    customer: str
    kind: str
    outcome: str
    model: str
    quantity: int
    bytes: int
    byte_seconds: int
    tokens_in: int
    tokens_out: int
    cost_saved_micros: int
    recorded_batch: int
    value: int = field(default=0)


def rollup_hours(what: Slice) -> Iterator[Hour]:
    """From the rollups as they are now, by hour and customer; two queries, read in blocks."""
    rows = RollupHour.objects.filter(livemode=True, **_between("bucket_at", what))
    if what.customers is not None:
        rows = rows.filter(customer_id__in=what.customers)
    if what.models is not None:
        rows = rows.filter(model__in=what.models)
    names = dict(Customer.objects.values_list("id", "external_id"))
    found = (
        rows.values_list("bucket_at", "customer_id", "model")
        .annotate(**_sums(lambda name: F(name)))
        .order_by("bucket_at")
    )
    return _in_order(
        Hour(hour, who, names[who], model, tuple(map(int, sums)))
        for hour, who, model, *sums in found.iterator(BLOCK)
    )


def event_hours(partner_id: UUID, what: Slice, bound: int) -> Iterator[Hour]:
    """The same from the events up to the recorder batch `bound`."""
    ids = dict(Customer.objects.values_list("external_id", "id"))
    found = (
        _events(partner_id, what, bound)
        .annotate(hour=Trunc("occurred_at", "hour", output_field=DateTimeField(), tzinfo=UTC))
        .values_list("hour", "customer", "model")
        .annotate(**_sums(_times_quantity))
        .order_by("hour")
    )
    return _in_order(
        Hour(hour, ids[customer], customer, model, tuple(map(int, sums)))
        for hour, customer, model, *sums in found.iterator(BLOCK)
    )


def events_behind(partner_id: UUID, what: Slice, bound: int, column: str) -> QuerySet[UsageEvent]:
    """The events that count towards a column, by time; iterate with `event_rows`."""
    return _events(partner_id, what, bound).filter(_COUNTED[column]).order_by("event_id")


def event_rows(events: QuerySet[UsageEvent], column: str) -> Iterator[EventRow]:
    """Events with what each adds to the column (negative: a hit taken back), read in blocks."""
    names = [name for name in EventRow.__dataclass_fields__ if name != "value"]
    for values in events.values_list(*names).iterator(BLOCK):
        row = dict(zip(names, values, strict=True))
        sign = -1 if row["kind"] == "feedback" else 1
        yield EventRow(**row, value=sign * row["quantity"] * _one(row, column))


def _one(row: dict[str, Any], column: str) -> int:
    """What one request of an event adds to a column."""
    if column == "bytes_served":
        return int(row["bytes"])
    if column == "tokens_saved":
        return int(row["tokens_in"] + row["tokens_out"])
    return int(row[column]) if column in ("byte_seconds", "cost_saved_micros") else 1


_COUNTED: dict[str, Q] = {
    "lookups": LOOKUP,
    "stores": STORE,
    "byte_seconds": STORE,
    **dict.fromkeys(("cached_requests", "bytes_served", "tokens_saved", "cost_saved_micros"),
                    HIT | BACK),
}  # fmt: skip


def _sums(of: Any) -> dict[str, Any]:
    tokens = of("tokens_in") + of("tokens_out")

    def net(what: Any) -> Any:
        return total(what, HIT) - total(what, BACK)

    return {
        "n_lookups": total(of("quantity"), LOOKUP),
        "n_stores": total(of("quantity"), STORE),
        "n_cached": net(of("quantity")),
        "n_bytes": net(of("bytes")),
        "n_byte_seconds": total(of("byte_seconds"), STORE),
        "n_tokens": net(tokens),
        "n_saved": net(of("cost_saved_micros")),
    }


def _times_quantity(name: str) -> Any:
    exact = DecimalField(max_digits=38, decimal_places=0)
    number = Cast(F(name), exact)
    return number if name == "quantity" else number * Cast(F("quantity"), exact)


def _events(partner_id: UUID, what: Slice, bound: int) -> QuerySet[UsageEvent]:
    rows = UsageEvent.objects.filter(
        partner_id=partner_id, livemode=True, recorded_batch__lte=bound,
        event_id__gte=first_id(what.start), event_id__lt=first_id(what.end),
    )  # fmt: skip
    if what.models is not None:
        rows = rows.filter(model__in=what.models)
    if what.customers is not None:
        own = Customer.objects.filter(id__in=what.customers)
        rows = rows.filter(customer__in=list(own.values_list("external_id", flat=True)))
    return rows


def _between(column: str, what: Slice) -> dict[str, datetime]:
    return {f"{column}__gte": what.start, f"{column}__lt": what.end}


def _in_order(rows: Iterator[Hour]) -> Iterator[Hour]:
    """Within an hour by customer and model, as people read and files compare; zeros left out."""
    for _, same in groupby(rows, key=lambda row: row.hour):
        counted: Sequence[Hour] = [row for row in same if any(row.counts)]
        yield from sorted(counted, key=lambda r: (r.external_id, str(r.customer_id), r.model))


def rollup_values(what: Slice, column: str, by: str) -> dict[datetime, int]:
    """Bucket (`by` hour or day, UTC) → a column's sum, from the rollups as they are now.

    Whole days are read from days, which outlive their hours.
    """
    whole_days = by == "day" and all(at == windows.day_of(at) for at in (what.start, what.end))
    table: Any = RollupDay if whole_days else RollupHour
    rows = table.objects.filter(livemode=True, **_between("bucket_at", what))
    if what.customers is not None:
        rows = rows.filter(customer_id__in=what.customers)
    if what.models is not None:
        rows = rows.filter(model__in=what.models)
    return _values(rows, "bucket_at", by, _sums(lambda name: F(name)), column)


def event_values(
    partner_id: UUID, what: Slice, bound: int, column: str, by: str
) -> dict[datetime, int]:
    """The same from the events up to the recorder batch `bound`."""
    rows = _events(partner_id, what, bound)
    return _values(rows, "occurred_at", by, _sums(_times_quantity), column)


def _values(
    rows: QuerySet[Any], at: str, by: str, sums: dict[str, Any], column: str
) -> dict[datetime, int]:
    found = (
        rows.annotate(bucket=Trunc(at, by, output_field=DateTimeField(), tzinfo=UTC))
        .values_list("bucket")
        .annotate(value=list(sums.values())[COUNTS.index(column)])
        .order_by("bucket")
    )
    return {bucket: int(value) for bucket, value in found if value}
