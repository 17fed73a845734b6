"""Make sure of the person again, a moment before something that moves money."""

from __future__ import annotations

from typing import Any

from allauth.core import ratelimit
from django.http import HttpRequest
from django.utils.translation import gettext as _


def password_problem(request: HttpRequest, password: str) -> str:
    """Why this is not surely the person signed in, '' when it is. Few tries a minute."""
    person: Any = request.user
    if not ratelimit.consume(request, action="reauthenticate", user=person):
        return _("Too many tries. Wait a minute.")
    if not person.check_password(password):
        return _("This is not your password. Nothing was changed.")
    return ""
