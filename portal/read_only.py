"""A partner that an operator made read-only: people read, nothing is changed. The API goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from tenants.rules.switches import READ_ONLY
from tenants.switches import switch_on

SAFE = {"GET", "HEAD", "OPTIONS"}
# Signing in and out, and ending a look at a customer's portal, change nothing of the partner's.
ALLOWED_BELOW, ALLOWED = ("/accounts/",), {"view_as_end", "look_end"}


class ReadOnlyMiddleware:
    """Refuses what would change something, told why. One query, and only for such requests.

    Asked anew each time, so that a switch is obeyed by the next request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """A page in words for a change; None lets the request through."""
        partner_id = request.owner.partner_id  # type: ignore[attr-defined]
        match = request.resolver_match
        if partner_id is None or request.method in SAFE:
            return None
        if request.path.startswith(ALLOWED_BELOW) or (match and match.url_name in ALLOWED):
            return None
        switch = switch_on(READ_ONLY, partner_id, timezone.now())
        if switch is None:
            return None
        refused = render(request, "errors/read_only.html", {"switch": switch}, status=503)
        refused["Retry-After"] = "300"
        return refused
