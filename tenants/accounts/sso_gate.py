"""What enforced single sign-on does to other ways of signing in. In the partner's schema."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from tenants.accounts.models import BreakGlass, Connection
from tenants.rules import roles, sso


def connections_of(person: Any) -> QuerySet[Connection]:
    """The connections of somebody's circle: the partner's, or those of the own customer."""
    if person.audience not in sso.GIVEN:
        return Connection.objects.none()
    return Connection.objects.filter(customer_id=person.customer_id)


def enforced_for(person: Any) -> Connection | None:
    """The connection by which alone this person signs in, if there is one. One query."""
    return connections_of(person).exclude(enforced_at=None).first()


def break_glass_until(person: Any, now: datetime) -> datetime | None:
    """When the hour ends in which this owner's password works all the same."""
    if person.role not in roles.OWNERS.values():
        return None
    hours = BreakGlass.objects.filter(
        customer_id=person.customer_id, opened_at__lte=now, ends_at__gt=now
    )
    return hours.order_by("-ends_at").values_list("ends_at", flat=True).first()


def offered() -> list[Connection]:
    """The connections that the page for signing in offers: the partner's own."""
    return list(_on().filter(customer_id=None).order_by("name"))


def are_customers_offered() -> bool:
    """Whether any customer's people sign in by a provider of their own."""
    return _on().exclude(customer_id=None).exists()


def offered_for(email: str) -> list[Connection]:
    """The connections, anybody's, that speak for an address's domain."""
    return list(_on().filter(domains__contains=[sso.domain_of(email)]).order_by("name"))


def _on() -> QuerySet[Connection]:
    return Connection.objects.exclude(on_at=None)
