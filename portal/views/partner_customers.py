"""`/manage/customers/`: the partner's customers with their usage of the last 30 days."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from cache_api.models import CustomerState
from portal.queries.directory import DUE, OVER, Filter, directory
from portal.views.asked import PAGE_SIZE, Pager, asked_page, asked_range, not_one_of
from tenants.accounts.permissions import eyes, permission

ONLY = {OVER: _("Over quota"), DUE: _("Past due")}


@permission("customers.view")
@require_safe
def customers(request: HttpRequest) -> HttpResponse:
    """`?q=` looks into name and id, `?state=` and `?only=` filter, `?page=` turns."""
    window, number = asked_range(request), asked_page(request)
    money = eyes(request).may("invoices.view")
    wanted = asked_filter(request.GET, money=money)
    found = directory(
        request.owner.partner_id, window, wanted, money=money,  # type: ignore[attr-defined]
        limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE,
    )  # fmt: skip
    context: dict[str, Any] = {
        "found": found, "wanted": wanted, "pager": Pager(number, found.total),
        "states": CustomerState.choices,
        "onlys": [(key, label) for key, label in ONLY.items() if money or key != DUE],
    }  # fmt: skip
    return render(request, "partner/customers.html", context)


def asked_filter(given: QueryDict, *, money: bool) -> Filter:
    """The filter of an address or a form. Raises BadRequest (400)."""
    search = given.get("q", "").strip()[:200]
    state, only = given.get("state", ""), given.get("only", "")
    if state and state not in CustomerState.values:
        raise not_one_of("state", state, CustomerState.values)
    if only and (only not in ONLY or (only == DUE and not money)):
        raise not_one_of("only", only, ONLY)
    return Filter(search, state, only)
