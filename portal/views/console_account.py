"""A partner's further pages on the console: health, customers, domains. Its overview is beside."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.queries import account
from tenants import queries as tenants
from tenants.accounts.permissions import permission
from tenants.models import Partner


@permission("channel.view")
@require_safe
def health(request: HttpRequest, slug: str) -> HttpResponse:
    """The score with its reasons, who signed in last, and what is open."""
    partner = _partner(slug)
    return _page(request, partner, "health", standing=account.standing(partner, timezone.now()))


@permission("channel.view")
@require_safe
def customers(request: HttpRequest, slug: str) -> HttpResponse:
    """Who asks most, in the last 30 days."""
    partner = _partner(slug)
    rows, total = account.customers(partner, timezone.now())
    return _page(request, partner, "customers", rows=rows, total=total)


@permission("channel.view")
@require_safe
def domains(request: HttpRequest, slug: str) -> HttpResponse:
    """Its hosts, and those that are on their way."""
    partner = _partner(slug)
    served, claims = account.hosts(partner)
    return _page(request, partner, "domains", served=served, claims=claims)


def _partner(slug: str) -> Partner:
    found = tenants.partner_by_slug(slug)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, partner: Partner, section: str, **more: Any) -> HttpResponse:
    context = {"partner": partner, "section": section, **more}
    return render(request, f"console/account/{section}.html", context)
