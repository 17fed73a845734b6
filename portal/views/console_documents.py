"""`/documents/` on the console: any partner's papers, each as page, PDF and JSON."""

from __future__ import annotations

import uuid

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from billing.models import Document
from billing.queries import document_detail
from billing.queries.documents import asked_corrections
from billing.queries.papers import LATE, OPEN, Wanted, papers_page
from billing.queries.receivables import months_of
from portal.views.asked import PAGE_SIZE, Pager, asked_month, asked_page
from portal.views.documents import answer
from portal.views.or_404 import or_404
from portal.words import PAPER_KINDS
from tenants.accounts.permissions import permission
from tenants.queries import partner_by_id, partner_list

KINDS = tuple(Document.Kind.values)
ONLYS = {OPEN: _("Not paid yet"), LATE: _("Past their date")}


@permission("documents.view")
@require_safe
def documents(request: HttpRequest) -> HttpResponse:
    """The newest first; filters stand in the address. Raises BadRequest (400) for unknown ones."""
    page, partners = asked_page(request), partner_list()
    kind, only, slug = (request.GET.get(name, "") for name in ("kind", "only", "partner"))
    chosen = next((one for one in partners if one.slug == slug), None)
    if kind not in ("", *KINDS) or only not in ("", *ONLYS) or (slug and chosen is None):
        raise BadRequest(_("No such kind, state or partner: choose one of the lists."))
    wanted = Wanted(
        kinds=(kind,) if kind else KINDS, partner_id=chosen and chosen.id,
        month=asked_month(request), number=request.GET.get("q", "").strip()[:40], only=only,
    )  # fmt: skip
    rows, total = papers_page(wanted, today=timezone.now().date(), limit=PAGE_SIZE,
                              offset=(page - 1) * PAGE_SIZE)  # fmt: skip
    names = {one.id: one.name for one in partners}
    return render(request, "console/documents.html", {
        "rows": [(row, names.get(row.partner_id, "")) for row in rows],
        "pager": Pager(page, total), "wanted": wanted, "kind": kind, "slug": slug,
        "kinds": PAPER_KINDS.items(), "onlys": ONLYS.items(), "partners": partners,
        "months": months_of(None, kinds=KINDS), "is_filtered": bool(request.GET.keys() - {"page"}),
    })  # fmt: skip


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
