"""`/manage/customers/`: the partner's customers with their usage of the last 30 days."""

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cache_api.models import CustomerState
from cache_api.queries import customers_page
from portal.views.asked import PAGE_SIZE, Pager, asked_page, asked_range
from tenants.accounts.permissions import permission


@permission("customers.view")
def customers(request: HttpRequest) -> HttpResponse:
    """`?q=` looks into name and id, `?state=` filters, `?page=` turns."""
    window, number = asked_range(request), asked_page(request)
    search, state = request.GET.get("q", "").strip()[:200], request.GET.get("state", "")
    if state and state not in CustomerState.values:
        raise BadRequest(f"state={state!r}: use one of {', '.join(CustomerState.values)}.")
    rows, total = customers_page(
        window.start, window.end, search=search, state=state,
        limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE,
    )  # fmt: skip
    context = {
        "rows": rows, "pager": Pager(number, total), "search": search, "state": state,
        "states": CustomerState.choices, "is_filtered": bool(search or state),
        "most": max((row.lookups for row in rows), default=0),
    }  # fmt: skip
    return render(request, "partner/customers.html", context)
