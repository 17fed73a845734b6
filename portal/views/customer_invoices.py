"""`/invoices/`: a customer's own bills."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from billing.queries import customer_invoices
from portal.views.asked import PAGE_SIZE, Pager, asked_page
from portal.views.customer_overview import own_customer
from tenants.accounts.permissions import permission


@permission("my.invoices.view")
def invoices(request: HttpRequest) -> HttpResponse:
    """The newest first; each row leads to the invoice."""
    number = asked_page(request)
    rows, total = customer_invoices(
        request.owner.partner_id,  # type: ignore[attr-defined]
        own_customer(request).pk, today=timezone.now().date(), limit=PAGE_SIZE,
        offset=(number - 1) * PAGE_SIZE,
    )  # fmt: skip
    context = {"rows": rows, "pager": Pager(number, total)}
    return render(request, "customer/invoices.html", context)
