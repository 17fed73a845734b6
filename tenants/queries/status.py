"""Incidents with their updates."""

import uuid
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from tenants.models import Incident, IncidentUpdate


def incidents(since: datetime) -> list[Incident]:
    """Open ones and those that ended after `since`, newest first, with their updates. Two queries.

    In a partner's scope row security leaves those that concern the partner; the console sees all.
    """
    found = _incidents().filter(Q(resolved_at=None) | Q(resolved_at__gte=since))
    return list(found.order_by("-started_at", "-id"))


def incident(incident_id: uuid.UUID) -> Incident | None:
    """One of them with its updates, newest first (console). Two queries."""
    return _incidents().filter(pk=incident_id).first()


def _incidents() -> QuerySet[Incident]:
    newest_first = Prefetch("updates", IncidentUpdate.objects.order_by("-at", "-id"))
    return Incident.objects.prefetch_related(newest_first)
