"""The pipeline."""

import uuid

from django.db.models import Prefetch

from tenants.models import Prospect, ProspectEntry


def prospects() -> list[Prospect]:
    """The pipeline by name, with opened partners. One query (console)."""
    return list(Prospect.objects.select_related("partner").order_by("name"))


def prospect(prospect_id: uuid.UUID) -> Prospect | None:
    """One prospect with its entries, newest first. Two queries (console)."""
    newest_first = Prefetch("entries", ProspectEntry.objects.order_by("-at", "-id"))
    rows = Prospect.objects.select_related("partner").prefetch_related(newest_first)
    return rows.filter(pk=prospect_id).first()
