"""`/sso/…`: to an identity provider and back.

Every address lies on the partner's own host. Whatever goes wrong is a page in words, under the
partner's brand.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from allauth.core import ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe

from portal.forms.sso import FindForm
from portal.words import sso as words
from tenants import queries
from tenants.accounts.models import Connection, SignInAttempt, User
from tenants.accounts.sso_gate import offered_for
from tenants.actions import sso_login
from tenants.later import later
from tenants.queries.sso import connection_by_id, sign_in_attempt
from tenants.rules.hostnames import normalise
from tenants.rules.sso import SsoRefused

if TYPE_CHECKING:
    from tenants.gateways import saml
else:
    saml = later("tenants.gateways.saml")

KEY = "sso_attempt"  # of the session: the attempt that this browser began


def find(request: HttpRequest) -> HttpResponse:
    """Whoever's company signs in by a provider of its own finds it by the address's domain."""
    form, rows = FindForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        if not ratelimit.consume(request, action="sso"):
            return _refused(request, None, SsoRefused("busy"), status=429)
        rows = offered_for(form.cleaned_data["email"])
    return _away(render(request, "sso/find.html", {"form": form, "rows": rows}))


@require_GET
def start(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Off to the provider, from the host that it knows; `?again` asks it for a fresh sign-in."""
    if not ratelimit.consume(request, action="sso"):
        return _refused(request, None, SsoRefused("busy"), status=429)
    connection = _connection(connection_id)
    elsewhere = _other_base(request, connection)
    if elsewhere:
        return elsewhere
    return go(request, connection, sso_login.LOGIN, None, again="again" in request.GET)


def go(
    request: HttpRequest, connection: Connection, purpose: str, person: User | None,
    again: bool = False,
) -> HttpResponse:  # fmt: skip
    """Begin an attempt of this browser: the redirect to the provider."""
    there = begun(request, connection, purpose, person, again)
    return there if isinstance(there, HttpResponse) else _away(HttpResponseRedirect(there))


def begun(
    request: HttpRequest, connection: Connection, purpose: str, person: User | None, again: bool
) -> str | HttpResponse:
    """The provider's address for an attempt that this browser has begun, or a page that says why
    there is none."""
    try:
        row, there = sso_login.begin(
            connection=connection, purpose=purpose, person=person, again=again, kek=settings.KEK,
            next_path=_own_path(request, request.GET.get("next", "")), now=timezone.now(),
        )  # fmt: skip
    except SsoRefused as refused:
        return _refused(request, connection, refused)
    request.session[KEY] = str(row.pk)
    return there


