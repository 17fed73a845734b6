"""What enforced single sign-on does to other ways of signing in. In the partner's schema."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tenants.accounts.models import BreakGlass, Connection
from tenants.rules import roles
from tenants.rules.roles import Audience


def enforced_for(person: Any) -> Connection | None:
    """The connection by which alone this person signs in, if there is one. One query for staff."""
    if person.role not in roles.PERMISSIONS[Audience.PARTNER]:
        return None
    return Connection.objects.exclude(enforced_at=None).first()


def break_glass_until(person: Any, now: datetime) -> datetime | None:
    """When the hour ends in which this owner's password works all the same."""
    if person.role != roles.OWNERS[Audience.PARTNER]:
        return None
    ends = BreakGlass.objects.filter(opened_at__lte=now, ends_at__gt=now).order_by("-ends_at")
    return ends.values_list("ends_at", flat=True).first()


def offered() -> list[Connection]:
    """The connections that the page for signing in offers."""
    return list(Connection.objects.exclude(on_at=None).order_by("name"))
