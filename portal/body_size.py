"""How much a form may have with all its files. What is larger never comes to our disk."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal.views.errors import too_large


class BodySizeMiddleware:
    """Ahead of everything that reads a form: Django bounds its fields, but writes files of any
    size to disk, before anybody is asked who they are. The API, ahead of this, bounds its own.

    A body without a length is no body here: WSGI reads none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request, or refuse it unread."""
        said = request.META.get("CONTENT_LENGTH") or "0"
        if said.isdecimal() and int(said[:15]) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return too_large(request)
        return self.get_response(request)
