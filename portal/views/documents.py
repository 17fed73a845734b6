"""One document on the screen, as PDF and as the JSON that it is."""

import uuid
from collections import defaultdict
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone

from billing.actions.render_document import render_document
from billing.queries import DocumentDetail, document_detail
from billing.queries.disputes import disputes_of
from billing.rules.csv_text import document_csv
from billing.rules.disputes import undisputed_minor
from billing.rules.drafts import (
    CREDIT_NOTE,
    CUSTOMER_INVOICE,
    PARTNER_INVOICE,
    PAYOUT_STATEMENT,
)
from billing.rules.einvoice import NoEInvoice
from portal.queries.paying import way_to_pay
from portal.views.customer_overview import own_customer
from portal.words.told import told
from tenants.accounts.permissions import permission

INVOICES, STATEMENTS = (CUSTOMER_INVOICE, PARTNER_INVOICE, CREDIT_NOTE), (PAYOUT_STATEMENT,)
# What is rendered once and kept, and how the file is called.
_NAMES = {"pdf": "%s.pdf", "xml": "%s.xml", "facturx": "%s-facturx.pdf"}
TO_CUSTOMERS = (CUSTOMER_INVOICE, CREDIT_NOTE)


@permission("invoices.view")
def partner_invoice(request: HttpRequest, document_id: uuid.UUID, form: str = "") -> HttpResponse:
    """An invoice to one of the partner's customers or to the partner."""
    detail = found(request, document_id, INVOICES)
    own = detail.row.kind == PARTNER_INVOICE and not form
    pay = way_to_pay(detail.row) if own else None
    return answer(request, detail, form, "partner/invoice.html", pay=pay)


@permission("statements.view")
def partner_statement(request: HttpRequest, document_id: uuid.UUID, form: str = "") -> HttpResponse:
    """A payout statement: every line leads to the quantities behind it."""
    detail = found(request, document_id, STATEMENTS)
    if form:
        return answer(request, detail, form, "")
    still = {row.line for row in disputes_of(document_id) if row.is_open}
    accepted = any(event.kind == "accepted" for event in detail.events)
    may = request.user.may("statements.accept")  # type: ignore[union-attr]
    payable = (detail.row.statement or {}).get("payable_minor", 0)
    return answer(
        request, detail, form, "partner/statement.html",
        disputed={line.position for line in still},
        may_accept=may and not accepted and not still,
        payable_now=undisputed_minor(payable, [line.amount_minor for line in still]),
    )  # fmt: skip


@permission("my.invoices.view")
def customer_invoice(request: HttpRequest, document_id: uuid.UUID, form: str = "") -> HttpResponse:
    """One of the customer's own invoices; anybody else's does not exist."""
    customer_id = own_customer(request).pk
    detail = found(request, document_id, TO_CUSTOMERS, customer_id)
    pay = None if form else way_to_pay(detail.row)
    return answer(request, detail, form, "customer/invoice.html", pay=pay)


def found(
    request: HttpRequest, document_id: uuid.UUID, kinds: tuple[str, ...],
    customer_id: uuid.UUID | None = None,
) -> DocumentDetail:  # fmt: skip
    """A document of the host's partner (and of this customer), or a 404."""
    detail = document_detail(
        document_id, today=timezone.now().date(), customer_id=customer_id,
        partner_id=request.owner.partner_id,  # type: ignore[attr-defined]
    )  # fmt: skip
    if detail is None or detail.row.kind not in kinds:
        raise Http404
    return detail


def answer(
    request: HttpRequest, detail: DocumentDetail, form: str, template: str, **more: Any
) -> HttpResponse:
    """The document as `form` says: '' the page (`more` in its context), a file, json or csv.

    What can not be an e-invoice says why on the page.
    """
    if form in _NAMES:
        try:
            file = render_document(document_id=detail.row.id, now=timezone.now(), kind=form)
        except NoEInvoice as error:
            messages.error(request, told(error))
            return HttpResponseRedirect("./")
        return _file(bytes(file.content), file.media_type, _NAMES[form] % detail.row.number)
    if form == "json":
        return _file(detail.canonical, "application/json", f"{detail.row.number}.json")
    if form == "csv":
        return _file(document_csv(detail.body), "text/csv", f"{detail.row.number}.csv")
    disputes = disputes_of(detail.row.id)
    context = {"detail": detail, "row": detail.row, "document": detail.body, "disputes": disputes,
               "groups": line_groups(detail.body), **more}  # fmt: skip
    return render(request, template, context)


def _file(content: bytes, media_type: str, name: str) -> HttpResponse:
    disposition = f'attachment; filename="{name}"'
    return HttpResponse(
        content, content_type=media_type, headers={"Content-Disposition": disposition}
    )


def line_groups(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines by customer in the document's order: name, lines and the sum (minor units)."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for line in body["lines"]:
        groups[line["customer_name"], line["customer_external_id"]].append(line)
    return [
        {
            "name": name, "external_id": external_id, "lines": lines,
            "amount_minor": sum(line["amount_minor"] for line in lines),
            "value_minor": sum(line["value_minor"] for line in lines),
        }
        for (name, external_id), lines in groups.items()
    ]  # fmt: skip
