"""What the usage pages show: one range, the range before, and breakdowns (partner's schema)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from cache_api import queries as usage
from cache_api.models import Customer
from cache_api.queries.prompts import prompt_caching
from cache_api.rules.reports import (
    CustomerUsage,
    PromptCaching,
    UsagePoint,
    UsageSlice,
    UsageSummary,
)
from portal.rules.ranges import Range, month_start

PERCENTILES = (50, 95, 99)
DIMENSIONS = ("model", "provider", "region")
Latency = dict[float, int | None]


@dataclass(frozen=True)
class UsageView:
    """Requests, hits and savings of a range; `before` is the window before it."""

    range: Range
    customer: Customer | None
    summary: UsageSummary
    before: UsageSummary
    points: list[UsagePoint]
    points_before: list[UsagePoint]
    hit_latency: Latency
    miss_latency: Latency
    by: str
    slices: list[UsageSlice]
    top: list[CustomerUsage]
    prompts: PromptCaching

    @property
    def whole_points(self) -> list[UsagePoint]:
        """The points without the one that is still filling."""
        return self.points[:-1] if self.range.end > self.range.now else self.points


def usage_view(
    window: Range, *, customer: Customer | None = None, by: str = "model", top: int = 0
) -> UsageView:
    """A usage page: eight queries, ten with `top` customers.

    Raises ValueError for a dimension that cannot be grouped by.
    """
    if by not in DIMENSIONS:
        raise ValueError(f"cannot group usage by {by!r}: use one of {', '.join(DIMENSIONS)}")
    customer_id = customer.pk if customer else None
    return UsageView(
        range=window, customer=customer,
        summary=usage.usage_summary(window.start, window.end, customer_id),
        before=usage.usage_summary(*window.before, customer_id),
        points=points(customer_id, window.start, window.end, window.granularity),
        points_before=points(customer_id, *window.before, window.granularity),
        hit_latency=latency(window, customer_id, ("hit", "semantic_hit")),
        miss_latency=latency(window, customer_id, ("miss",)),
        by=by, slices=usage.usage_breakdown(window.start, window.end, by, customer_id, limit=12),
        top=usage.top_customers(window.start, window.end, top) if top else [],
        prompts=prompt_caching(window.start, window.end, customer_id, customers=top),
    )  # fmt: skip


def latency(window: Range, customer_id: uuid.UUID | None, outcomes: tuple[str, ...]) -> Latency:
    """p50, p95 and p99 in µs from merged histograms: one query."""
    return usage.latency_percentiles(
        window.start, window.end, customer_id, outcomes, percentiles=PERCENTILES
    )


def points(
    customer_id: uuid.UUID | None, start: datetime, end: datetime, granularity: str
) -> list[UsagePoint]:
    """A gap-free series: one query."""
    return buckets(usage.usage_series, customer_id, start, end, granularity)


def buckets(
    series: Callable[..., list[UsagePoint]], of: Any, start: datetime, end: datetime, unit: str
) -> list[UsagePoint]:
    """A series of `of`; weeks (from Monday) and months are sums of their days: one query."""
    if unit not in BUCKET_OF:
        return series(of, start, end, unit)
    merged = groupby(
        series(of, start, end, "day"), key=lambda point: BUCKET_OF[unit](point.bucket_at)
    )
    return [_sum(list(group)) for _, group in merged]


def _week(moment: datetime) -> datetime:
    return moment - timedelta(days=moment.weekday())


# The first instant of the bucket that a day belongs to.
BUCKET_OF: dict[str, Callable[[datetime], datetime]] = {"week": _week, "month": month_start}


def _sum(days: list[UsagePoint]) -> UsagePoint:
    """Days as one bucket, named by its first day within the range."""
    return UsagePoint(
        days[0].bucket_at,
        lookups=sum(day.lookups for day in days),
        hits=sum(day.hits for day in days),
        stores=sum(day.stores for day in days),
        bytes_served=sum(day.bytes_served for day in days),
        tokens_saved=sum(day.tokens_saved for day in days),
        cost_saved_micros=sum(day.cost_saved_micros for day in days),
        semantic_hits=sum(day.semantic_hits for day in days),
    )