@require_GET
def callback(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """An OpenID provider sends the browser back: check the answer and finish."""
    connection = _connection(connection_id, Connection.OIDC)
    given = request.GET
    try:
        row = sso_login.take_oidc(
            connection=connection, attempt_id=_attempt_id(request), state=given.get("state", ""),
            code=given.get("code", ""), error=given.get("error", ""),
            partner_id=_partner_id(request), kek=settings.KEK, loopback=settings.SSO_LOOPBACK,
            now=timezone.now(),
        )  # fmt: skip
        return _finish(request, row)
    except SsoRefused as refused:
        return _refused(request, connection, refused)


@csrf_exempt  # the provider posts it; who may finish is told by the session, at `finish`
@require_POST
def acs(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """A SAML provider posts its answer, without cookies of ours: check it, then let the browser
    come back as itself."""
    connection = _connection(connection_id, Connection.SAML)
    try:
        sso_login.take_saml(
            connection=connection, encoded=request.POST.get("SAMLResponse", ""),
            partner_id=_partner_id(request), now=timezone.now(),
        )  # fmt: skip
    except SsoRefused as refused:
        return _refused(request, connection, refused)
    return _away(HttpResponseRedirect(reverse("sso_finish", args=[connection.pk])))


@require_GET
def finish(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """The browser that began a SAML sign-in ends it."""
    connection = _connection(connection_id, Connection.SAML)
    row = sign_in_attempt(connection, _attempt_id(request))
    try:
        if row is None:
            raise SsoRefused("other_browser")
        return _finish(request, row)
    except SsoRefused as refused:
        return _refused(request, connection, refused)


@require_safe
def metadata(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """What a SAML provider is given about us: addresses, no secret."""
    connection = _connection(connection_id, Connection.SAML)
    content = saml.our_metadata(connection.entity_id, connection.acs)
    return HttpResponse(content, content_type="application/samlmetadata+xml")


def _finish(request: HttpRequest, row: SignInAttempt) -> HttpResponse:
    """End an attempt that was answered, by what it was for. Raises SsoRefused."""
    now, partner_id = timezone.now(), _partner_id(request)
    request.session.pop(KEY, None)
    person: Any = request.user
    if row.purpose == sso_login.LOGIN:
        found, strong = sso_login.finish_login(attempt=row, partner_id=partner_id, now=now)
        return _sign_in(request, row, found, strong)
    if not person.is_authenticated:
        raise SsoRefused("other_browser")
    if row.purpose == sso_login.BIND:
        sso_login.finish_bind(attempt=row, by=person, partner_id=partner_id, now=now)
        return HttpResponseRedirect(reverse("account_security"))
    whose = row.connection.customer_id
    if person.customer_id != whose or not person.may("my.sso.manage" if whose else "sso.manage"):
        raise SsoRefused("other_browser")
    sso_login.finish_test(attempt=row, by=person, partner_id=partner_id, now=now)
    return HttpResponseRedirect(back_from(row.connection, row.purpose))


def back_from(connection: Connection, purpose: str) -> str:
    """The page that a test or a binding was begun on."""
    if purpose == sso_login.BIND:
        return reverse("account_security")
    name = "customer_sso_connection" if connection.customer_id else "partner_sso_connection"
    return reverse(name, args=[connection.pk])


def _sign_in(
    request: HttpRequest, row: SignInAttempt, person: User, strong: bool
) -> HttpResponse:  # fmt: skip
    """Sign in as allauth does: our second factor is asked for unless the provider's counts."""
    now = timezone.now()
    request.signed_on = {  # type: ignore[attr-defined]
        "person": str(person.pk), "connection": str(row.connection_id), "at": now.isoformat(),
        "strong": strong,
    }  # fmt: skip
    return signed_in(request, person, row.next, factor_done=strong)


def signed_in(
    request: HttpRequest, person: User, next_path: str = "", *, factor_done: bool
) -> HttpResponse:
    """allauth's way in, past its page for the second factor when that is done."""
    stages = {"mfa_authenticate": {"handled": True}} if factor_done else {}
    login = Login(user=person, redirect_url=next_path or None, state={"stages": stages})
    try:
        answer: HttpResponse = perform_login(request, login)
    except ImmediateHttpResponse as stopped:
        answer = stopped.response
    return answer


def _refused(
    request: HttpRequest, connection: Connection | None, refused: SsoRefused, status: int = 403
) -> HttpResponse:
    context = {"connection": connection, "said": words.refusal(refused), "code": refused.code}
    answer = render(request, "sso/refused.html", context, status=status)
    return _away(answer)


def _away(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "no-store"
    return answer


def _connection(connection_id: uuid.UUID, kind: str = "") -> Connection:
    row = connection_by_id(connection_id)
    if row is None or (kind and row.kind != kind):
        raise Http404
    return row


def _other_base(request: HttpRequest, connection: Connection) -> HttpResponse | None:
    """The same address under the name that the provider knows, if the request is for another."""
    if base_of(request) == connection.base:
        return None
    host = normalise(connection.base.partition("://")[2])
    if host not in {one.domain for one in queries.hosts_of(_partner_id(request))}:
        return _refused(request, connection, SsoRefused("moved"))
    return HttpResponseRedirect(connection.base + request.get_full_path())


def base_of(request: HttpRequest) -> str:
    """Scheme and host of this request, as a provider is given them."""
    return f"{request.scheme}://{request.META['HTTP_HOST']}"


def _own_path(request: HttpRequest, path: str) -> str:
    """Where to go afterwards: a path on this host, or nothing."""
    is_own = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_own else ""


def _attempt_id(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(str(request.session.get(KEY)))
    except ValueError:
        return uuid.UUID(int=0)


def _partner_id(request: HttpRequest) -> uuid.UUID:
    found: uuid.UUID = request.owner.partner_id  # type: ignore[attr-defined]
    return found
