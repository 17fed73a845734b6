"""Which switches are in force, for whoever must obey them and for the console's page."""

import uuid
from datetime import datetime

from django.db.models import Q, QuerySet

from tenants.models import Switch


def switches_on(now: datetime) -> list[Switch]:
    """All that are in force, newest first, with their partners. One query."""
    return list(_on(now).select_related("partner").order_by("-set_at"))


def switch_on(kind: str, partner_id: uuid.UUID | None, now: datetime) -> Switch | None:
    """The switch of a kind that means this partner (its own before everybody's), or None."""
    mine = Q(partner_id=partner_id) | Q(partner_id=None)
    return _on(now).filter(mine, kind=kind).order_by("partner_id").first()


def hot_switches(now: datetime) -> list[tuple[str, uuid.UUID | None, str]]:
    """(kind, partner, region) of all that are in force: what edges may have to know."""
    return list(_on(now).values_list("kind", "partner_id", "region"))


def switches_past(limit: int = 50) -> list[Switch]:
    """Those that are over, the last one first."""
    return list(Switch.objects.filter(ended_at__isnull=False).select_related("partner")
                .order_by("-ended_at")[:limit])  # fmt: skip


def _on(now: datetime) -> QuerySet[Switch]:
    return Switch.objects.filter(Q(until=None) | Q(until__gt=now), ended_at=None)
