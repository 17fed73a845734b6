"""The language of a page: the choice in the cookie, else what the browser asks for."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers

from portal import local

# Files and programs: the same for everybody, and asked for often.
_NOT_PAGES = ("/api/", "/v1/", "/brand/", "/static/", "/favicon.ico", "/manifest.webmanifest",
              "/.well-known/")  # fmt: skip


class LanguageMiddleware(LocaleMiddleware):
    """Ahead of everything that writes a page, so that no thread keeps the language before.

    Programs read one language: below /api/ no header and no cookie changes it.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Activate the language of this request."""
        if request.path.startswith("/api/"):
            translation.activate(settings.LANGUAGE_CODE)
            return
        super().process_request(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Tell caches what a page depends on; brand files and exports are the same for all."""
        is_page = response.get("Content-Type", "").startswith("text/html")
        if not is_page or request.path.startswith("/api/"):
            return response
        patch_vary_headers(response, ["Cookie"])
        return super().process_response(request, response)  # type: ignore[arg-type,return-value]


class PersonLanguageMiddleware:
    """Behind the session: whoever chose a language or a time zone has it on every device."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Activate the person's language and time zone, if there is a person with one."""
        is_page = not request.path.startswith(_NOT_PAGES)
        if not is_page or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        chosen = getattr(request.user, "language", "")
        if chosen in dict(settings.LANGUAGES):
            translation.activate(chosen)
            request.LANGUAGE_CODE = chosen
        with local.read_in(getattr(request.user, "time_zone", "")):
            return self.get_response(request)
