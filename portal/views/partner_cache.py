"""`/manage/cache/`: how good the hits of all customers are, or of one; and a purge."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cache_api.actions.ask_similarity import ask_similarity
from cache_api.queries import customer_by_external_id
from portal import pictures
from portal.forms.cache import PartnerPurgeForm
from portal.queries.quality import most_reported, quality_view
from portal.views.asked import asked_customer, asked_range
from portal.views.purging import asked_purge
from tenants.accounts.permissions import permission


@permission("cache.manage")
@require_safe
def quality(request: HttpRequest) -> HttpResponse:
    """Exact and semantic hits and what was reported, of all customers or of `?customer=`."""
    window, customer = asked_range(request), asked_customer(request)
    view = quality_view(window, customer)
    context: dict[str, Any] = {
        "view": view, "usage": view.usage, "range_name": pictures.range_name(window),
        "requests": pictures.requests_figure(view.usage), "customer": customer,
        "form": PartnerPurgeForm(initial={"customer": customer.external_id if customer else ""}),
    }  # fmt: skip
    if customer is None:
        context["reported"] = most_reported(window)
    else:
        partner_id = request.owner.partner_id  # type: ignore[attr-defined]
        context["similarity"] = ask_similarity(partner_id, customer.external_id, timezone.now())
    return render(request, "partner/cache.html", context)


@permission("cache.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def purge(request: HttpRequest) -> HttpResponse:
    """GET: what would go of the customer named, to be confirmed. POST: it goes."""
    form = PartnerPurgeForm(request.POST if request.method == "POST" else request.GET)
    named = form.cleaned_data.get("customer", "") if form.is_valid() else ""
    customer = customer_by_external_id(named) if named.isprintable() else None
    if named and customer is None:
        form.add_error("customer", _("You have no customer with this id."))
    return asked_purge(request, form, customer, "partner_cache")
