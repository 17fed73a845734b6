"""Looks of our support at portals."""

from datetime import datetime

from tenants.models import SupportLook


def support_looks(now: datetime, limit: int) -> tuple[list[SupportLook], list[SupportLook]]:
    """Those that are on, and the last that ended, newest first: two queries (console)."""
    rows = SupportLook.objects.select_related("partner").order_by("-started_at")
    running = rows.filter(ended_at=None, ends_at__gt=now)
    return list(running), list(rows.exclude(pk__in=running)[:limit])
