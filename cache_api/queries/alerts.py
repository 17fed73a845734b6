"""Alerts and what fired, as pages and the mailer read them (partner's schema)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q

from cache_api.models import Alert, AlertFiring, Customer

HISTORY = timedelta(days=30)


def alerts(owner: uuid.UUID | None, now: datetime) -> list[Alert]:
    """The partner's (None) or a customer's own, each with `fired` (30 days) and `last_at`."""
    lately = Q(firings__at__gte=now - HISTORY)
    found = Alert.objects.filter(owner_id=owner).annotate(
        fired=Count("firings", filter=lately), last_at=Max("firings__at")
    )
    return list(found.order_by("-id"))


def with_customers(rows: list[Alert]) -> list[tuple[Alert, Customer | None]]:
    """Each alert with the customer that it watches, None for all of them. One query."""
    known = Customer.objects.in_bulk([row.customer_id for row in rows if row.customer_id])
    return [(row, known.get(row.customer_id)) for row in rows]


def history(
    owner: uuid.UUID | None, *, limit: int, offset: int
) -> tuple[list[AlertFiring], int]:  # fmt: skip
    """What fired, the newest first, and how many there are. Two queries."""
    found = AlertFiring.objects.filter(alert__owner_id=owner).select_related("alert")
    return list(found.order_by("-at", "-id")[offset : offset + limit]), found.count()


def untold() -> list[AlertFiring]:
    """Firings whose mail was not taken yet, the oldest first."""
    return list(AlertFiring.objects.filter(told_at=None).select_related("alert").order_by("id"))
