"""Make sure of the person again, a moment before something that moves money or opens doors."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.core import ratelimit
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.forms.again import AgainForm

FRESH = timedelta(minutes=10)  # a sign-in at the provider stands for the password that long


def password_problem(request: HttpRequest, password: str) -> str:
    """Why this is not surely the person signed in, '' when it is. Few tries a minute.

    Who has no password, but single sign-on, has signed in by it a moment ago.
    """
    person: Any = request.user
    if not ratelimit.consume(request, action="reauthenticate", user=person):
        return _("Too many tries. Wait a minute.")
    if not person.has_usable_password():
        at = request.session.get("sso", {}).get("at")
        if at and timezone.now() - datetime.fromisoformat(at) <= FRESH:
            return ""
        return _("Sign in again by single sign-on, then repeat this within ten minutes.")
    if not person.check_password(password):
        return _("This is not your password. Nothing was changed.")
    return ""


def is_sure(request: HttpRequest, form: AgainForm) -> bool:
    """Whether a valid form was surely sent by the person signed in; if not, it says why."""
    problem = password_problem(request, form.cleaned_data["password"])
    if problem:
        form.refuse(problem)
    return not problem
