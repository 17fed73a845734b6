"""Each line that a page's request leaves in the log names partner, request and trace."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.core.signals import request_started
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from cache_api.rules.controls import trace_id
from tenants import log_lines
from tenants.rules.ids import uuid7

HEADER = "X-Request-Id"
_SENT = re.compile(r"[A-Za-z0-9._-]{8,64}")


@receiver(request_started)
def begun(**_: object) -> None:
    """What the thread's last request was about is over; refusals are logged after it, though."""
    log_lines.about()


class LogContextMiddleware:
    """Behind `HostMiddleware`, which knows whose the request is, and behind the API, whose answers
    have ids of their own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The proxy's request id if it sent a plain one, else a new one; the answer repeats it."""
        sent = request.headers.get(HEADER, "")
        request_id = sent if _SENT.fullmatch(sent) else str(uuid7())
        trace = trace_id({b"traceparent": request.headers.get("traceparent", "").encode()})
        partner = request.owner.schema_name  # type: ignore[attr-defined]
        log_lines.about(partner=partner, request_id=request_id, trace_id=trace)
        response = self.get_response(request)
        response.headers[HEADER] = request_id
        return response
