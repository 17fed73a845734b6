"""People: a partner's staff, a customer's people, the platform's staff; the same pages for all."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal import words
from portal.forms.people import InviteForm, InviteManyForm, role_choices
from portal.queries.overview import customer_of
from portal.views import circles
from portal.words.told import told
from tenants.accounts.models import Connection, Invitation, User
from tenants.accounts.permissions import permission
from tenants.accounts.second_factor import covered, factors
from tenants.actions import invitations, people
from tenants.actions import sso as actions_sso
from tenants.actions.people import Circle, PersonRefused
from tenants.gateways import mail
from tenants.rules import mail_texts, roles
from tenants.rules.meanwhile import ChangedMeanwhile, mark
from tenants.rules.roles import Audience

Circled = Callable[..., Circle]


class TeamPages:
    """The pages of one kind of circle; `circle(request, …)` says which, from the address."""

    def __init__(self, name: str, needs: str, circle: Circled) -> None:
        self.name, self.circle, self.needs = name, circle, permission(needs)

    def urls(self, before: str) -> list[URLPattern]:
        """Named `<name>`, `<name>_invite`, `<name>_person`, …"""
        table: tuple[tuple[str, Any, str], ...] = (
            ("", require_safe(self.listed), ""),
            ("invite/", self.invite, "_invite"),
            ("invite/many/", self.invite_many, "_invite_many"),
            ("roles/", require_safe(self.roles), "_roles"),
            ("invitations/<uuid:row_id>/again/", require_POST(self.again), "_again"),
            ("invitations/<uuid:row_id>/withdraw/", require_POST(self.withdraw), "_withdraw"),
            ("<uuid:row_id>/", require_safe(self.person), "_person"),
            ("<uuid:row_id>/role/", require_POST(self.role), "_role"),
            ("<uuid:row_id>/out/", require_POST(self.out), "_out"),
            ("<uuid:row_id>/in/", require_POST(self.back), "_back"),
            ("<uuid:row_id>/factor/", require_POST(self.factor), "_factor"),
        )
        return [
            path(before + end, self.needs(view), name=self.name + tail) for end, view, tail in table
        ]

    def listed(self, request: HttpRequest, **where: Any) -> HttpResponse:
        """Everybody, and who is invited."""
        circle, now = self.circle(request, **where), timezone.now()
        rows = list(circle.people().order_by("-is_active", "email"))
        active = [row.pk for row in rows if row.is_active]
        invited = [{"row": one, "state": one.state(now)}
                   for one in circle.invitations().order_by("email")]  # fmt: skip
        context = {"rows": rows, "alone": len(active) < 2, "invitations": invited,
                   "active": len(active), "covered": covered(active),
                   "enforced": _enforced(circle),
                   "pending": sum(one["state"] == "open" for one in invited)}  # fmt: skip
        return self._page(request, "team", context, where)

    def invite(self, request: HttpRequest, **where: Any) -> HttpResponse:
        """A form; after it the mail with the link is on its way."""
        circle, by = self.circle(request, **where), _who(request)
        form = InviteForm(request.POST or None, giver=by.role, audience=circle.audience)
        if request.method == "POST" and form.is_valid():
            try:
                row, token = invitations.invite(circle=circle, by=by, now=timezone.now(),
                                           **form.cleaned_data)  # fmt: skip
            except PersonRefused as refused:
                form.add_error(None, told(refused))
            else:
                return self._sent(request, row, token, where)
        return self._page(request, "invite", {"form": form}, where)

    def invite_many(self, request: HttpRequest, **where: Any) -> HttpResponse:
        """Addresses in a text field, one role for all: all are invited, or none when a line is no
        address. Whoever is here or invited already gets no second mail."""
        circle, by = self.circle(request, **where), _who(request)
        form = InviteManyForm(request.POST or None, giver=by.role, audience=circle.audience)
        if request.method == "POST" and form.is_valid():
            try:
                made, known = invitations.invite_many(circle=circle, by=by, now=timezone.now(),
                                                      **form.cleaned_data)  # fmt: skip
            except PersonRefused as refused:
                form.add_error(None, told(refused))
            else:
                lost = [row.email for row, token in made if not _send(request, row, token)]
                _tell_many(request, len(made) - len(lost), lost, known)
                return self._back_to_all(request, where)
        return self._page(request, "invite_many", {"form": form}, where)

    def roles(self, request: HttpRequest, **where: Any) -> HttpResponse:
        """What each role may do, from the same table that the pages ask."""
        known = roles.PERMISSIONS[self.circle(request, **where).audience]
        marks = {one: [one in held for held in known.values()]
                 for one in sorted(frozenset().union(*known.values()))}  # fmt: skip
        widest_first = sorted(marks, key=lambda one: -sum(marks[one]))
        rows = [(words.PERMISSIONS.get(one, one), marks[one]) for one in widest_first]
        lists = [(role, [label for label, cells in rows if cells[at]],
                  [label for label, cells in rows if not cells[at]])
                 for at, role in enumerate(known)]  # fmt: skip
        context = {"roles": list(known), "rows": rows, "lists": lists}
        return self._page(request, "roles", context, where)

    def again(self, request: HttpRequest, row_id: uuid.UUID, **where: Any) -> HttpResponse:
        """A new link by mail; the old one works no more."""
        try:
            row, token = invitations.invite_again(
                circle=self.circle(request, **where), invitation_id=row_id, by=_who(request),
                now=timezone.now(),
            )  # fmt: skip
        except PersonRefused as refused:
            return self._back_to_all(request, where, refused=told(refused))
        return self._sent(request, row, token, where)

    def withdraw(self, request: HttpRequest, row_id: uuid.UUID, **where: Any) -> HttpResponse:
        """The link works no more."""
        return self._do(request, where, invitations.withdraw, {"invitation_id": row_id},
                        _("Withdrawn: the link works no more."))  # fmt: skip

    def person(self, request: HttpRequest, row_id: uuid.UUID, **where: Any) -> HttpResponse:
        """One person, and what can be changed."""
        circle, by = self.circle(request, **where), _who(request)
        row = circle.people().filter(pk=row_id).first()
        if row is None:
            raise Http404
        context = {
            "person": row, "seen": mark(row.role), "is_me": row.pk == by.pk,
            "in_reach": roles.may_give(by.role, row.role),
            "roles": role_choices(by.role, circle.audience),
            "has_factor": factors(row).exists(),
        }  # fmt: skip
        return self._page(request, "person", context, where)

    def role(self, request: HttpRequest, row_id: uuid.UUID, **where: Any) -> HttpResponse:
        """Another role, in force with the next request."""
        given = {"person_id": row_id, "role": request.POST.get("role", ""),
                 "seen": request.POST.get("seen", "")}  # fmt: skip
        return self._do(request, where, people.change_role, given, _("The role is changed."))

    def out(self, request: HttpRequest, row_id: uuid.UUID, **where: Any) -> HttpResponse:
        """No sign-in any more; every session ends at once."""
        return self._do(request, where, people.deactivate, {"person_id": row_id},
                        _("Deactivated; all sessions have ended."))  # fmt: skip

    def back(self, request: HttpRequest, row_id: uuid.UUID, **where: Any) -> HttpResponse:
        """May sign in again."""
        return self._do(request, where, people.reactivate, {"person_id": row_id},
                        _("Active again."))  # fmt: skip

    def factor(self, request: HttpRequest, row_id: uuid.UUID, **where: Any) -> HttpResponse:
        """For somebody whose phone and recovery codes are lost."""
        return self._do(request, where, people.reset_factor, {"person_id": row_id},
                        _("The second factor is taken away; all sessions have ended."))  # fmt: skip

    def _do(
        self, request: HttpRequest, where: dict[str, Any], verb: Callable[..., bool],
        given: dict[str, Any], said: str,
    ) -> HttpResponse:  # fmt: skip
        try:
            done = verb(circle=self.circle(request, **where), by=_who(request),
                        now=timezone.now(), **given)  # fmt: skip
        except (PersonRefused, ChangedMeanwhile) as refused:
            return self._back_to_all(request, where, refused=told(refused))
        messages.success(request, said if done else _("It was so already; nothing changed."))
        return self._back_to_all(request, where)

    def _sent(
        self, request: HttpRequest, row: Invitation, token: str, where: dict[str, Any]
    ) -> HttpResponse:
        if _send(request, row, token):
            messages.success(request, _("The invitation is on its way to %s.") % row.email)
        else:
            messages.error(request, _("The mail was not taken. Send the invitation again soon."))
        return self._back_to_all(request, where)

    def _back_to_all(
        self, request: HttpRequest, where: dict[str, Any], refused: str = ""
    ) -> HttpResponse:
        if refused:
            messages.error(request, refused)
        return HttpResponseRedirect(reverse(self.name, kwargs=where))

    def _page(
        self, request: HttpRequest, name: str, context: dict[str, Any], where: dict[str, Any]
    ) -> HttpResponse:
        all_url = reverse(self.name, kwargs=where)
        customer = customer_of(where["customer_id"]) if "customer_id" in where else None
        return render(request, f"people/{name}.html",
                      {"all_url": all_url, "customer": customer, **context})  # fmt: skip


def _send(request: HttpRequest, row: Invitation, token: str) -> bool:
    """The mail with the link, in the name of the host's brand."""
    owner = request.owner  # type: ignore[attr-defined]
    link = request.build_absolute_uri(reverse("invitation", kwargs={"token": token}))
    text = render_to_string("people/invitation.txt", {"owner": owner, "row": row, "link": link})
    brand = owner.brand
    subject = mail_texts.subject(
        brand.mail_texts, mail_texts.INVITATION, get_language() or "en",
        {"brand": brand.product_name, "who": row.invited_by},
        _("%(product)s: you are invited") % {"product": brand.product_name},
    )  # fmt: skip
    home = request.build_absolute_uri("/").rstrip("/")
    return mail.send(to=row.email, brand=brand, home=home, subject=subject, text=text)


def _tell_many(request: HttpRequest, sent: int, lost: list[str], known: list[str]) -> None:
    said = ngettext("%d invitation is on its way.", "%d invitations are on their way.", sent)
    messages.success(request, said % sent)
    if known:
        messages.info(
            request, _("Here or invited already, so nothing was sent: %s") % ", ".join(known)
        )
    if lost:
        messages.error(request, _("The mail was not taken for: %s. Send those again soon.")
                       % ", ".join(lost))  # fmt: skip


def _enforced(circle: Circle) -> Connection | None:
    """The connection by which alone a customer's people sign in; the page asks for theirs only."""
    if circle.customer_id is None:
        return None
    return actions_sso.of_circle(circle).exclude(enforced_at=None).first()


def _who(request: HttpRequest) -> User:
    return request.user  # type: ignore[return-value]


partner = TeamPages("partner_team", "team.manage", circles.staff)
customer = TeamPages("customer_team", "my.team.manage", circles.own)
of_customer = TeamPages("partner_customer_team", "team.manage", circles.of_customer)
console = TeamPages("console_team", "staff.manage", lambda request: Circle(Audience.PLATFORM))
