"""What a partner's monitoring scrapes: counters since the UTC month began.

A month, because every scrape reads them from the daily rollups: the work stays bounded however long
a partner has been here, and monitoring knows counters that begin anew. Gross, so that they only
grow in between. Runs in one partner's schema; query counts do not depend on the number of rows.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce

from cache_api.models import Customer, LatencyDay, RollupDay
from cache_api.queries import HIT, LOOKUP, SEMANTIC, STORE, total
from cache_api.rules import corrections, histogram, windows
from cache_api.rules.reports import CustomerCounters, OutcomeLatency

MOST_CUSTOMERS = 500  # with a label of their own: the first by id, so that none changes places
OTHERS = "_other"
TIMED = ("hit", "semantic_hit", "stale", "miss", "stored", "unchanged")
WRONG, UNUSED = (
    Q(kind="feedback", outcome__in=tuple(words.values()))
    for words in (corrections.WRONG, corrections.UNUSED)
)
_COUNTERS: dict[str, Any] = {
    "lookups": total("quantity", LOOKUP),
    "hits": total("quantity", HIT),
    "semantic_hits": total("quantity", SEMANTIC),
    "wrong_hits": total("quantity", WRONG),
    "unused_hits": total("quantity", UNUSED),
    "stores": total("quantity", STORE),
    "bytes_served": total("bytes", HIT),
    "cost_saved_micros": total("cost_saved_micros", HIT),
}


def since(now: datetime) -> datetime:
    """When the counters began: with the UTC month."""
    return windows.day_of(now).replace(day=1)


def counters(
    now: datetime, customer_id: UUID | None = None, livemode: bool = True
) -> list[CustomerCounters]:
    """One row per customer, at most MOST_CUSTOMERS and the rest as OTHERS. Two queries."""
    names = dict(Customer.objects.order_by("id").values_list("id", "external_id")[:MOST_CUSTOMERS])
    rows = (
        _month(RollupDay, now, customer_id, livemode)
        .annotate(shown=Case(When(customer_id__in=list(names), then=F("customer_id"))))
        .values("shown")
        .annotate(**_COUNTERS)
    )
    found: dict[str, list[int]] = {}
    for row in rows:
        name = names.get(row["shown"], OTHERS)
        sums = [int(row[one]) for one in _COUNTERS]
        # Nothing keeps a partner from calling a customer what we call the rest.
        found[name] = (
            [a + b for a, b in zip(found[name], sums, strict=True)] if name in found else sums
        )
    return [CustomerCounters(name, *sums) for name, sums in sorted(found.items())]


def latencies(
    now: datetime, customer_id: UUID | None = None, livemode: bool = True
) -> list[OutcomeLatency]:
    """One row per outcome of lookups and stores that was timed. Two queries."""
    counts = {f"b{n}": Coalesce(Sum(F(f"buckets__{n}")), 0) for n in range(histogram.BUCKETS)}
    timed = _month(LatencyDay, now, customer_id, livemode).filter(outcome__in=TIMED)
    spent = _month(RollupDay, now, customer_id, livemode).filter(outcome__in=TIMED)
    sums = dict(spent.values_list("outcome").annotate(Sum("latency_us_sum")))
    return [
        OutcomeLatency(
            row["outcome"], [int(row[name]) for name in counts], int(sums[row["outcome"]])
        )
        for row in timed.values("outcome").annotate(**counts).order_by("outcome")
    ]


def _month(table: Any, now: datetime, customer_id: UUID | None, livemode: bool) -> QuerySet[Any]:
    rows: QuerySet[Any] = table.objects.filter(bucket_at__gte=since(now), livemode=livemode)
    return rows if customer_id is None else rows.filter(customer_id=customer_id)
