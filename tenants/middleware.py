"""The first thing a request meets: whose host is this, and which schema and role that means."""

import logging
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.contrib.auth import logout
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.template import loader
from django.utils import timezone

from tenants import ask, away, preview, resolve, schema
from tenants.rules.sessions import is_noteworthy, is_over

log = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponse]


class HostMiddleware:
    """Duties, in order:

    1. paths that depend on no host (`/livez`, and `ask` for Caddy) answer before anything else;
    2. the `Host` header (never `X-Forwarded-Host`) names one owner, or the answer is 421. While
       Postgres cannot say whose it is, programs' requests go on with no `owner`: the API has keys
       and hosts in its snapshot;
    3. the urlconf is that of the owner's kind.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request as one of its owner's. What Postgres refuses, handler500 answers."""
        if request.path == "/livez":
            return HttpResponse("ok\n", content_type="text/plain")
        if ask.is_ask(request):
            return ask.answer(request)
        try:
            owner = resolve.resolve_host(request.META.get("HTTP_HOST", ""))
        except resolve.UnknownHost:
            return HttpResponse(loader.render_to_string("errors/421.html"), status=421)
        except (DatabaseError, InterfaceError):
            if not away.is_program(request):
                raise
            request.owner = None  # type: ignore[attr-defined]
            return self.get_response(request)
        request.owner = owner  # type: ignore[attr-defined]
        request.urlconf = settings.CONSOLE_URLCONF if owner.is_console else settings.ROOT_URLCONF
        return self.get_response(request)


class LeadMiddleware:
    """Pages of a host that led before redirect to the one that leads now, for a while.

    Behind the API in MIDDLEWARE: programs follow no redirect to another host with their keys.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """308 keeps the method; the port is the one that was asked."""
        lead = request.owner.redirect_to  # type: ignore[attr-defined]
        if not lead:
            return self.get_response(request)
        _, colon, port = request.META["HTTP_HOST"].partition(":")
        where = f"{request.scheme}://{lead}{colon}{port}{request.get_full_path()}"
        return HttpResponsePermanentRedirect(where, preserve_request=True)


class ScopeMiddleware:
    """The connection is handed to the schema and role of the host's owner for this request.

    Whatever happens, it leaves the request in the public schema.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request in its owner's scope."""
        owner = request.owner  # type: ignore[attr-defined]
        try:
            schema.enter(
                schema.console_scope() if owner.is_console else schema.partner_scope(owner)
            )
            return self.get_response(request)
        finally:
            schema.enter(schema.public_scope())


class PreviewMiddleware:
    """Who opened the link to a draft of the brand sees every page of this host in it.

    One query, and only with the cookie; such pages are kept by no cache.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request with the draft on, if its bearer still may see it."""
        token = request.COOKIES.get(preview.COOKIE)
        owner = request.owner  # type: ignore[attr-defined]
        draft = preview.draft_of(owner, token) if token and not owner.is_console else None
        if draft is None:
            return self.get_response(request)
        request.owner = preview.wearing(owner, draft)  # type: ignore[attr-defined]
        request.brand_preview = draft  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["Cache-Control"] = "private, no-store"
        return response


class SessionScopeMiddleware:
    """A session belongs to the host it was opened on; anywhere else it does not exist.

    Sessions live in the partner's own schema already. This check holds even if that wall fell.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Compare the session's owner with the host's before any view runs."""
        owner = request.owner  # type: ignore[attr-defined]
        if request.user.is_authenticated and request.session.get("scope") != owner.schema_name:
            log.warning(
                "security: session of %s used on %s",
                request.session.get("scope"),
                owner.schema_name,
            )
            logout(request)
            raise Http404
        ends_at = request.session.get("ends_at")  # break-glass: it ends, however much it is used
        if ends_at and datetime.fromisoformat(ends_at) <= timezone.now():
            logout(request)
        if request.user.is_authenticated:
            _keep_or_end(request)
        somebody = request.user.is_authenticated
        response = self.get_response(request)
        if somebody:  # what they saw here is not kept behind them
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def _keep_or_end(request: HttpRequest) -> None:
    """Sign out a session that is over (`rules.sessions`); else note that it is used.

    What a page asks for by itself is no use: a page left open would keep its session for ever.
    """
    now_s, session = timezone.now().timestamp(), request.session
    began_s, used_s = session.get("began"), session.get("used")
    if is_over(began_s, used_s, now_s, settings.SESSION_IDLE_S):
        return logout(request)
    by_itself = request.method == "GET" and "HX-Request" in request.headers
    if is_noteworthy(used_s, now_s) and (not by_itself or used_s is None):
        session["used"] = now_s
        session.setdefault("began", now_s)
    return None
