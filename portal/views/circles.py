"""Whose people a page is about, from its request: the partner's staff or one customer's people."""

from __future__ import annotations

from django.http import HttpRequest

from tenants.accounts.permissions import eyes
from tenants.actions.people import Circle
from tenants.rules.roles import Audience


def staff(request: HttpRequest) -> Circle:
    """The staff of the host's partner."""
    return Circle(Audience.PARTNER, request.owner.partner_id)  # type: ignore[attr-defined]


def own(request: HttpRequest) -> Circle:
    """The people of the customer through whose eyes the page is seen."""
    owner = request.owner  # type: ignore[attr-defined]
    return Circle(Audience.CUSTOMER, owner.partner_id, eyes(request).customer_id)
