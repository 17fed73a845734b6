"""Usage cut by one dimension, for some customer, model, provider or region: from rollups.

Runs in one partner's schema. Sums of all customers come from the totals, a customer's from its
rollups, so that the time they take does not grow with the number of customers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce

from cache_api.models import (
    Customer,
    LatencyDay,
    LatencyHour,
    RollupDay,
    RollupHour,
)
from cache_api.queries import (
    HITS,
    MEASURES,
    SumOfBuckets,
    latency_rows,
    of_customer,
    table_of,
    usage_tables,
    values_of,
)
from cache_api.queries.by_customer import CUSTOMER_TABLES, customer_totals
from cache_api.rules import histogram, spans, windows
from cache_api.rules.reports import Group, UsagePoint, UsageSummary

DIMENSIONS = ("customer", "model", "provider", "region")
SORTS = {"lookups": "lookups", "hits": "hits", "saved": "cost_saved", "bytes": "bytes_served"}
Latency = dict[float, int | None]
# Customers times days whose histograms a page merges: more would take it too long.
MOST_TIMED = 5_000
_SUMS = {"sums": SumOfBuckets("buckets")}


@dataclass(frozen=True)
class Scope:
    """Whose live usage: one customer's or all together, and of which model, provider, region.

    `external_id` is the same customer's name in the events.
    """

    customer_id: UUID | None = None
    external_id: str = ""
    only: Mapping[str, str] = field(default_factory=dict)


def summary(scope: Scope, start: datetime, end: datetime) -> UsageSummary:
    """The period in one row. One query; none of an empty period."""
    if start >= end:
        return UsageSummary(*values_of({}))
    return UsageSummary(*values_of(_rows(scope, start, end).aggregate(**MEASURES)))


def events(scope: Scope, start: datetime, end: datetime) -> int:
    """How many single events the period is made of. One query."""
    found = _rows(scope, start, end).aggregate(n=Coalesce(Sum("events"), 0))
    return int(found["n"])


def series(scope: Scope, start: datetime, end: datetime, unit: str) -> list[UsagePoint]:
    """One point per hour or day, empty ones included. One query."""
    hourly = unit == "hour"
    buckets = list((windows.hours_between if hourly else windows.days_between)(start, end))
    if not buckets:
        return []
    table = usage_tables(scope.customer_id)[0 if hourly else 1]
    rows = of_customer(table, scope.customer_id).filter(
        bucket_at__range=(buckets[0], buckets[-1]), **scope.only
    )
    found = {row["bucket_at"]: row for row in rows.values("bucket_at").annotate(**MEASURES)}
    return [UsagePoint(at, *values_of(found.get(at, {}))) for at in buckets]


def groups(
    scope: Scope, start: datetime, end: datetime, by: str, *, sort: str = "lookups", limit: int
) -> list[Group]:
    """The `limit` largest groups; by customer two queries, else one."""
    column = SORTS[sort]
    if by == "customer" and not scope.only:
        own = None if scope.customer_id is None else [scope.customer_id]
        found = customer_totals(start, end, customers=own, sort=column, limit=limit)
    else:
        rows = _grouped(scope, start, end, by).order_by(f"-{column}", _key(by))
        found = list(rows[:limit])
    return _named(found, by)


def groups_of(
    scope: Scope, start: datetime, end: datetime, by: str, labels: Sequence[str]
) -> dict[str, Group]:
    """The groups with these labels, in another period say. By customer two queries, else one; none
    of an empty period."""
    if start >= end:
        return {}
    if by != "customer":
        rows = _grouped(scope, start, end, by).filter(**{f"{by}__in": list(labels)})
        return {group.label: group for group in _named(list(rows), by)}
    known = {one.pk: one for one in Customer.objects.filter(external_id__in=labels)}
    if scope.only:
        found = list(_grouped(scope, start, end, by).filter(customer_id__in=known))
    else:
        found = customer_totals(start, end, customers=list(known))
    return {group.label: group for group in _named(found, by, known)}


def group_latencies(
    scope: Scope,
    start: datetime,
    end: datetime,
    by: str,
    labels: Sequence[str],
    percentiles: Sequence[float],
) -> dict[str, Latency]:
    """Percentiles of the hits of each group, from merged histograms; {} where none are kept.

    A customer's histograms are kept by region, those of all customers by model as well. By customer
    {} beyond MOST_TIMED. One query, by customer two.
    """
    if by == "customer":
        return _customer_latencies(scope, start, end, labels, percentiles)
    rows = timed(scope, start, end, (by,))
    if rows is None:
        return {}
    rows = rows.filter(outcome__in=HITS, **{f"{by}__in": list(labels)})
    return {row[by]: _percentiles(row, percentiles) for row in rows.values(by).annotate(**_SUMS)}


def latency(
    scope: Scope, start: datetime, end: datetime, outcomes: Sequence[str], percents: Sequence[float]
) -> Latency:
    """Percentile → µs (None when nothing was timed, or it is not kept for this scope). One query.

    From merged histograms: percentiles are never averaged.
    """
    rows = timed(scope, start, end, ())
    if rows is None:
        return dict.fromkeys(percents)
    return _percentiles(rows.filter(outcome__in=outcomes).aggregate(**_SUMS), percents)


def timed(
    scope: Scope, start: datetime, end: datetime, dimensions: Sequence[str]
) -> QuerySet[Any] | None:
    """Histograms of the scope; None where they are not kept by what is asked for."""
    asked = {*scope.only, *dimensions}
    if scope.customer_id is not None and asked - {"region"}:
        return None
    return latency_rows(start, end, scope.customer_id).filter(**scope.only)


def labels(scope: Scope, start: datetime, end: datetime) -> dict[str, list[str]]:
    """The models, providers and regions of the period, to choose from. One query."""
    names = ("model", "provider", "region")
    found = _rows(Scope(scope.customer_id), start, end).values_list(*names).distinct().order_by()
    rows = list(found)
    return {
        name: sorted({row[place] for row in rows if row[place]}) for place, name in enumerate(names)
    }


def all_rows(
    scope: Scope, start: datetime, end: datetime, by: str, unit: str
) -> Iterator[tuple[datetime, Group]]:
    """Every bucket (hour, day or week's day, or month) and group, in order of time; read in pieces.

    Months come as such only by customer, and only whole ones; else by their days, as weeks do,
    which cut them. One query, three for months of parts, by customer one more.
    """
    names: dict[Any, Customer] = (
        {one.pk: one for one in Customer.objects.all()} if by == "customer" else {}
    )
    whole = spans.Span("hour" if unit == "hour" else "day", start, end)
    has_months = unit == "month" and by == "customer" and not scope.only
    for piece in spans.with_months(whole) if has_months else (whole,):
        rows = _buckets(scope, by, piece.unit).filter(
            bucket_at__gte=piece.start, bucket_at__lt=piece.end
        )
        for row in rows.order_by("bucket_at", _key(by)).iterator(chunk_size=2_000):
            label = name = row[_key(by)]
            if by == "customer":
                label, name = names[label].external_id, names[label].name
            yield row["bucket_at"], Group(label, name, *values_of(row))


def _buckets(scope: Scope, by: str, unit: str) -> QuerySet[Any, Any]:
    place = 0 if unit == "hour" else 1
    if by == "customer" and not scope.only:
        rows = of_customer(CUSTOMER_TABLES[unit], scope.customer_id)
        return rows.values("bucket_at", "customer_id", *MEASURES)
    table = ((RollupHour, RollupDay) if by == "customer" else usage_tables(scope.customer_id))[
        place
    ]
    rows = of_customer(table, scope.customer_id).filter(**scope.only)
    return rows.values("bucket_at", _key(by)).annotate(**MEASURES)


def _rows(scope: Scope, start: datetime, end: datetime) -> QuerySet[Any]:
    table, first, last = table_of(start, end, *usage_tables(scope.customer_id))
    rows = of_customer(table, scope.customer_id)
    return rows.filter(bucket_at__gte=first, bucket_at__lt=last, **scope.only)


def _grouped(scope: Scope, start: datetime, end: datetime, by: str) -> QuerySet[Any, Any]:
    if by != "customer":
        return _rows(scope, start, end).values(by).annotate(**MEASURES)
    table, first, last = table_of(start, end, RollupHour, RollupDay)
    rows = of_customer(table, scope.customer_id)
    rows = rows.filter(bucket_at__gte=first, bucket_at__lt=last, **scope.only)
    return rows.values("customer_id").annotate(**MEASURES)


def _key(by: str) -> str:
    return "customer_id" if by == "customer" else by


def _named(
    rows: list[dict[str, Any]], by: str, known: Mapping[UUID, Customer] | None = None
) -> list[Group]:
    if by != "customer":
        return [Group(row[by], row[by], *values_of(row)) for row in rows]
    if known is None:
        known = Customer.objects.in_bulk([row["customer_id"] for row in rows])
    named = [(known[row["customer_id"]], row) for row in rows]
    return [Group(one.external_id, one.name, *values_of(row)) for one, row in named]


def _customer_latencies(
    scope: Scope, start: datetime, end: datetime, labels: Sequence[str], percents: Sequence[float]
) -> dict[str, Latency]:
    if {*scope.only} - {"region"} or len(labels) * (end - start).days > MOST_TIMED:
        return {}
    names = dict(Customer.objects.filter(external_id__in=labels).values_list("id", "external_id"))
    table, first, last = table_of(start, end, LatencyHour, LatencyDay)
    rows = table.objects.filter(
        customer_id__in=list(names), livemode=True, outcome__in=HITS, bucket_at__gte=first,
        bucket_at__lt=last, **scope.only,
    )  # fmt: skip
    summed = rows.values("customer_id").annotate(**_SUMS)
    return {names[row["customer_id"]]: _percentiles(row, percents) for row in summed}


def _percentiles(row: Mapping[str, Any], percents: Sequence[float]) -> Latency:
    return {percent: histogram.percentile(row["sums"], percent) for percent in percents}
