"""How long a partner's cached answers are kept."""

import uuid
from collections.abc import Collection
from typing import Any

from tenants.models import Entitlement, Retention


def retention(partner_id: uuid.UUID) -> Retention | None:
    """What a partner chose last; None before the first time (partner or console)."""
    return Retention.objects.filter(partner_id=partner_id).order_by("-number").first()


def retention_entries(partner_id: uuid.UUID, limit: int = 10) -> list[Retention]:
    """Who chose what, newest first."""
    return list(Retention.objects.filter(partner_id=partner_id).order_by("-number")[:limit])


def retention_hours(partner_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """What holds for each of the partners that chose: one query (the publisher)."""
    rows = Retention.objects.filter(partner_id__in=partner_ids).order_by("partner_id", "-number")
    return dict(rows.distinct("partner_id").values_list("partner_id", "hours"))


def granted(partner_id: uuid.UUID, name: str) -> Any:
    """What an operator granted a partner under a name; None when nothing (partner or console)."""
    found = Entitlement.objects.filter(partner_id=partner_id, name=name)
    return found.values_list("value", flat=True).first()
