"""`/cache/`: how good a customer's hits are, and a purge for those that are not."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from cache_api.actions.ask_similarity import ask_similarity
from portal import pictures
from portal.forms.cache import PurgeForm
from portal.queries.quality import quality_view
from portal.views.asked import asked_range
from portal.views.customer_overview import own_customer
from portal.views.purging import asked_purge
from tenants.accounts.permissions import permission


@permission("my.cache.manage")
@require_safe
def quality(request: HttpRequest) -> HttpResponse:
    """Exact and semantic hits, what callers reported of them, and what can be purged."""
    customer = own_customer(request)
    view = quality_view(asked_range(request), customer)
    partner_id = request.owner.partner_id  # type: ignore[attr-defined]
    return render(request, "customer/cache.html", {
        "view": view, "usage": view.usage, "range_name": pictures.range_name(view.usage.range),
        "requests": pictures.requests_figure(view.usage), "form": PurgeForm(),
        "similarity": ask_similarity(partner_id, customer.external_id, timezone.now()),
    })  # fmt: skip


@permission("my.cache.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def purge(request: HttpRequest) -> HttpResponse:
    """GET: what would go, to be confirmed. POST: it goes."""
    form = PurgeForm(request.POST if request.method == "POST" else request.GET)
    return asked_purge(request, form, own_customer(request), "customer_cache")
