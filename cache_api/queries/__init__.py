"""The one source of usage numbers: pages, documents and the API all read here.

Every function runs in one partner's schema (`in_partner(...)`, or any connection whose search path
leads there). Instants are aware; periods are half-open [start, end). Longer than seven days, or
older than hours are kept, a period reads whole UTC days (start rounded down, end rounded up); other
ones whole hours (`rules.spans`). Query counts do not depend on the number of rows. Money saved is
in millionths of a dollar (`_micros`).
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Aggregate, Count, F, Func, IntegerField, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from cache_api.metering.models import PartnerPosition
from cache_api.models import (
    Customer,
    LatencyDay,
    LatencyHour,
    RollupDay,
    RollupHour,
    TotalDay,
    TotalHour,
)
from cache_api.queries.by_customer import customer_totals
from cache_api.rules import corrections, histogram, spans, windows
from cache_api.rules.reports import CustomerUsage, UsagePoint, UsageSlice, UsageSummary, UsageTotal

LOOKUP, STORE = Q(kind="lookup"), Q(kind="store")
HITS = ("hit", "semantic_hit")
HIT = LOOKUP & Q(outcome__in=HITS)
BACK = Q(kind="feedback", outcome__in=corrections.TAKEN_BACK)  # hits taken back by feedback
SEMANTIC = LOOKUP & Q(outcome="semantic_hit")
SEMANTIC_BACK = Q(kind="feedback", outcome__in=("wrong_semantic_hit", "unused_semantic_hit"))
BREAKDOWNS = ("model", "provider", "region", "outcome", "kind")


class SumOfBuckets(Aggregate):
    """The histogram that rows' histograms add up to, an array; zeros without rows.

    One expression: forty-eight of Django's take longer to put together than to run.
    """

    template = (
        "ARRAY["
        + ", ".join(
            f"coalesce(sum((%(expressions)s)[{n}]), 0)" for n in range(1, histogram.BUCKETS + 1)
        )
        + "]::bigint[]"
    )
    output_field = ArrayField(models.BigIntegerField())


def usage_by_meter(
    period_start: datetime,
    period_end: datetime,
    boundaries: tuple[datetime, ...] = (),
    *,
    by_day: bool = False,
) -> list[UsageTotal]:
    """Billable (live) quantities per segment, customer and model: what a settlement freezes.

    `boundaries` are whole hours at which terms change; `segment` is how many of them an hour has
    reached (0 before the first). Reads hours whatever the length; days, which are fewer, where
    every instant begins one and `by_day` allows it or hours are no longer kept. Raises HoursGone
    where they are not and terms change inside a day. Two queries.
    """
    names = dict(Customer.objects.values_list("id", "external_id"))
    found = usage_stream(period_start, period_end, boundaries, by_day=by_day)
    return [replace(one, customer_external_id=names[one.customer_id]) for one in found]


def usage_stream(
    period_start: datetime,
    period_end: datetime,
    boundaries: tuple[datetime, ...] = (),
    *,
    by_day: bool = False,
) -> Iterator[UsageTotal]:
    """`usage_by_meter`, one after the other in the same order and without external ids: any number
    of customers takes the same memory. One query."""
    gone = period_start < spans.hours_from(timezone.now())
    instants = (period_start, period_end, *boundaries)
    whole_days = all(at == windows.day_of(at) for at in instants)
    if gone and not whole_days:
        raise spans.HoursGone
    sums = (
        (RollupDay if whole_days and (by_day or gone) else RollupHour)
        .objects.filter(livemode=True, bucket_at__gte=period_start, bucket_at__lt=period_end)
        .annotate(segment=_segment(boundaries))
        # By kind and outcome, told apart here: conditional sums would cost twice as much.
        .values_list("segment", "customer_id", "model", "kind", "outcome")
        .annotate(*(Sum(name) for name in _BILLED))
        .order_by("segment", "customer_id", "model")
    )
    by_what = groupby(sums.iterator(_AT_ONCE), itemgetter(0, 1, 2))
    for (segment, customer_id, model), rows in by_what:
        counted: Counter[str] = Counter()
        for _, _, _, kind, outcome, *values in rows:
            _count(counted, kind, outcome, dict(zip(_BILLED, map(int, values), strict=True)))
        yield UsageTotal(segment, customer_id, "", model, **{
            name: counted[name] for name in _QUANTITIES
        })  # fmt: skip


_AT_ONCE = 500  # rows in hand while they are summed
_BILLED = ("quantity", "bytes", "byte_seconds", "tokens_in", "tokens_out", "cost_saved_micros")
_QUANTITIES = (
    "lookups", "stores", "cached_requests", "bytes_served", "byte_seconds", "tokens_saved",
    "cost_saved_micros",
)  # fmt: skip


def _count(counted: "Counter[str]", kind: str, outcome: str, row: dict[str, int]) -> None:
    """Add the sums of one kind and outcome to what is billed; feedback takes hits back."""
    if kind == "lookup":
        counted["lookups"] += row["quantity"]
    elif kind == "store":
        counted["stores"] += row["quantity"]
        counted["byte_seconds"] += row["byte_seconds"]
    is_hit = kind == "lookup" and outcome in HITS
    is_back = kind == "feedback" and outcome in corrections.TAKEN_BACK
    sign = 1 if is_hit else -1 if is_back else 0
    counted["cached_requests"] += sign * row["quantity"]
    counted["bytes_served"] += sign * row["bytes"]
    counted["tokens_saved"] += sign * (row["tokens_in"] + row["tokens_out"])
    counted["cost_saved_micros"] += sign * row["cost_saved_micros"]


def usage_series(
    customer_id: UUID | None,
    start: datetime,
    end: datetime,
    granularity: str = "hour",
    livemode: bool = True,
) -> list[UsagePoint]:
    """One point per `hour` or `day` that overlaps the period, empty ones included. One query."""
    if granularity not in ("hour", "day"):
        raise ValueError(f"granularity is {granularity!r}: use 'hour' or 'day'")
    hourly = granularity == "hour"
    buckets = list((windows.hours_between if hourly else windows.days_between)(start, end))
    if not buckets:
        return []
    table = usage_tables(customer_id)[0 if hourly else 1]
    rows = of_customer(table, customer_id, livemode).filter(
        bucket_at__range=(buckets[0], buckets[-1])
    )
    by_bucket = {row["bucket_at"]: row for row in rows.values("bucket_at").annotate(**MEASURES)}
    return [UsagePoint(at, *values_of(by_bucket.get(at, {}))) for at in buckets]


def usage_summary(
    start: datetime, end: datetime, customer_id: UUID | None = None, livemode: bool = True
) -> UsageSummary:
    """The period in one row. One query; none of an empty period."""
    if start >= end:
        return UsageSummary(*values_of({}))
    rows = _period(start, end, customer_id, livemode)
    return UsageSummary(*values_of(rows.aggregate(**MEASURES)))


def usage_breakdown(
    start: datetime,
    end: datetime,
    by: str = "model",
    customer_id: UUID | None = None,
    livemode: bool = True,
    limit: int = 20,
) -> list[UsageSlice]:
    """Usage by model, provider, region, outcome or kind, most lookups first. One query."""
    if by not in BREAKDOWNS:
        raise ValueError(f"cannot break usage down by {by!r}: use one of {', '.join(BREAKDOWNS)}")
    rows = (
        _period(start, end, customer_id, livemode)
        # By outcome or kind, hits stand as they were answered; feedback is not usage.
        .exclude(kind="feedback" if by in ("outcome", "kind") else "")
        .values(by)
        .annotate(**MEASURES)
        .order_by("-lookups", by)[:limit]
    )
    return [UsageSlice(row[by], *values_of(row)) for row in rows]


def latency_percentiles(
    start: datetime,
    end: datetime,
    customer_id: UUID | None = None,
    outcomes: Sequence[str] = ("hit", "semantic_hit"),
    livemode: bool = True,
    percentiles: Sequence[float] = (50, 95, 99),
) -> dict[float, int | None]:
    """Percentile → µs (upper bound of its bucket), None when nothing was timed. One query."""
    buckets = latency_buckets(start, end, customer_id, outcomes, livemode)
    return {percent: histogram.percentile(buckets, percent) for percent in percentiles}


def latency_buckets(
    start: datetime,
    end: datetime,
    customer_id: UUID | None = None,
    outcomes: Sequence[str] = ("hit", "semantic_hit"),
    livemode: bool = True,
) -> list[int]:
    """Requests per latency bucket (`rules.histogram.UPPER_US`), added up by Postgres. One query."""
    rows = latency_rows(start, end, customer_id, livemode).filter(outcome__in=outcomes)
    return list(rows.aggregate(sums=SumOfBuckets("buckets"))["sums"])


def latency_rows(
    start: datetime, end: datetime, customer_id: UUID | None, livemode: bool = True
) -> QuerySet[Any]:
    """Rows with histograms (`buckets`), by region and outcome; of all customers by model as well.

    Each stands for one hour or day.
    """
    tables = (TotalHour, TotalDay) if customer_id is None else (LatencyHour, LatencyDay)
    table, first, last = table_of(start, end, *tables)
    return of_customer(table, customer_id, livemode).filter(
        bucket_at__gte=first, bucket_at__lt=last
    )


def top_customers(
    start: datetime,
    end: datetime,
    limit: int = 10,
    livemode: bool = True,
    customer_id: UUID | None = None,
) -> list[CustomerUsage]:
    """The customers with most lookups (of one customer: at most itself). Two queries."""
    own = None if customer_id is None else [customer_id]
    rows = customer_totals(start, end, customers=own, livemode=livemode, limit=limit)
    known = Customer.objects.in_bulk([row["customer_id"] for row in rows])
    return [_customer_usage(known[row["customer_id"]], row) for row in rows]


def customers_page(
    start: datetime,
    end: datetime,
    search: str = "",
    state: str = "",
    limit: int = 50,
    offset: int = 0,
    among: Collection[UUID] | None = None,
) -> tuple[list[CustomerUsage], int]:
    """One page of `matching_customers` by id with their live usage, and how many there are. Three
    queries."""
    customers = matching_customers(search, state, among)
    total = customers.aggregate(total=Count("id"))["total"]
    page = list(customers.order_by("external_id")[offset : offset + limit])
    usage = customer_totals(start, end, customers=[customer.pk for customer in page])
    by_customer = {row["customer_id"]: row for row in usage}
    return [_customer_usage(one, by_customer.get(one.pk, {})) for one in page], total


def matching_customers(
    search: str = "", state: str = "", among: Collection[UUID] | None = None
) -> QuerySet[Customer]:
    """`search` looks into id and name; `state` is a CustomerState or '' for all; `among` leaves
    only these."""
    customers = Customer.objects.all()
    if search:
        customers = customers.filter(Q(external_id__icontains=search) | Q(name__icontains=search))
    if state:
        customers = customers.filter(state=state)
    return customers if among is None else customers.filter(pk__in=among)


def customer_by_external_id(external_id: str) -> Customer | None:
    """One customer by the partner's own id. One query."""
    return Customer.objects.filter(external_id=external_id).first()


