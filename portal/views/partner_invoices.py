"""`/manage/invoices/`: invoices to the partner's customers and to the partner itself."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.actions.mail_again import TooSoon, ask_again
from billing.queries import invoices as invoice_page
from billing.queries.documents import INVOICES
from billing.queries.receivables import months_of, receivables
from billing.rules.periods import month_of
from portal.views.asked import PAGE_SIZE, Pager, asked_month, asked_page
from portal.views.documents import found
from portal.views.paper_zips import papers_zip
from tenants.accounts.permissions import permission


@permission("invoices.view")
@require_safe
def invoices(request: HttpRequest) -> HttpResponse:
    """The newest first, those of `?month=` alone; each row leads to the document."""
    number, month, now = asked_page(request), asked_month(request), timezone.now()
    partner_id = _partner(request)
    rows, total = invoice_page(partner_id, today=now.date(), month=month, limit=PAGE_SIZE,
                               offset=(number - 1) * PAGE_SIZE)  # fmt: skip
    return render(request, "partner/invoices.html", {
        "rows": rows, "pager": Pager(number, total), "month": month,
        "months": months_of(partner_id, kinds=INVOICES), "next_on": month_of(now).end,
        "sums": receivables(partner_id, today=now.date(), month=month),
    })  # fmt: skip


@permission("invoices.view")
@require_safe
def papers(request: HttpRequest) -> HttpResponseBase:
    """What the list shows, as a zip."""
    return papers_zip(request, reverse("partner_invoices"), partner_id=_partner(request),
                      kinds=INVOICES)  # fmt: skip


@permission("invoices.send")
@require_POST
def mail(request: HttpRequest, document_id: uuid.UUID) -> HttpResponse:
    """The paper once more to whoever gets it."""
    row = found(request, document_id, INVOICES).row
    try:
        ask_again(document_id=row.id, now=timezone.now(),
                  actor=str(request.user.email).lower())  # type: ignore[union-attr]  # fmt: skip
    except TooSoon:
        messages.error(request, _("It was asked for a moment ago, or five times today."))
    else:
        messages.success(request, _("It is mailed to %(who)s within a minute.")
                         % {"who": row.buyer_name})  # fmt: skip
    return HttpResponseRedirect(reverse("partner_invoice", args=[row.id]))


def _partner(request: HttpRequest) -> uuid.UUID:
    return request.owner.partner_id  # type: ignore[attr-defined,no-any-return]
