"""`/invoices/`: a customer's own bills."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.queries import customer_invoices
from billing.queries.receivables import months_of, receivables
from billing.rules.periods import month_of
from portal.views.asked import PAGE_SIZE, Pager, asked_month, asked_page
from portal.views.customer_overview import own_customer
from portal.views.paper_zips import papers_zip
from tenants.accounts.permissions import permission


@permission("my.invoices.view")
@require_safe
def invoices(request: HttpRequest) -> HttpResponse:
    """The newest first, those of `?month=` alone; each row leads to the invoice."""
    number, month, now = asked_page(request), asked_month(request), timezone.now()
    partner_id = request.owner.partner_id  # type: ignore[attr-defined]
    mine = own_customer(request).pk
    rows, total = customer_invoices(partner_id, mine, today=now.date(), month=month,
                                    limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)  # fmt: skip
    return render(request, "customer/invoices.html", {
        "rows": rows, "pager": Pager(number, total), "month": month, "next_on": month_of(now).end,
        "months": months_of(partner_id, customer_id=mine),
        "sums": receivables(partner_id, today=now.date(), customer_id=mine, month=month),
    })  # fmt: skip


@permission("my.invoices.view")
@require_safe
def papers(request: HttpRequest) -> HttpResponseBase:
    """What the list shows, as a zip."""
    return papers_zip(
        request, reverse("customer_invoices"), customer_id=own_customer(request).pk,
        partner_id=request.owner.partner_id,  # type: ignore[attr-defined]
    )  # fmt: skip
