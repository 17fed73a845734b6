"""The regions: which answer, how far apart they are, where hits came from."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.queries.regions import regions_now
from tenants.accounts.permissions import permission


@permission("cockpit.view")
@require_safe
def regions(request: HttpRequest) -> HttpResponse:
    """Every region, as its servers and processes told within two seconds. Asks no database."""
    return render(request, "console/regions.html", {"rows": regions_now()})
