"""`/usage/`: a customer's own requests, hits, savings and latency."""

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.queries.usage import usage_view
from portal.views.asked import asked_range
from portal.views.customer_overview import own_customer
from portal.views.partner_usage import usage_context
from tenants.accounts.permissions import permission


@permission("my.usage.view")
def usage(request: HttpRequest) -> HttpResponse:
    """`?range=` and `?by=model|provider|region`; never another customer's numbers."""
    customer = own_customer(request)
    try:
        view = usage_view(
            asked_range(request), customer=customer, by=request.GET.get("by", "model")
        )
    except ValueError as error:
        raise BadRequest(str(error)) from error
    return render(request, "customer/usage.html", usage_context(view))
