"""`/manage/usage/`: requests, hits, savings and latency of all customers or of one."""

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal import pictures
from portal.queries.usage import UsageView, usage_view
from portal.views.asked import asked_customer, asked_range
from tenants.accounts.permissions import permission


@permission("usage.view")
def usage(request: HttpRequest) -> HttpResponse:
    """`?range=`, `?by=model|provider|region`, `?customer=`; the address holds the whole state."""
    customer = asked_customer(request)
    try:
        view = usage_view(
            asked_range(request), customer=customer, by=request.GET.get("by", "model"),
            top=0 if customer else 10,
        )  # fmt: skip
    except ValueError as error:
        raise BadRequest(str(error)) from error
    return render(request, "partner/usage.html", usage_context(view))


def usage_context(view: UsageView) -> dict[str, object]:
    """What a usage page shows, for the partner's and the customer's alike."""
    return {
        "usage": view,
        "customer": view.customer,
        "range_name": pictures.range_name(view.range),
        "requests": pictures.requests_figure(view),
        "hit_rate": pictures.hit_rate_figure(view),
        "saved": pictures.saved_figure(view),
        "percentiles": [
            (f"p{p:g}", view.hit_latency[p], view.miss_latency[p]) for p in view.hit_latency
        ],
        "most": max((one.lookups for one in view.slices), default=0),
    }
