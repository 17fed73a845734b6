"""Error pages in the host's brand; each says what happened and what to do.

They are rendered without context processors, which may ask the database that has just failed.
Under /api/ a program reads the answer: it gets the same problem document as from the edge.
"""

import sys
from errno import EDQUOT, ENOSPC

from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string

from cache_api.hot.problems import CONTENT_TYPE, Problem
from portal.queries.status import without_tables
from tenants.away import postgres_is_away
from tenants.schema import PartnerGone

STATUS = "/status/"


def _page(
    request: HttpRequest, status: int, template: str = "", reason: str = "", more: str = ""
) -> HttpResponse:
    owner = getattr(request, "owner", None)
    was_sent = request.method not in {"GET", "HEAD"}
    context = {"owner": owner, "brand": owner.brand if owner else None, "reason": reason,
               "was_sent": was_sent, "more": more}  # fmt: skip
    overlay = getattr(request, "overlay", None)
    if overlay is not None:
        context |= {"overlay": overlay, "csrf_token": get_token(request)}
    text = render_to_string(template or f"errors/{status}.html", context)
    return HttpResponse(text, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the request could not be read, with the reason where a view of ours gave one."""
    return _page(request, 400, reason=str(exception) if type(exception) is BadRequest else "")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: signed in, but the role does not reach here."""
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: nothing here, or nothing of yours."""
    if request.path.startswith("/api/"):
        problem = Problem("not-found", "There is nothing here.")
        return HttpResponse(
            problem.document(), status=404, content_type=CONTENT_TYPE.decode(),
            headers={"Cache-Control": "no-store"},
        )  # fmt: skip
    return _page(request, 404)


def too_large(request: HttpRequest) -> HttpResponse:
    """413: more than a form with all its files may have; nothing of it was read."""
    return _page(request, 413, reason=str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20))


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault; 503 when the database is away or a disk is full; 400 when it was given what
    no column holds (a NUL in an address or a cookie); 410 of a partner that is gone. None needs
    the database."""
    error = sys.exc_info()[1]
    if isinstance(error, PartnerGone):
        return _page(request, 410)
    if isinstance(error, DataError):
        return _page(request, 400)
    is_full = isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT)
    if is_full or isinstance(error, (OperationalError, InterfaceError)):
        more = _parts() if request.path == STATUS else ""
        return postgres_is_away(request, lambda: _page(request, 503, more=more), more)
    return _page(request, 500)


def _parts() -> str:
    """The status page's table: whoever looks there wants to know what still works."""
    return render_to_string("errors/parts.html", {"components": without_tables()})


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of a form whose token is not this session's (CSRF_FAILURE_VIEW)."""
    return _page(request, 403, "errors/csrf.html")
