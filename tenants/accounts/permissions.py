"""The one way a page asks whether somebody may see it, and through whose eyes."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import quote

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def eyes(request: HttpRequest) -> Any:
    """Whose pages the request sees: the person's own, or a customer's under view-as.

    A `User` or an `Overlay`: both have `role`, `customer_id`, `audience` and `may`. Who acts is
    always `request.user`.
    """
    return getattr(request, "overlay", None) or request.user


def permission(name: str) -> Callable[[View[P]], View[P]]:
    """Require a permission of the roles file: anonymous → login, others without it → 403.

    The wrapped view carries `.permission`, which the URL matrix test reads.
    """

    def wrap(view: View[P]) -> View[P]:
        @wraps(view)
        def checked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            user: Any = request.user
            if not user.is_authenticated:
                # A form's address shows nothing when it is opened: only pages are returned to.
                is_page = request.method in {"GET", "HEAD"}
                back = f"?next={quote(request.get_full_path())}" if is_page else ""
                return HttpResponseRedirect(reverse("account_login") + back)
            if not eyes(request).may(name):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        checked.permission = name  # type: ignore[attr-defined]
        return checked

    return wrap
