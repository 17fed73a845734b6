"""`/manage/`: is my business healthy."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing.queries.payout_figures import payout_figures
from portal import pictures
from portal.queries.attention import attention
from portal.queries.onboarding import partner_checklist
from portal.queries.overview import partner_overview
from portal.views.asked import asked_range
from portal.words import onboarding as words
from portal.words.onboarding import worded
from tenants.accounts.permissions import eyes, permission
from tenants.rules.roles import permissions_of


@permission("overview.view")
def overview(request: HttpRequest) -> HttpResponse:
    """Attention first, then the numbers, the trend, the customers and the latest documents."""
    user: Any = request.user
    owner = request.owner  # type: ignore[attr-defined]
    page = partner_overview(
        owner.partner_id, asked_range(request), money=user.may("statements.view")
    )
    earns_share = bool(page.terms and page.terms.earns_share)
    steps = partner_checklist(owner.partner_id, owner.slug)
    may = permissions_of(eyes(request).role)
    context = {
        "attention": attention(owner.partner_id, may, page.usage.range.now),
        "checklist": steps,
        "steps": worded(steps, words.PARTNER),
        "page": page,
        "usage": page.usage,
        "range_name": pictures.range_name(page.usage.range),
        "requests": pictures.requests_figure(page.usage),
        "earns_share": earns_share,
        "payouts": payout_figures(owner.partner_id, page.usage.range.now)
        if earns_share and "payouts.view" in may
        else None,
        "earnings": pictures.earnings_figure(page.earnings, earns_share),
        "trend": [point.lookups for point in page.usage.whole_points],
        "saved_trend": [point.cost_saved_micros for point in page.usage.whole_points],
    }
    return render(request, "partner/overview.html", context)
