"""`/manage/statements/`: what the partner earned, month by month."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal import pictures
from portal.queries.statements import statements_view
from portal.views.asked import PAGE_SIZE, Pager, asked_page
from tenants.accounts.permissions import permission


@permission("statements.view")
def statements(request: HttpRequest) -> HttpResponse:
    """The balance, the running month (estimate) and every statement."""
    number = asked_page(request)
    view = statements_view(
        request.owner.partner_id,  # type: ignore[attr-defined]
        timezone.now(), limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE,
    )  # fmt: skip
    context: dict[str, Any] = {
        "view": view,
        "rows": view.rows,
        "pager": Pager(number, view.total),
        "earnings": pictures.earnings_figure(view.earnings, earns_share=True),
    }
    return render(request, "partner/statements.html", context)
