"""One line of a document: what is disputed about it, the thread, and accepting a statement."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.actions import disputes
from billing.queries import DocumentDetail
from billing.queries.disputes import DisputeRow, disputes_of
from billing.rules.disputes import ANSWER_DAYS, BadDispute
from billing.rules.errors import BillingError
from portal.views.console_partners import actor
from portal.views.customer_overview import own_customer
from portal.views.documents import INVOICES, STATEMENTS, TO_CUSTOMERS, found
from portal.words.told import told
from tenants.accounts.permissions import eyes, permission

GET_POST = require_http_methods(["GET", "HEAD", "POST"])


@permission("statements.accept")
@require_POST
def accept(request: HttpRequest, document_id: uuid.UUID) -> HttpResponse:
    """The partner agrees to the whole statement."""
    detail = found(request, document_id, STATEMENTS)

    def agree() -> None:
        disputes.accept_statement(document_id=detail.row.id, actor=actor(request),
                                  now=timezone.now())  # fmt: skip

    url = reverse("partner_statement", args=[document_id])
    return _do(request, url, agree, _("The statement is accepted."))


@permission("statements.accept")
@GET_POST
def partner_statement_line(
    request: HttpRequest, document_id: uuid.UUID, position: int
) -> HttpResponse:
    """A statement's line: dispute it, add to the thread, withdraw."""
    detail = found(request, document_id, STATEMENTS)
    return _line(request, detail, position, "partner_statement", "statements.accept")


@permission("invoices.view")
@GET_POST
def partner_invoice_line(
    request: HttpRequest, document_id: uuid.UUID, position: int
) -> HttpResponse:  # fmt: skip
    """An invoice's line: a partner's finance people question it as their customers do."""
    detail = found(request, document_id, INVOICES)
    return _line(request, detail, position, "partner_invoice", "statements.accept")


@permission("my.invoices.question")
@GET_POST
def customer_invoice_line(
    request: HttpRequest, document_id: uuid.UUID, position: int
) -> HttpResponse:
    """One of the customer's own invoice lines: question it."""
    detail = found(request, document_id, TO_CUSTOMERS, own_customer(request).pk)
    return _line(request, detail, position, "customer_invoice", "my.invoices.question")


def _line(
    request: HttpRequest, detail: DocumentDetail, position: int, page: str, needed: str
) -> HttpResponse:
    line = next((one for one in detail.body["lines"] if one["position"] == position), None)
    if line is None:
        raise Http404
    rows = [row for row in disputes_of(detail.row.id) if row.line.position == position]
    current = next((row for row in rows if row.is_open), None)
    may = bool(eyes(request).may(needed))
    if request.method == "POST":
        if not may:
            raise Http404
        url = reverse(f"{page}_line", args=[detail.row.id, position])
        return _do(request, url, lambda: _act(request, detail, position, current), _("Sent."))
    base = "partner_statements" if page == "partner_statement" else f"{page}s"
    return render(request, "parts/document_line.html", {
        "detail": detail, "row": detail.row, "document": detail.body, "line": line,
        "disputes": rows, "current": current, "may_act": may, "back": page, "list": base,
        "answer_days": ANSWER_DAYS, "is_statement": page == "partner_statement",
        "accepted": any(event.kind == "accepted" for event in detail.events),
    })  # fmt: skip


def _act(
    request: HttpRequest, detail: DocumentDetail, position: int, current: DisputeRow | None
) -> None:
    facts: dict[str, Any] = {"actor": actor(request), "now": timezone.now()}
    if request.POST.get("act") == "withdraw":
        if current is None:
            raise BadDispute(_("There is no open dispute of this line."))
        disputes.withdraw_dispute(dispute_id=current.id, **facts)
        return
    facts |= {"text": request.POST.get("text", ""), "attachment": attachment(request)}
    if current is None:
        disputes.open_dispute(document_id=detail.row.id, position=position, **facts)
    else:
        disputes.say(dispute_id=current.id, **facts)


def attachment(request: HttpRequest) -> disputes.Attachment | None:
    """The uploaded file, if there is one."""
    file = request.FILES.get("file")
    return disputes.Attachment(file.name or "file", file.read()) if file else None


def _do(request: HttpRequest, url: str, act: Callable[[], object], done: str) -> HttpResponse:
    try:
        act()
    except BillingError as error:
        messages.error(request, told(error))
    else:
        messages.success(request, done)
    return HttpResponseRedirect(url)
