"""`/usage/`: the explorer over a customer's own usage; never another customer's numbers."""

import uuid

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_POST, require_safe

from portal.views import explore
from portal.views.customer_overview import own_customer
from tenants.accounts.permissions import permission

SIDE = explore.CUSTOMER


@permission("my.usage.view")
@require_safe
def usage(request: HttpRequest) -> HttpResponse:
    """The address holds the whole state (`portal.rules.questions`)."""
    return explore.page(request, SIDE, own_customer(request))


@permission("my.usage.view")
@require_safe
def file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The same question as `csv` or `parquet`."""
    return explore.file(request, SIDE, own_customer(request), form)


@permission("my.usage.view")
@require_safe
def tags(request: HttpRequest) -> HttpResponseBase:
    """The allocation by `?tag=`, a month and a value of it."""
    return explore.tags(request, SIDE, own_customer(request))


@permission("my.usage.view")
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep a view for the customer's people."""
    return explore.save(request, SIDE)


@permission("my.usage.view")
@require_POST
def forget(request: HttpRequest, view_id: uuid.UUID) -> HttpResponse:
    """Remove one."""
    return explore.forget(request, SIDE, view_id)
