"""One document on the screen, as PDF and as the JSON that it is."""

import uuid
from collections import defaultdict
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from billing.actions.render_document import render_document
from billing.queries import DocumentDetail, document_detail
from billing.rules.drafts import (
    CREDIT_NOTE,
    CUSTOMER_INVOICE,
    PARTNER_INVOICE,
    PAYOUT_STATEMENT,
)
from portal.views.customer_overview import own_customer
from tenants.accounts.permissions import permission

INVOICES, STATEMENTS = (CUSTOMER_INVOICE, PARTNER_INVOICE, CREDIT_NOTE), (PAYOUT_STATEMENT,)


@permission("invoices.view")
def partner_invoice(request: HttpRequest, document_id: uuid.UUID, form: str = "") -> HttpResponse:
    """An invoice to one of the partner's customers or to the partner."""
    return answer(request, _found(request, document_id, INVOICES), form, "partner/invoice.html")


@permission("statements.view")
def partner_statement(request: HttpRequest, document_id: uuid.UUID, form: str = "") -> HttpResponse:
    """A payout statement: every line leads to the quantities behind it."""
    return answer(request, _found(request, document_id, STATEMENTS), form, "partner/statement.html")


@permission("my.invoices.view")
def customer_invoice(request: HttpRequest, document_id: uuid.UUID, form: str = "") -> HttpResponse:
    """One of the customer's own invoices; anybody else's does not exist."""
    customer_id = own_customer(request).pk
    detail = _found(request, document_id, (CUSTOMER_INVOICE, CREDIT_NOTE), customer_id)
    return answer(request, detail, form, "customer/invoice.html")


def _found(
    request: HttpRequest, document_id: uuid.UUID, kinds: tuple[str, ...],
    customer_id: uuid.UUID | None = None,
) -> DocumentDetail:  # fmt: skip
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
    """The document as `form` says: '' the page (with `more` in its context), pdf, json."""
    if form == "pdf":
        file = render_document(document_id=detail.row.id, now=timezone.now())
        return _file(bytes(file.content), file.media_type, f"{detail.row.number}.pdf")
    if form == "json":
        return _file(detail.canonical, "application/json", f"{detail.row.number}.json")
    context = {"detail": detail, "row": detail.row, "document": detail.body,
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
