"""Endpoints and their deliveries, as pages and the worker read them (partner's schema)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q

from cache_api.models import DeliveryState, HookDelivery, HookEndpoint

DAY = timedelta(days=1)


def endpoints(customer: uuid.UUID | None, now: datetime) -> list[HookEndpoint]:
    """The partner's (None) or a customer's own, with counts of the last day. One query.

    Each has `sent`, `failed`, `waiting` (deliveries) and `last_at`.
    """
    lately = Q(deliveries__done_at__gte=now - DAY)
    found = HookEndpoint.objects.filter(customer_id=customer).annotate(
        sent=Count("deliveries", filter=lately & Q(deliveries__state=DeliveryState.DELIVERED)),
        failed=Count("deliveries", filter=lately & Q(deliveries__state=DeliveryState.FAILED)),
        waiting=Count("deliveries", filter=Q(deliveries__state=DeliveryState.PENDING)),
        last_at=Max("deliveries__done_at"),
    )
    return list(found.order_by("-id"))


def endpoint(customer: uuid.UUID | None, endpoint_id: uuid.UUID) -> HookEndpoint | None:
    """One endpoint of this owner, or None."""
    return HookEndpoint.objects.filter(customer_id=customer, pk=endpoint_id).first()


def deliveries_page(
    of: HookEndpoint, *, state: str = "", type_: str = "", limit: int, offset: int
) -> tuple[list[HookDelivery], int]:
    """Deliveries of an endpoint, the newest event first, and how many there are. Two queries."""
    found = HookDelivery.objects.filter(endpoint=of)
    if state:
        found = found.filter(state=state)
    if type_:
        found = found.filter(event__type=type_)
    total = found.count()
    rows = found.select_related("event").order_by("-event_id")[offset : offset + limit]
    return list(rows), total


def delivery(of: HookEndpoint, delivery_id: uuid.UUID) -> HookDelivery | None:
    """One delivery with its event, or None."""
    rows = HookDelivery.objects.select_related("event").filter(endpoint=of)
    return rows.filter(pk=delivery_id).first()


def work_waits(now: datetime) -> bool:
    """Whether a delivery is due."""
    due = HookDelivery.objects.filter(
        state=DeliveryState.PENDING, next_at__lte=now, endpoint__disabled_at=None
    )
    return due.exists()


def notices() -> list[HookEndpoint]:
    """Endpoints about which people are to be told by mail."""
    return list(HookEndpoint.objects.exclude(notice=""))
