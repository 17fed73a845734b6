"""The partner's agreement: terms in plain words, versions, what is free until when, the paper."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.queries.agreements import CURRENT, own_versions, paper_of
from portal.plain_terms import plain_terms
from portal.views.or_404 import or_404
from tenants.accounts.permissions import permission


@permission("agreement.view")
@require_safe
def agreement(request: HttpRequest) -> HttpResponse:
    """Approved versions only: the database shows a partner no other."""
    now = timezone.now()
    entries = [
        {"row": row, "sentences": plain_terms(row.terms), "in_poc": row.terms.in_poc(now)}
        for row in own_versions(request.owner.partner_id, now)  # type: ignore[attr-defined]
    ]
    current = next((one for one in entries if one["row"].phase == CURRENT), None)  # type: ignore[attr-defined]
    others = [one for one in entries if one is not current]
    return render(request, "partner/agreement.html", {"current": current, "others": others})


@permission("agreement.view")
@require_safe
def paper(request: HttpRequest, version_id: uuid.UUID) -> HttpResponse:
    """The written agreement of a version as PDF."""
    written = or_404(paper_of(version_id))
    headers = {"Content-Disposition": 'inline; filename="agreement.pdf"'}
    return HttpResponse(bytes(written.pdf), content_type="application/pdf", headers=headers)
