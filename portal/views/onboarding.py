"""The first request, watched: pages that wait for it ask here every few seconds."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from portal.queries.onboarding import request_seen
from tenants.accounts.permissions import eyes, permission


def _answer(seen: bool) -> HttpResponse:
    """Nothing yet; or the page shall be loaded anew, and then asks no more."""
    return HttpResponse(status=204, headers={"HX-Refresh": "true"} if seen else {})


@permission("overview.view")
@require_safe
def partner_request(request: HttpRequest) -> HttpResponse:
    """Whether any request to this partner was seen."""
    return _answer(request_seen(None))


@permission("my.overview.view")
@require_safe
def customer_request(request: HttpRequest) -> HttpResponse:
    """Whether a request of this customer was seen."""
    return _answer(request_seen(eyes(request).customer_id))
