"""Credit notes and write-offs of one invoice, from its page on the console."""

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

from billing.actions.credit import Credit
from billing.actions.credit_requests import (
    approve_credit_note,
    ask_credit_note,
    decline_credit_note,
)
from billing.actions.decide_request import approve_request
from billing.actions.finance_requests import decline_request
from billing.actions.write_off import ask_write_off
from billing.models import Document
from billing.queries.credits import body_of, creditable_lines
from billing.queries.documents import document_by_id
from billing.rules.drafts import CUSTOMER_INVOICE, PARTNER_INVOICE
from billing.rules.errors import BillingError
from billing.rules.money import parse_amount
from portal.views.console_partners import actor
from portal.views.or_404 import or_404
from portal.words.told import told
from tenants.accounts.permissions import permission

WHOLE, NET, LINES = "whole", "net", "lines"


@permission("credits.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def credit(request: HttpRequest, document_id: uuid.UUID) -> HttpResponse:
    """Choose what is taken back; the form's token makes a repeated POST the same request."""
    invoice = _invoice(document_id)
    if request.method == "POST":
        try:
            ask_credit_note(document_id=invoice.id, credit=_asked(request, invoice),
                            actor=actor(request), now=timezone.now())  # fmt: skip
        except BillingError as error:
            messages.error(request, told(error))
        else:
            messages.success(request, _("Asked. A second person has to approve the credit note."))
            return HttpResponseRedirect(reverse("console_document", args=[invoice.id]))
    lines = {line["position"]: line for line in body_of(invoice)["lines"]}
    rows = [(line, lines[line.position]) for line in creditable_lines(invoice)]
    return render(request, "console/credit.html", {
        "invoice": invoice, "rows": rows, "token": request.POST.get("token") or str(uuid.uuid4()),
        "left_minor": sum(line.left_minor for line, _facts in rows), "asked": request.POST,
    })  # fmt: skip


@permission("credits.issue")
@require_POST
def decide(request: HttpRequest, document_id: uuid.UUID, request_id: uuid.UUID) -> HttpResponse:
    """Approve what somebody else asked for, which issues it; or decline it, with the reason."""
    facts: dict[str, Any] = {"request_id": request_id, "actor": actor(request),
                             "now": timezone.now()}  # fmt: skip
    if request.POST.get("act") == "decline":
        reason = request.POST.get("reason", "")
        return _do(request, document_id, lambda: decline_credit_note(reason=reason, **facts),
                   _("Declined."))  # fmt: skip
    try:
        note = approve_credit_note(**facts)
    except BillingError as error:
        messages.error(request, told(error))
        return HttpResponseRedirect(reverse("console_document", args=[document_id]))
    messages.success(request, _("Credit note %(number)s is issued.") % {"number": note.number})
    return HttpResponseRedirect(reverse("console_document", args=[note.id]))


@permission("credits.prepare")
@require_POST
def write_off(request: HttpRequest, document_id: uuid.UUID) -> HttpResponse:
    """Ask to give up what is open, with the reason."""

    def give_up() -> None:
        ask_write_off(document_id=document_id, reason=request.POST.get("reason", ""),
                      actor=actor(request), now=timezone.now())  # fmt: skip

    done = _("Asked. A second person has to approve the write-off.")
    return _do(request, document_id, give_up, done)


@permission("credits.issue")
@require_POST
def decide_write_off(
    request: HttpRequest, document_id: uuid.UUID, request_id: uuid.UUID
) -> HttpResponse:
    """Approve a write-off that somebody else asked for; or decline it, with the reason."""
    facts: dict[str, Any] = {"request_id": request_id, "actor": actor(request),
                             "now": timezone.now()}  # fmt: skip
    if request.POST.get("act") == "decline":
        reason = request.POST.get("reason", "")
        return _do(request, document_id, lambda: decline_request(reason=reason, **facts),
                   _("Declined."))  # fmt: skip
    return _do(request, document_id, lambda: approve_request(**facts),
               _("Written off; the partner's share of it is taken back."))  # fmt: skip


def _asked(request: HttpRequest, invoice: Document) -> Credit:
    facts: dict[str, Any] = {}
    if request.POST.get("scope") == NET:
        facts["net_minor"] = parse_amount(request.POST.get("net", ""), invoice.currency)
    elif request.POST.get("scope") == LINES:
        facts["by_line"] = {
            line.position: parse_amount(text, invoice.currency)
            for line in creditable_lines(invoice)
            if (text := request.POST.get(f"line_{line.position}", "").strip())
        }
    token = request.POST.get("token", "")[:60] or str(uuid.uuid4())
    return Credit(f"form {token}", request.POST.get("reason", ""), **facts)


def _invoice(document_id: uuid.UUID) -> Document:
    invoice = or_404(document_by_id(document_id))
    if invoice.kind not in (CUSTOMER_INVOICE, PARTNER_INVOICE):
        raise Http404
    return invoice


def _do(
    request: HttpRequest, document_id: uuid.UUID, act: Callable[[], object], done: str
) -> HttpResponse:
    try:
        act()
    except BillingError as error:
        messages.error(request, told(error))
    else:
        messages.success(request, done)
    return HttpResponseRedirect(reverse("console_document", args=[document_id]))
