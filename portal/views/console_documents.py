"""`/documents/<id>/` on the console: any partner's document, as page, PDF and JSON."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.queries import document_detail
from billing.queries.documents import asked_corrections
from portal.views.documents import answer
from portal.views.or_404 import or_404
from tenants.accounts.permissions import permission
from tenants.queries import partner_by_id


@permission("documents.view")
@require_safe
def document(request: HttpRequest, document_id: uuid.UUID, form: str = "") -> HttpResponse:
    """The document as everybody sees it; `form` is '', pdf or json."""
    detail = or_404(document_detail(document_id, today=timezone.now().date()))
    partner = partner_by_id(detail.row.partner_id)
    credits, write_offs = ([], []) if form else asked_corrections(document_id)
    me = str(getattr(request.user, "email", "")).lower()
    return answer(request, detail, form, "console/document.html", partner=partner, me=me,
                  credit_requests=credits, write_offs=write_offs)  # fmt: skip
