"""`/cache/`: how good a customer's hits are, and a purge for those that are not."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cache_api.actions.purge_entries import PurgeRefused, purge_entries
from portal import pictures
from portal.forms.cache import PurgeForm
from portal.queries.quality import quality_view
from portal.views.asked import asked_range
from portal.views.customer_overview import own_customer
from tenants.accounts.permissions import permission


@permission("my.cache.manage")
@require_safe
def quality(request: HttpRequest) -> HttpResponse:
    """Exact and semantic hits, what callers reported of them, and what can be purged."""
    view = quality_view(asked_range(request), own_customer(request))
    return render(request, "customer/cache.html", {
        "view": view, "usage": view.usage, "range_name": pictures.range_name(view.usage.range),
        "requests": pictures.requests_figure(view.usage), "form": PurgeForm(),
    })  # fmt: skip


@permission("my.cache.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def purge(request: HttpRequest) -> HttpResponse:
    """GET: what would go, to be confirmed. POST: it goes."""
    customer, is_sure = own_customer(request), request.method == "POST"
    form = PurgeForm(request.POST if is_sure else request.GET)
    context: dict[str, Any] = {"customer": customer, "form": form, "is_valid": form.is_valid()}
    if not is_sure or not context["is_valid"]:
        return render(request, "customer/cache_purge.html", context)
    try:
        purge_entries(
            partner_id=request.owner.partner_id,  # type: ignore[attr-defined]
            customer=customer.external_id, livemode=form.cleaned_data["mode"] == "live",
            tag=form.cleaned_data["tag"], actor=str(request.user.email),  # type: ignore[union-attr]
            now=timezone.now(),
        )  # fmt: skip
    except PurgeRefused as refused:
        form.add_error(None, str(refused))
        return render(request, "customer/cache_purge.html", context)
    messages.success(request, _("Purged. Within five seconds no server answers with it any more."))
    return HttpResponseRedirect(reverse("customer_cache"))
