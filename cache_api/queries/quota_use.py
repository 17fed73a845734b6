"""Which customers have used up their quota, and lookups by customer (partner's schema)."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, Sum

from cache_api.models import Customer, CustomerDay
from cache_api.queries.by_customer import customer_totals
from cache_api.rules import windows


def over_quota(now: datetime) -> set[UUID]:
    """Whose live lookups of this UTC day or month have reached their quota, by the rollups, which
    follow within seconds. Two queries."""
    quotas = dict(Customer.objects.filter(quota__isnull=False).values_list("pk", "quota"))
    day = windows.day_of(now)
    rows = CustomerDay.objects.filter(
        livemode=True, customer_id__in=quotas, bucket_at__gte=day.replace(day=1), bucket_at__lte=day
    )
    used = rows.values("customer_id").annotate(
        month=Sum("lookups"), day=Sum("lookups", filter=Q(bucket_at=day), default=0)
    )
    return {
        row["customer_id"] for row in used if _is_used_up(quotas[row["customer_id"]] or {}, row)
    }


def _is_used_up(quota: Mapping[str, Any], used: Mapping[str, Any]) -> bool:
    limits = {span: quota.get(span) for span in ("day", "month")}
    return any(limit is not None and used[span] >= limit for span, limit in limits.items())


def lookups_of(customer_ids: Collection[UUID], start: datetime, end: datetime) -> dict[UUID, int]:
    """Live lookups of a period by customer; who had none is missing. One query at most."""
    rows = customer_totals(start, end, customers=customer_ids)
    return {row["customer_id"]: int(row["lookups"]) for row in rows}
