"""The language of a page: the choice in the cookie, else what the browser asks for."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers


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
