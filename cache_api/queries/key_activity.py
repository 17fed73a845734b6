"""What keys did lately: one, for whoever must judge what its loss meant; each, for its list."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Max, Min, Q, Sum

from cache_api.metering.models import UsageEvent
from cache_api.queries.requests import TooWide, patiently
from cache_api.rules.leaves import first_id

LATELY = timedelta(hours=24)
_MOST = 10
_PATIENCE_MS = 1_000
_HITS = ("hit", "semantic_hit")


@dataclass(frozen=True)
class KeyActivity:
    """Requests by what came of them, and who or what they were for: (name, requests), most first.

    `first_at` and `last_at` are None for a key that did nothing.
    """

    first_at: datetime | None
    last_at: datetime | None
    outcomes: tuple[tuple[str, int], ...]
    customers: tuple[tuple[str, int], ...]
    models: tuple[tuple[str, int], ...]
    regions: tuple[tuple[str, int], ...]

    @property
    def requests(self) -> int:
        """All of them."""
        return sum(count for _, count in self.outcomes)


def key_activity(partner_id: UUID, key_id: str, now: datetime) -> KeyActivity:
    """Recorded usage of the key in the last 24 hours (partner's schema or console)."""
    rows = UsageEvent.objects.filter(
        partner_id=partner_id, event_id__gte=first_id(now - LATELY), key_id=key_id
    )
    span = rows.aggregate(first=Min("occurred_at"), last=Max("occurred_at"))

    def most(name: str) -> tuple[tuple[str, int], ...]:
        sums = rows.values_list(name).annotate(n=Sum("quantity")).order_by("-n", F(name).asc())
        return tuple((str(one), int(count)) for one, count in sums[:_MOST])

    return KeyActivity(
        span["first"], span["last"], most("outcome"), most("customer"), most("model"),
        most("region"),
    )  # fmt: skip


@dataclass(frozen=True)
class KeyCalls:
    """Requests of one key in 24 hours, and the hits among its lookups."""

    requests: int = 0
    lookups: int = 0
    hits: int = 0


def calls_by_key(
    partner_id: UUID, key_ids: Collection[str], now: datetime
) -> dict[str, KeyCalls] | None:
    """By key; None where there were too many requests to count at once. One query."""
    rows = UsageEvent.objects.filter(
        partner_id=partner_id, event_id__gte=first_id(now - LATELY), key_id__in=key_ids
    )
    counted = rows.values_list("key_id").annotate(
        requests=Sum("quantity"), lookups=_sum(kind="lookup"), hits=_sum(outcome__in=_HITS)
    )
    try:
        found = patiently(lambda: list(counted.order_by()), _PATIENCE_MS)
    except TooWide:
        return None
    return {key_id: KeyCalls(*map(int, counts)) for key_id, *counts in found}


def _sum(**of: Any) -> Sum:
    return Sum("quantity", filter=Q(**of), default=0)
