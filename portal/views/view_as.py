"""View-as: the form that starts it, the button that ends it, and what the customer is shown."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.forms.people import ViewAsForm
from portal.notices import House, told_about_overlay
from portal.overlay import KEY
from portal.queries.overview import customer_of
from portal.views.asked import PAGE_SIZE, Pager, asked_page
from portal.views.customer_overview import own_customer
from tenants.accounts.models import Overlay
from tenants.accounts.permissions import permission
from tenants.actions import overlays
from tenants.queries.people import count_customer_people, looks_at_customer
from tenants.rules import overlays as rules


@permission(rules.MAY)
def start(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Why, and as whom; then the customer's portal. Its owners are told by mail."""
    customer, by = customer_of(customer_id), request.user
    if customer is None:
        raise Http404
    if request.method not in ("GET", "HEAD", "POST"):
        raise BadRequest(_("%(method)s does nothing here.") % {"method": request.method})
    form = ViewAsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        overlay = overlays.start_overlay(
            partner_id=request.owner.partner_id,  # type: ignore[attr-defined]
            customer_id=customer.pk, external_id=customer.external_id, customer_name=str(customer),
            by=by, now=timezone.now(), **form.cleaned_data,  # type: ignore[arg-type]
        )  # fmt: skip
        request.session[KEY] = str(overlay.pk)
        _tell(request, overlay)
        return HttpResponseRedirect(reverse("customer_overview"))
    owners = count_customer_people(customer.pk, role="customer_owner")
    context = {"form": form, "customer": customer, "owners": owners,
               "minutes": int(rules.LASTS.total_seconds() // 60)}  # fmt: skip
    return render(request, "partner/customer_view.html", context)


@permission(rules.MAY)
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """Back to the customer's page of one's own; without an overlay, to the customers."""
    row = overlays.overlay_of(request.user, request.session.pop(KEY, ""))  # type: ignore[arg-type]
    if row is None:
        return HttpResponseRedirect(reverse("partner_customers"))
    overlays.end_overlay(
        overlay_id=row.pk, how="ended", now=timezone.now(),
        partner_id=request.owner.partner_id,  # type: ignore[attr-defined]
    )  # fmt: skip
    messages.success(request, _("You no longer see the portal of %s.") % row.customer_name)
    return HttpResponseRedirect(reverse("partner_customer", args=[row.customer_id]))


@permission("my.team.manage")
@require_safe
def activity(request: HttpRequest) -> HttpResponse:
    """Who of the partner looked at the customer's portal, when, as whom and why."""
    number = asked_page(request)
    rows, total = looks_at_customer(
        own_customer(request).pk, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE
    )
    context = {"rows": rows, "now": timezone.now(), "pager": Pager(number, total)}
    return render(request, "customer/activity.html", context)


def _tell(request: HttpRequest, overlay: Overlay) -> None:
    owner: Any = request.owner  # type: ignore[attr-defined]
    home = request.build_absolute_uri("/").rstrip("/")
    told_about_overlay(House(owner.brand, home, owner.partner_id), overlay)
