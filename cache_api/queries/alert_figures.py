"""The figures that alerts watch, from the rollups (partner's schema). Live traffic only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Q

from cache_api import queries as usage
from cache_api.models import Customer, RollupDay
from cache_api.queries import LOOKUP, total
from cache_api.rules import windows
from cache_api.rules.alerts import QuotaUse, Rate

RECENT = timedelta(hours=24)
BEFORE = timedelta(days=7)


def rates(customer_id: UUID | None, now: datetime) -> tuple[Rate, Rate]:
    """The last 24 whole hours, and the seven days before them: two queries."""
    end = windows.hour_of(now)
    middle = end - RECENT
    return _rate(middle, end, customer_id), _rate(middle - BEFORE, middle, customer_id)


def hit_latency(customer_id: UUID | None, now: datetime) -> tuple[int | None, int]:
    """p95 of the hits of the last whole hour in µs, and how many there were: two queries."""
    end = windows.hour_of(now)
    buckets = usage.latency_buckets(end - windows.HOUR, end, customer_id)
    p95 = usage.latency_percentiles(end - windows.HOUR, end, customer_id, percentiles=(95,))[95]
    return p95, sum(buckets)


def quota_uses(customer_id: UUID | None, now: datetime) -> list[QuotaUse]:
    """Customers with a quota and what their UTC day and month have used: two queries."""
    customers = Customer.objects.exclude(quota=None)
    if customer_id is not None:
        customers = customers.filter(pk=customer_id)
    known = list(customers)
    today = windows.day_of(now)
    first = today.astimezone(UTC).replace(day=1)
    rows = RollupDay.objects.filter(
        bucket_at__gte=first, livemode=True, customer_id__in=[one.pk for one in known]
    ).values("customer_id")
    rows = rows.annotate(
        day=total("quantity", LOOKUP & Q(bucket_at=today)), month=total("quantity", LOOKUP)
    )
    used = {
        (row["customer_id"], span): int(number)
        for row in rows.order_by()
        for span, number in (("day", row["day"]), ("month", row["month"]))
    }
    return [
        QuotaUse(one.external_id, span, used.get((one.pk, span), 0), one.quota[span])
        for one in known if one.quota
        for span in ("day", "month") if one.quota.get(span) is not None
    ]  # fmt: skip


def _rate(start: datetime, end: datetime, customer_id: UUID | None) -> Rate:
    summary = usage.usage_summary(start, end, customer_id)
    return Rate(summary.lookups, summary.hits)
