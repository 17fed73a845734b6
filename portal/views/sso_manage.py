"""`/manage/sso/`: a partner's connections to identity providers. Changes ask for the password."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from portal.forms.sso import ConnectionForm
from portal.views.break_glass import tell_owners
from portal.views.sso import base_of, begun
from portal.views.step_up import password_problem
from portal.words import sso as words
from tenants.accounts.models import BreakGlass, Connection
from tenants.accounts.permissions import permission
from tenants.actions import sso as actions
from tenants.actions import sso_login
from tenants.rules.sso import SsoRefused

# verb → what does it, what is said, what owners are told by mail
VERBS: dict[str, tuple[Callable[..., bool], Any, Any]] = {
    "on": (actions.switch_on, gettext_lazy("On: it stands on the page for signing in."),
           gettext_lazy("single sign-on was switched on")),
    "off": (actions.switch_off, gettext_lazy("Off: people sign in with their passwords."), ""),
    "enforce": (actions.enforce, gettext_lazy("Enforced: your team signs in by it alone."),
                gettext_lazy("single sign-on is enforced")),
    "relax": (actions.relax, gettext_lazy("Passwords work again beside it."), ""),
    "delete": (actions.delete_connection, gettext_lazy("Deleted. The accounts stay."), ""),
}  # fmt: skip


@permission("sso.manage")
@require_safe
def connections(request: HttpRequest) -> HttpResponse:
    """All of them, and the hours of break-glass there were."""
    return render(request, "sso/connections.html", {
        "rows": list(Connection.objects.order_by("name")),
        "hours": list(BreakGlass.objects.order_by("-opened_at")[:10]),
    })  # fmt: skip


@permission("sso.manage")
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """The form for a new one; after it the page with the addresses for the provider."""
    if kind not in dict(Connection.KINDS):
        raise Http404
    form = _form(request, kind)
    if request.method == "POST" and form.is_valid() and _sure(request, form):
        given = form.cleaned_data
        try:
            row = actions.add_connection(
                kind=kind, name=given["name"], base=base_of(request),
                idp=_provider(form), client_id=given.get("client_id", ""),
                secret=given.get("secret", ""), trust=form.trust(), **_who(request),
                kek=settings.KEK,
            )  # fmt: skip
        except SsoRefused as refused:
            form.add_error(None, words.refusal(refused))
        else:
            return HttpResponseRedirect(reverse("partner_sso_connection", args=[row.pk]))
    return render(request, "sso/new.html", {"form": form, "kind": kind,
                                            "kind_name": dict(Connection.KINDS)[kind]})  # fmt: skip


@permission("sso.manage")
def connection(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """One of them: addresses to copy, test, preflight, switches; POST changes the settings."""
    row = _row(connection_id)
    form = _form(request, row.kind, row)
    if request.method == "POST" and form.is_valid() and _sure(request, form):
        given = form.cleaned_data
        try:
            actions.change_connection(
                connection_id=row.pk, seen=given["seen"], name=given["name"],
                idp=_provider(form, row), client_id=given.get("client_id", ""),
                secret=given.get("secret", ""), trust=form.trust(), **_who(request),
                kek=settings.KEK,
            )  # fmt: skip
        except SsoRefused as refused:
            form.add_error(None, words.refusal(refused))
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("partner_sso_connection", args=[row.pk]))
    reached = actions.preflight(row)
    return render(request, "sso/connection.html", {
        "row": row, "form": form, "claims": sorted(row.tested_claims.items()),
        "explained": words.EXPLAINED[row.state], "kind_name": dict(Connection.KINDS)[row.kind],
        "let_in": [one for one in reached if not one.why],
        "locked_out": [(one.person, words.LOCKED_OUT[one.why]) for one in reached if one.why],
        "is_bound": row.identities.filter(user=request.user).exists(),  # type: ignore[misc]
        "certs_end": row.idp.get("certs_end", []), "now": timezone.now(),
        "people": row.identities.count(),
    })  # fmt: skip


@permission("sso.manage")
@require_POST
def test(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """A real login of the editor, which comes back with what the provider says."""
    return _go_on(request, _row(connection_id), sso_login.TEST)


@permission("sso.manage")
@require_POST
def do(request: HttpRequest, connection_id: uuid.UUID, verb: str) -> HttpResponse:
    """Switch it on or off, enforce it or not, delete it: after the password."""
    if verb not in VERBS:
        raise Http404
    act, said, told = VERBS[verb]
    row = _row(connection_id)
    more = {"accepted": "accepted" in request.POST} if verb == "enforce" else {}
    problem = password_problem(request, request.POST.get("password", ""))
    try:
        done = False if problem else act(connection_id=row.pk, **_who(request), **more)
    except SsoRefused as refused:
        done, problem = False, words.refusal(refused)
    if problem:
        messages.error(request, problem)
    elif done:
        messages.success(request, str(said))
        if told:
            tell_owners(request, "sso/switched.txt", str(told), name=row.name,
                        who=str(request.user.email), what=told)  # type: ignore[union-attr]  # fmt: skip
    if verb == "delete" and not problem:
        return HttpResponseRedirect(reverse("partner_sso"))
    return HttpResponseRedirect(reverse("partner_sso_connection", args=[row.pk]))


@login_required
@require_POST
def bind(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Somebody of the team connects the own account: the way for owners."""
    if getattr(request.user, "audience", "") != "partner":
        raise Http404
    return _go_on(request, _row(connection_id), sso_login.BIND)


def _go_on(request: HttpRequest, row: Connection, purpose: str) -> HttpResponse:
    """A page with the way to the provider: a form may not lead to another host."""
    if base_of(request) != row.base:
        messages.error(request, _("Do this on %(base)s: the provider sends people back there.")
                       % {"base": row.base})  # fmt: skip
        back = "partner_sso" if purpose == sso_login.TEST else "account_security"
        return HttpResponseRedirect(reverse(back))
    person: Any = request.user
    there = begun(request, row, purpose, person, again=True)
    if isinstance(there, HttpResponse):
        return there
    answer = render(request, "sso/go.html", {"row": row, "there": there, "purpose": purpose})
    answer["Cache-Control"] = "no-store"
    return answer


def _form(request: HttpRequest, kind: str, row: Connection | None = None) -> ConnectionForm:
    giver = request.user.role  # type: ignore[union-attr]
    return ConnectionForm(request.POST or None, request.FILES or None, kind=kind, giver=giver,
                          known=row)  # fmt: skip


def _provider(form: ConnectionForm, row: Connection | None = None) -> Any:
    """What the provider's document says; None where a known connection keeps what it has.

    OIDC's is read with each save: endpoints move. Raises SsoRefused.
    """
    given = form.cleaned_data
    address = given.get("issuer") or given.get("metadata_url") or ""
    if row is not None and not address and not given.get("metadata"):
        return None
    return actions.read_provider(form.kind, issuer=address, metadata=given.get("metadata") or b"",
                                 loopback=settings.SSO_LOOPBACK)  # fmt: skip


def _sure(request: HttpRequest, form: ConnectionForm) -> bool:
    problem = password_problem(request, request.POST.get("password", ""))
    if problem:
        form.add_error(None, problem)
    return not problem


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"partner_id": request.owner.partner_id, "by": request.user,  # type: ignore[attr-defined]
            "now": timezone.now()}  # fmt: skip


def _row(connection_id: uuid.UUID) -> Connection:
    row = Connection.objects.filter(pk=connection_id).first()
    if row is None:
        raise Http404
    return row
