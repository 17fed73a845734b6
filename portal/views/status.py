"""The status page of a host, for anybody: how the service is, and what we say about it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.queries.status import status as status_now


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Components now, open incidents, and those of the last 90 days that concern this host."""
    now = timezone.now()
    return render(request, "status.html", {"status": status_now(now), "now": now})
