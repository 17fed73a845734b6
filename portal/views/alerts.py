"""Alerts: the partner's under `/manage/alerts/`, a customer's own under `/alerts/`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cache_api.actions import alerts
from cache_api.actions.alerts import UnknownAlert
from cache_api.queries import alerts as queries
from cache_api.queries import customer_by_external_id
from cache_api.rules.alerts import BadAlert
from portal.forms.hooks import AlertForm
from portal.views.asked import PAGE_SIZE, Pager, asked_page
from portal.views.customer_overview import own_customer
from portal.words.told import told
from tenants.accounts.permissions import permission

# What is offered while there is none: kind, name, limit, why.
SUGGESTED = (
    ("budget", gettext_lazy("Budget"), "1000",
     gettext_lazy("At 50, 80 and 100 % of a month's money, and when the month heads beyond it.")),
    ("hit_rate", gettext_lazy("Hit rate fell"), "20",
     gettext_lazy("When a day hits 20 points less than the week before: a prompt changed.")),
    ("quota", gettext_lazy("Quota nearly used"), "80",
     gettext_lazy("Before lookups are refused: at 80 % of a quota and at all of it.")),
)  # fmt: skip


class AlertPages:
    """The pages of one circle: the partner's alerts, or those of the person's customer."""

    def __init__(
        self, name: str, needs: str, owner: Callable[[HttpRequest], uuid.UUID | None]
    ) -> None:
        self.name, self.owner, self.needs = name, owner, permission(needs)

    def urls(self, before: str) -> list[URLPattern]:
        """List, new, pause, resume, remove: `<name>s`, `<name>_new`, …"""
        table: tuple[tuple[str, Any, str], ...] = (
            ("", require_safe(self.listed), "s"),
            ("new/", self.new, "_new"),
            ("<uuid:row_id>/pause/", require_POST(self.pause), "_pause"),
            ("<uuid:row_id>/resume/", require_POST(self.resume), "_resume"),
            ("<uuid:row_id>/remove/", require_POST(self.remove), "_remove"),
        )
        return [path(before + end, self.needs(view), name=self.name + suffix)
                for end, view, suffix in table]  # fmt: skip

    def listed(self, request: HttpRequest) -> HttpResponse:
        """What is watched, and what fired."""
        owner, number = self.owner(request), asked_page(request)
        rows = queries.with_customers(queries.alerts(owner, timezone.now()))
        fired, total = queries.history(owner, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)
        return self._page(request, "alerts", {
            "rows": rows, "fired": fired,
            "pager": Pager(number, total), "suggested": SUGGESTED,
        })  # fmt: skip

    def new(self, request: HttpRequest) -> HttpResponse:
        """A form; `?kind=`, `?name=` and `?limit=` fill it."""
        owner = self.owner(request)
        asked = {key: request.GET[key] for key in ("kind", "name", "limit") if key in request.GET}
        form = AlertForm(request.POST or None, for_customer=owner is not None, initial=asked)
        if request.method == "POST" and form.is_valid() and self._add(request, form, owner):
            messages.success(request, _("It is watched from now on."))
            return HttpResponseRedirect(reverse(f"{self.name}s"))
        return self._page(request, "alert_new", {"form": form})

    def pause(self, request: HttpRequest, row_id: uuid.UUID) -> HttpResponse:
        """Watch it no more."""
        return self._done(request, row_id, alerts.set_paused, paused=True)

    def resume(self, request: HttpRequest, row_id: uuid.UUID) -> HttpResponse:
        """Watch it again."""
        return self._done(request, row_id, alerts.set_paused, paused=False)

    def remove(self, request: HttpRequest, row_id: uuid.UUID) -> HttpResponse:
        """Forget it with its history."""
        return self._done(request, row_id, alerts.remove_alert)

    def _add(self, request: HttpRequest, form: AlertForm, owner: uuid.UUID | None) -> bool:
        facts = dict(form.cleaned_data)
        named = facts.pop("customer", "")
        customer = customer_by_external_id(named) if named else None
        if named and customer is None:
            form.add_error("customer", _("You have no customer with this id."))
            return False
        try:
            alerts.add_alert(
                partner_id=_partner_id(request), owner=owner, actor=_actor(request),
                customer=customer.pk if customer else None, now=timezone.now(), **facts,
            )  # fmt: skip
        except BadAlert as bad:
            form.add_error(bad.field or None, told(bad))
            return False
        return True

    def _done(
        self, request: HttpRequest, row_id: uuid.UUID, do: Callable[..., Any], **more: Any
    ) -> HttpResponse:
        try:
            do(partner_id=_partner_id(request), owner=self.owner(request), alert_id=row_id,
               actor=_actor(request), now=timezone.now(), **more)  # fmt: skip
        except UnknownAlert as error:
            raise Http404 from error
        messages.success(request, _("Done."))
        return HttpResponseRedirect(reverse(f"{self.name}s"))

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        names = {"all": f"{self.name}s"}
        names |= {end: f"{self.name}_{end}" for end in ("new", "pause", "resume", "remove")}
        mine = {"names": names, "is_customer": self.owner(request) is not None}
        return render(request, f"developers/{name}.html", mine | context)


def _partner_id(request: HttpRequest) -> Any:
    return request.owner.partner_id  # type: ignore[attr-defined]


def _actor(request: HttpRequest) -> str:
    return str(request.user.email).lower()  # type: ignore[union-attr]


partner = AlertPages("partner_alert", "alerts.manage", lambda request: None)
customer = AlertPages("customer_alert", "my.alerts.manage",
                      lambda request: own_customer(request).id)  # fmt: skip
