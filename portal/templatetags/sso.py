"""The connections that the pages for signing in and for one's account offer."""

from __future__ import annotations

from typing import Any

from django import template

from tenants.accounts.models import Connection, Identity
from tenants.accounts.sso_gate import are_customers_offered, connections_of, offered

register = template.Library()


@register.simple_tag(takes_context=True)
def sso_offered(context: Any) -> list[Connection]:
    """`{% sso_offered as connections %}`: what is switched on at this host; none at the console."""
    owner = context.get("owner")
    return [] if owner is None or owner.is_console else offered()


@register.simple_tag(takes_context=True)
def sso_by_address(context: Any) -> bool:
    """`{% sso_by_address as yes %}`: whether a customer's people find their provider here."""
    owner = context.get("owner")
    return owner is not None and not owner.is_console and are_customers_offered()


@register.simple_tag(takes_context=True)
def sso_own(context: Any) -> list[Connection]:
    """`{% sso_own as connections %}`: what is switched on for the circle of who is signed in."""
    found = connections_of(context["request"].user).exclude(on_at=None)
    return list(found.order_by("name"))


@register.simple_tag(takes_context=True)
def sso_bound(context: Any) -> set[Any]:
    """`{% sso_bound as ids %}`: the connections that the person's account is bound to."""
    person = context["request"].user
    return set(Identity.objects.filter(user=person).values_list("connection_id", flat=True))
