"""Every address × every verb × every role that may not: refused before anything of it runs.

The views are called as the URL patterns hold them, with whatever wraps them, and by people whose
roles lack the permission. That those who have it get in is `test_isolation.py` and the tests of
who reaches what (`console/test_access.py`, `views/test_*_access.py`).
"""

import uuid
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.test import RequestFactory
from django.urls import get_resolver

from tenants.accounts.models import User
from tenants.rules.roles import PERMISSIONS, Audience, allows

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE")
HOSTS = {
    "portal.urls.partner": (Audience.PARTNER, Audience.CUSTOMER),
    "portal.urls.console": (Audience.PLATFORM,),
}


def views(patterns, before="", above=()):
    """(route, view, arguments) of every address that asks for a permission."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        converters = {**dict(above), **pattern.pattern.converters}
        if hasattr(pattern, "url_patterns"):
            yield from views(pattern.url_patterns, route, converters.items())
        elif getattr(pattern.callback, "permission", None):
            given = {name: uuid.uuid4() if "UUID" in type(converter).__name__ else "1"
                     for name, converter in converters.items()}  # fmt: skip
            yield route, pattern.callback, {**given, **pattern.default_args}


def outcome(view, verb, user, given):
    """What becomes of a request: an exception's or an answer's name, and where it leads."""
    request = RequestFactory().generic(verb, "/somewhere/")
    request.user = user
    try:
        answer = view(request, **given)
    except PermissionDenied:
        return "refused"
    except Exception as error:  # noqa: BLE001 - it got in: whatever happened there is the finding
        return f"got in: {type(error).__name__}"
    is_login = isinstance(answer, HttpResponseRedirect) and answer.url.startswith(LOGIN)
    return "sent to the login" if is_login else f"got in: {answer.status_code}"


LOGIN = "/accounts/login/"
FRONT_DOOR = ("portal.urls.partner", "", "refused")  # it leads the team to the pages of its own
TABLE = Path(__file__).parent / "reach.txt"


def without(permission, roles):
    """People who may not, and what they are told."""
    lacking = [User(role=role) for role in roles if not allows(role, permission)]
    gone = User(role=roles[0], is_active=False)
    return [(AnonymousUser(), "sent to the login"), *[(one, "refused") for one in (*lacking, gone)]]


@pytest.mark.parametrize("urlconf", HOSTS)
def test_no_verb_gets_past_a_permission_that_somebody_lacks(urlconf):
    roles = [role for audience in HOSTS[urlconf] for role in PERMISSIONS[audience]]
    tried = {
        (view.__qualname__, verb, str(getattr(user, "role", "nobody")), told):
            (outcome(view, verb, user, given), told)
        for route, view, given in views(get_resolver(urlconf).url_patterns)
        for user, told in without(view.permission, roles)
        for verb in VERBS
        if (urlconf, route, told) != FRONT_DOOR
    }  # fmt: skip
    assert {case: said for case, (said, told) in tried.items() if said != told} == {}
    assert len(tried) > 2_000


def test_each_address_of_a_partners_host_asks_for_what_stands_in_the_table():
    """A permission that is changed or forgotten is changed here as well, by somebody who means it.
    (The console's table: `console/test_access.py`.)"""
    written = [line.split() for line in TABLE.read_text().splitlines() if line[:1] not in ("", "#")]
    patterns = get_resolver("portal.urls.partner").url_patterns
    found = [[view.permission, route or "/"] for route, view, _ in views(patterns)]
    assert sorted(written) == sorted(found)
