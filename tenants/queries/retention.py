"""How long cached answers are kept: a partner's, and those of its customers that differ."""

import uuid
from collections.abc import Collection
from typing import Any

from tenants.models import Entitlement, Retention


def retention(partner_id: uuid.UUID, customer: str = "") -> Retention | None:
    """What a partner chose last, for all or for one customer; None before the first time (partner
    or console)."""
    found = Retention.objects.filter(partner_id=partner_id, customer=customer)
    return found.order_by("-number").first()


def retention_entries(
    partner_id: uuid.UUID, customer: str = "", limit: int = 10
) -> list[Retention]:
    """Who chose what, newest first."""
    found = Retention.objects.filter(partner_id=partner_id, customer=customer)
    return list(found.order_by("-number")[:limit])


def retention_hours(partner_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, int]]:
    """What holds for each of the partners that chose, '' for all customers and by customer: one
    query (the publisher)."""
    rows = Retention.objects.filter(partner_id__in=partner_ids)
    rows = rows.order_by("partner_id", "customer", "-number").distinct("partner_id", "customer")
    found: dict[uuid.UUID, dict[str, int]] = {}
    for partner_id, customer, hours in rows.values_list("partner_id", "customer", "hours"):
        if hours is not None:
            found.setdefault(partner_id, {})[customer] = hours
    return found


def granted(partner_id: uuid.UUID, name: str) -> Any:
    """What an operator granted a partner under a name; None when nothing (partner or console)."""
    found = Entitlement.objects.filter(partner_id=partner_id, name=name)
    return found.values_list("value", flat=True).first()
