"""`/partners/<slug>/review.pdf`: a partner's quarter on paper, to talk about."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.gateways.typst import render_review
from portal.pictures.review import review_paper
from portal.queries.quarterly import review as quarter_of
from portal.rules.quarters import BadQuarter, parse_quarter
from portal.words.told import told
from tenants import queries as tenants
from tenants.accounts.permissions import permission


@permission("runs.view")
@require_safe
def review(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest quarter that has ended, or `?quarter=2026-Q3`. Raises BadRequest (400)."""
    partner, now = tenants.partner_by_slug(slug), timezone.now()
    if partner is None:
        raise Http404
    try:
        quarter = parse_quarter(request.GET.get("quarter", ""), now)
    except BadQuarter as bad:
        raise BadRequest(told(bad)) from bad
    made_at = now.replace(hour=0, minute=0, second=0, microsecond=0)
    pdf = render_review(review_paper(quarter_of(partner, quarter, now), made_at))
    name = f"review-{partner.slug}-{quarter.label}.pdf"
    return HttpResponse(pdf, content_type="application/pdf",
                        headers={"Content-Disposition": f'inline; filename="{name}"'})  # fmt: skip
