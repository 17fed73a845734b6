"""Connections to identity providers: a partner's under `/manage/sso/`, a customer's under `/sso/`.

Changes ask for the password.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from portal.forms.sso import ConnectionForm
from portal.views import circles
from portal.views.break_glass import tell_owners
from portal.views.sso import back_from, base_of, begun
from portal.views.step_up import password_problem
from portal.words import sso as words
from tenants.accounts.models import Connection
from tenants.accounts.permissions import permission
from tenants.accounts.sso_gate import connections_of
from tenants.actions import sso as actions
from tenants.actions import sso_login
from tenants.actions.people import Circle
from tenants.queries.sso import break_glass_hours
from tenants.rules.sso import SsoRefused

SHOWN = 10  # hours of break-glass

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


class SsoPages:
    """The pages of one kind of circle; `circle(request)` says whose connections they reach."""

    def __init__(self, name: str, needs: str, circle: Callable[[HttpRequest], Circle]) -> None:
        self.name, self.circle, self.needs = name, circle, permission(needs)

    def urls(self, before: str, inside: str = "") -> list[URLPattern]:
        """Named `<name>`, `<name>_new`, `<name>_connection`, …; all but the first lie `inside`."""
        table: tuple[tuple[str, Any, str], ...] = (
            ("new/<slug:kind>/", self.new, "_new"),
            ("<uuid:connection_id>/", self.connection, "_connection"),
            ("<uuid:connection_id>/test/", require_POST(self.test), "_test"),
            ("<uuid:connection_id>/<slug:verb>/", require_POST(self.do), "_do"),
        )
        first = path(before, self.needs(require_safe(self.connections)), name=self.name)
        return [first, *(path(before + inside + end, self.needs(view), name=self.name + tail)
                         for end, view, tail in table)]  # fmt: skip

    def connections(self, request: HttpRequest) -> HttpResponse:
        """All of them, and the hours of break-glass there were."""
        circle = self.circle(request)
        return self._page(request, "connections", {
            "rows": list(actions.of_circle(circle).order_by("name")),
            "hours": break_glass_hours(circle.customer_id, SHOWN),
        })  # fmt: skip

    def new(self, request: HttpRequest, kind: str) -> HttpResponse:
        """The form for a new one; after it the page with the addresses for the provider."""
        if kind not in dict(Connection.KINDS):
            raise Http404
        form = self._form(request, kind)
        if request.method == "POST" and form.is_valid() and _sure(request, form):
            given = form.cleaned_data
            try:
                row = actions.add_connection(
                    kind=kind, name=given["name"], base=base_of(request), idp=_provider(form),
                    client_id=given.get("client_id", ""), secret=given.get("secret", ""),
                    trust=form.trust(), kek=settings.KEK, **self._who(request),
                )  # fmt: skip
            except SsoRefused as refused:
                form.add_error(None, words.refusal(refused))
            else:
                return self._to(row)
        return self._page(request, "new", {"form": form, "kind": kind,
                                           "kind_name": dict(Connection.KINDS)[kind]})  # fmt: skip

    def connection(self, request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
        """One of them: addresses to copy, test, preflight, switches; POST changes the settings."""
        row = self._row(request, connection_id)
        form = self._form(request, row.kind, row)
        if request.method == "POST" and form.is_valid() and _sure(request, form):
            given = form.cleaned_data
            try:
                actions.change_connection(
                    connection_id=row.pk, seen=given["seen"], name=given["name"],
                    idp=_provider(form, row), client_id=given.get("client_id", ""),
                    secret=given.get("secret", ""), trust=form.trust(), kek=settings.KEK,
                    **self._who(request),
                )  # fmt: skip
            except SsoRefused as refused:
                form.add_error(None, words.refusal(refused))
            else:
                messages.success(request, _("Saved."))
                return self._to(row)
        return self._page(request, "connection", {**self._standing(request, row), "form": form})

    def test(self, request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
        """A real login of the editor, which comes back with what the provider says."""
        return _go_on(request, self._row(request, connection_id), sso_login.TEST)

    def do(self, request: HttpRequest, connection_id: uuid.UUID, verb: str) -> HttpResponse:
        """Switch it on or off, enforce it or not, delete it: after the password."""
        if verb not in VERBS:
            raise Http404
        act, said, told = VERBS[verb]
        row = self._row(request, connection_id)
        more = {"accepted": "accepted" in request.POST} if verb == "enforce" else {}
        problem = password_problem(request, request.POST.get("password", ""))
        try:
            done = False if problem else act(connection_id=row.pk, **self._who(request), **more)
        except SsoRefused as refused:
            done, problem = False, words.refusal(refused)
        if problem:
            messages.error(request, problem)
        elif done:
            messages.success(request, str(said))
            if told:
                tell_owners(request, self.circle(request), "sso/switched.txt", told,
                            name=row.name, who=request.user.email, what=told)  # type: ignore[union-attr]  # fmt: skip
        if verb == "delete" and not problem:
            return HttpResponseRedirect(reverse(self.name))
        return self._to(row)

    def _standing(self, request: HttpRequest, row: Connection) -> dict[str, Any]:
        """What the page of a connection says besides its form."""
        reached = actions.preflight(self.circle(request), row)
        return {
            "row": row, "claims": sorted(row.tested_claims.items()), "now": timezone.now(),
            "explained": words.explained(row), "kind_name": dict(Connection.KINDS)[row.kind],
            "let_in": [one for one in reached if not one.why],
            "locked_out": [(one.person, words.LOCKED_OUT[one.why]) for one in reached if one.why],
            "is_bound": row.identities.filter(user=request.user).exists(),  # type: ignore[misc]
            "certs_end": row.idp.get("certs_end", []), "people": row.identities.count(),
        }  # fmt: skip

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        new_oidc = reverse(f"{self.name}_new", kwargs={"kind": Connection.OIDC})
        return render(request, f"sso/{name}.html", {
            "all_url": reverse(self.name), "root": new_oidc.removesuffix("new/oidc/"),
            "is_customers": self.circle(request).customer_id is not None, **context,
        })  # fmt: skip

    def _to(self, row: Connection) -> HttpResponse:
        return HttpResponseRedirect(reverse(f"{self.name}_connection", args=[row.pk]))

    def _row(self, request: HttpRequest, connection_id: uuid.UUID) -> Connection:
        return _found(actions.of_circle(self.circle(request)), connection_id)

    def _form(
        self, request: HttpRequest, kind: str, row: Connection | None = None
    ) -> ConnectionForm:
        giver = request.user.role  # type: ignore[union-attr]
        return ConnectionForm(request.POST or None, request.FILES or None, kind=kind, giver=giver,
                              audience=self.circle(request).audience, known=row)  # fmt: skip

    def _who(self, request: HttpRequest) -> dict[str, Any]:
        return {"circle": self.circle(request), "by": request.user, "now": timezone.now()}


partner = SsoPages("partner_sso", "sso.manage", circles.staff)
customer = SsoPages("customer_sso", "my.sso.manage", circles.own)


@permission("team.manage")
@require_POST
def relax_customer(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """A customer that its provider locks out, without an owner who could open break-glass: the
    partner's people let passwords work again, and the customer's owners are told."""
    circle = circles.of_customer(request, customer_id)
    row = actions.of_circle(circle).exclude(enforced_at=None).first()
    problem = password_problem(request, request.POST.get("password", ""))
    if problem:
        messages.error(request, problem)
    elif row is not None and actions.relax(circle=circle, connection_id=row.pk, by=request.user,  # type: ignore[arg-type]
                                           now=timezone.now()):  # fmt: skip
        messages.success(request, _("Passwords work again beside it."))
        what = gettext_lazy("passwords work again")
        tell_owners(request, circle, "sso/switched.txt", what, name=row.name, what=what,
                    who=request.user.email)  # type: ignore[union-attr]  # fmt: skip
    return HttpResponseRedirect(reverse("partner_customer_team", args=[customer_id]))


@login_required
@require_POST
def bind(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Somebody connects the own account with a connection of the own circle: the way for owners."""
    return _go_on(request, _found(connections_of(request.user), connection_id), sso_login.BIND)


def _go_on(request: HttpRequest, row: Connection, purpose: str) -> HttpResponse:
    """A page with the way to the provider: a form may not lead to another host."""
    if base_of(request) != row.base:
        messages.error(request, _("Do this on %(base)s: the provider sends people back there.")
                       % {"base": row.base})  # fmt: skip
        return HttpResponseRedirect(back_from(row, purpose))
    person: Any = request.user
    there = begun(request, row, purpose, person, again=True)
    if isinstance(there, HttpResponse):
        return there
    answer = render(request, "sso/go.html", {"row": row, "there": there, "purpose": purpose,
                                            "back": back_from(row, purpose)})  # fmt: skip
    answer["Cache-Control"] = "no-store"
    return answer


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


def _found(among: QuerySet[Connection], connection_id: uuid.UUID) -> Connection:
    row = among.filter(pk=connection_id).first()
    if row is None:
        raise Http404
    return row
