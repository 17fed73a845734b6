"""`/`: what the cache does for a customer, and what it costs."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from cache_api.models import Customer
from portal import pictures
from portal.queries.onboarding import customer_checklist
from portal.queries.overview import customer_of, customer_overview
from portal.queries.plan_month import plan_month
from portal.views.asked import asked_range
from portal.words import onboarding as words
from portal.words.onboarding import worded
from tenants.accounts.permissions import eyes, permission
from tenants.rules.roles import Audience


def home(request: HttpRequest) -> HttpResponse:
    """Partner staff belong under /manage/; everybody else is a customer here."""
    user: Any = request.user
    if user.is_authenticated and eyes(request).audience == Audience.PARTNER:
        return HttpResponseRedirect(reverse("partner_overview"))
    return overview(request)


@permission("my.overview.view")
def overview(request: HttpRequest) -> HttpResponse:
    """Cost so far, savings, hit rate, latency, the open invoice; first steps when new."""
    owner = request.owner  # type: ignore[attr-defined]
    customer = own_customer(request)
    page = customer_overview(
        owner.partner_id, customer, asked_range(request),
        money=eyes(request).may("my.invoices.view"),
    )  # fmt: skip
    steps = customer_checklist(owner.partner_id, customer)
    context = {
        "customer": customer,
        "month": plan_month(owner.partner_id, customer, page.usage.range.now),
        "checklist": steps,
        "steps": worded(steps, words.CUSTOMER),
        "page": page,
        "usage": page.usage,
        "range_name": pictures.range_name(page.usage.range),
        "requests": pictures.requests_figure(page.usage),
        "saved": pictures.saved_figure(page.usage),
        "trend": [point.lookups for point in page.usage.whole_points],
        "saved_trend": [point.cost_saved_micros for point in page.usage.whole_points],
    }
    return render(request, "customer/overview.html", context)


def own_customer(request: HttpRequest) -> Customer:
    """The customer that the person belongs to. Raises Http404 when it is gone."""
    customer = customer_of(eyes(request).customer_id)
    if customer is None:
        raise Http404
    return customer


home.permission = "my.overview.view"  # type: ignore[attr-defined]