def batch_bound(partner_id: UUID) -> int:
    """The last recorder batch in the rollups of this partner (0: none yet). One query.

    Read in the same repeatable-read transaction as the rollups, it says exactly which events they
    hold: those with `recorded_batch` at most this.
    """
    position = PartnerPosition.objects.filter(partner_id=partner_id).first()
    return position.last_batch if position else 0


def total(what: Any, condition: Q) -> Coalesce:
    """The sum of a column (or of an expression) over the rows of a condition; 0 without any."""
    return Coalesce(Sum(what, filter=condition), 0, output_field=models.DecimalField())


def net(what: Any) -> Any:
    """Of the hits, less those that feedback took back."""
    return total(what, HIT) - total(what, BACK)


MEASURES: dict[str, Any] = {
    "lookups": total("quantity", LOOKUP),
    "hits": net("quantity"),
    "stores": total("quantity", STORE),
    "bytes_served": net("bytes"),
    "tokens_saved": net(F("tokens_in") + F("tokens_out")),
    "cost_saved": net("cost_saved_micros"),
    "semantic_hits": total("quantity", SEMANTIC) - total("quantity", SEMANTIC_BACK),
}


def values_of(row: dict[str, Any]) -> list[int]:
    """The measures of a row of values, in the order of the reports' members."""
    return [int(row.get(name, 0)) for name in MEASURES]


