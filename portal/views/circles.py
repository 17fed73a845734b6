"""Whose people a page is about, from its request: the partner's staff or one customer's people."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest

from portal.queries.overview import customer_of
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


def of_customer(request: HttpRequest, customer_id: uuid.UUID) -> Circle:
    """The people of one of the partner's customers. Raises Http404 when there is no such one."""
    if customer_of(customer_id) is None:
        raise Http404
    owner = request.owner  # type: ignore[attr-defined]
    return Circle(Audience.CUSTOMER, owner.partner_id, customer_id)
