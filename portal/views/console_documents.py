"""`/documents/<id>/` on the console: any partner's document, as page, PDF and JSON."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.models import CreditRequest, FinanceRequest
from billing.queries import document_detail
from portal.views.documents import answer
from tenants.accounts.permissions import permission
from tenants.queries import partner_by_id


@permission("documents.view")
@require_safe
def document(request: HttpRequest, document_id: uuid.UUID, form: str = "") -> HttpResponse:
    """The document as everybody sees it; `form` is '', pdf or json."""
    detail = document_detail(document_id, today=timezone.now().date())
    if detail is None:
        raise Http404
    partner = partner_by_id(detail.row.partner_id)
    waiting = CreditRequest.objects.filter(document_id=document_id, approved_by="", declined_by="")
    undecided = FinanceRequest.objects.filter(
        document_id=document_id, approved_by="", declined_by=""
    )
    me = str(getattr(request.user, "email", "")).lower()
    return answer(request, detail, form, "console/document.html", partner=partner, me=me,
                  credit_requests=[] if form else list(waiting),
                  write_offs=[] if form else list(undecided))  # fmt: skip
