"""`/manage/invoices/`: invoices to the partner's customers and to the partner itself."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from billing.queries import invoices as invoice_page
from portal.views.asked import PAGE_SIZE, Pager, asked_page
from tenants.accounts.permissions import permission


@permission("invoices.view")
def invoices(request: HttpRequest) -> HttpResponse:
    """The newest first; each row leads to the document."""
    number = asked_page(request)
    rows, total = invoice_page(
        request.owner.partner_id,  # type: ignore[attr-defined]
        today=timezone.now().date(), limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE,
    )  # fmt: skip
    context = {"rows": rows, "pager": Pager(number, total)}
    return render(request, "partner/invoices.html", context)
