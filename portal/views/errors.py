"""Error pages in the host's brand; each says what happened and what to do.

They are rendered without context processors, which may ask the database that has just failed.
Under /api/ a program reads the answer: it gets the same problem document as from the edge.
"""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from cache_api.hot.problems import CONTENT_TYPE, Problem


def _page(request: HttpRequest, status: int, template: str = "") -> HttpResponse:
    owner = getattr(request, "owner", None)
    context = {"owner": owner, "brand": owner.brand if owner else None}
    text = render_to_string(template or f"errors/{status}.html", context)
    return HttpResponse(text, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the request could not be read."""
    return _page(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: signed in, but the role does not reach here."""
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: nothing here, or nothing of yours."""
    if request.path.startswith("/api/"):
        problem = Problem("not-found", "There is nothing here.")
        return HttpResponse(problem.document(), status=404, content_type=CONTENT_TYPE.decode())
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault; 503 when the database is away. Neither page needs the database."""
    away = isinstance(sys.exc_info()[1], (OperationalError, InterfaceError))
    return _page(request, 503 if away else 500)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of a form whose token is not this session's (CSRF_FAILURE_VIEW)."""
    return _page(request, 403, "errors/csrf.html")
