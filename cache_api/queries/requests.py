"""The request log: recorded events as they came, newest first, by keyset (partner's schema).

An event holds no text of a request, so neither does the log. Only answered requests are recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db import OperationalError, connection, transaction

from cache_api.metering.models import UsageEvent
from cache_api.rules.leaves import first_id

Found = TypeVar("Found")
PATIENCE_MS = 5_000
# What the log may be narrowed by, each an exact value.
FILTERS = ("outcome", "kind", "model", "provider", "reason", "key_id", "customer", "region")


class TooWide(RuntimeError):
    """The filter leaves so few of so many that looking took too long."""


@dataclass(frozen=True)
class Asked:
    """What of the log to show: events from `start` on, before the event `before`."""

    start: datetime
    before: UUID | None = None
    only: Mapping[str, str] = field(default_factory=dict)
    livemode: bool | None = None


def requests_page(partner_id: UUID, asked: Asked, limit: int) -> tuple[list[UsageEvent], bool]:
    """One page, and whether there is more behind it. One query. Raises TooWide."""
    rows = UsageEvent.objects.filter(partner_id=partner_id, event_id__gte=first_id(asked.start))
    if asked.before is not None:
        rows = rows.filter(event_id__lt=asked.before)
    if asked.livemode is not None:
        rows = rows.filter(livemode=asked.livemode)
    rows = rows.filter(**{name: asked.only[name] for name in FILTERS if asked.only.get(name)})
    found = patiently(lambda: list(rows.order_by("-event_id")[: limit + 1]), PATIENCE_MS)
    return found[:limit], len(found) > limit


def patiently(look: Callable[[], Found], patience_ms: int) -> Found:
    """What `look` finds in the database. Raises TooWide when it takes longer than `patience_ms`."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {patience_ms}")
            return look()
    except OperationalError as error:
        if "statement timeout" in str(error):
            raise TooWide from error
        raise


def request_by_id(
    partner_id: UUID, event_id: UUID, customer: str | None = None
) -> UsageEvent | None:
    """One event of the partner (and of one customer only); None where there is none."""
    rows = UsageEvent.objects.filter(partner_id=partner_id, event_id=event_id)
    return (rows if customer is None else rows.filter(customer=customer)).first()
