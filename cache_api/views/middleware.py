"""The overflow API on partners' hosts is answered before anything that is for people only."""

from collections.abc import Callable
from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, resolve

from tenants import away


class ApiMiddleware:
    """Answers the API's paths on a partner's host; all others go on.

    A key says who asks, and lookups need no database. So what stands behind it in MIDDLEWARE
    (schema, session, language, forms, pages' policies) is not gone through; a view that reads from
    Postgres enters its partner's schema itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The view's answer, or the next middleware's.

        While Postgres cannot say whose host it is, lookups are answered all the same.
        """
        owner = request.owner  # type: ignore[attr-defined]
        if owner is not None and owner.is_console:
            return self.get_response(request)
        try:
            found = _view(request.path_info)
        except Resolver404:
            return self.get_response(request) if owner is not None else away.told_programs()
        return found.func(request, *found.args, **found.kwargs)  # type: ignore[no-any-return]


@lru_cache(maxsize=100)
def _view(path: str) -> ResolverMatch:
    """Worked out once for each path. Raises Resolver404."""
    return resolve(path, "cache_api.urls")
