"""`/manage/usage/`: the explorer over all customers or one, its files and its kept views."""

import uuid

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_POST, require_safe

from portal.views import explore
from portal.views.asked import asked_customer
from tenants.accounts.permissions import permission

SIDE = explore.PARTNER


@permission("usage.view")
@require_safe
def usage(request: HttpRequest) -> HttpResponse:
    """The address holds the whole state (`portal.rules.questions`), `?customer=` whose."""
    return explore.page(request, SIDE, asked_customer(request))


@permission("usage.view")
@require_safe
def file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The same question as `csv` or `parquet`."""
    return explore.file(request, SIDE, asked_customer(request), form)


@permission("usage.view")
@require_safe
def tags(request: HttpRequest) -> HttpResponseBase:
    """The allocation by `?tag=`, a month a customer and a value of it."""
    return explore.tags(request, SIDE, asked_customer(request))


@permission("usage.view")
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep a view for the partner's staff."""
    return explore.save(request, SIDE)


@permission("usage.view")
@require_POST
def forget(request: HttpRequest, view_id: uuid.UUID) -> HttpResponse:
    """Remove one."""
    return explore.forget(request, SIDE, view_id)