def _segment(boundaries: tuple[datetime, ...]) -> Func | Value:
    if not boundaries:
        return Value(0)
    edges = Value(sorted(boundaries), output_field=ArrayField(models.DateTimeField()))
    return Func(
        F("bucket_at"),
        edges,
        function="width_bucket",
        template="%(function)s(%(expressions)s::timestamptz[])",
        output_field=IntegerField(),
    )


def table_of(
    start: datetime, end: datetime, hours: Any, days: Any
) -> tuple[Any, datetime, datetime]:
    """Which of two rollups a period reads, and from which bucket up to which."""
    span = spans.span_of(start, end, spans.hours_from(timezone.now()))
    return days if span.unit == "day" else hours, span.start, span.end


def usage_tables(customer_id: UUID | None) -> tuple[Any, Any]:
    """Hours and days: of one customer, or of all together."""
    return (TotalHour, TotalDay) if customer_id is None else (RollupHour, RollupDay)


def of_customer(table: Any, customer_id: UUID | None, livemode: bool = True) -> QuerySet[Any]:
    """A rollup's rows; those of one customer where there is one."""
    rows: QuerySet[Any] = table.objects.filter(livemode=livemode)
    return rows if customer_id is None else rows.filter(customer_id=customer_id)


def _period(
    start: datetime, end: datetime, customer_id: UUID | None, livemode: bool
) -> QuerySet[Any]:
    table, first, last = table_of(start, end, *usage_tables(customer_id))
    rows = of_customer(table, customer_id, livemode)
    return rows.filter(bucket_at__gte=first, bucket_at__lt=last)


def _customer_usage(customer: Customer, row: dict[str, Any]) -> CustomerUsage:
    return CustomerUsage(
        customer.pk, customer.external_id, customer.name, customer.state, *values_of(row)
    )
