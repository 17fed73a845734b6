"""Webhooks: the partner's under `/manage/webhooks/`, a customer's own under `/webhooks/`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cache_api.actions.hooks import endpoints, events
from cache_api.actions.hooks.endpoints import HookRefused
from cache_api.models import DeliveryState, HookDelivery, HookEndpoint
from cache_api.queries import hooks as queries
from cache_api.rules.hooks import catalogue, schedule, signing
from portal.forms.hooks import EndpointForm, ReplayForm, RollForm
from portal.views.asked import PAGE_SIZE, Pager, asked_page
from portal.views.customer_overview import own_customer
from portal.views.entering import entered
from portal.words.told import told
from tenants.accounts.permissions import permission
from tenants.rules.meanwhile import mark
from tenants.tasking import enqueue_on_commit


class HookPages:
    """The pages of one circle: the partner's endpoints, or those of the person's customer."""

    def __init__(
        self, name: str, needs: str, customer: Callable[[HttpRequest], uuid.UUID | None]
    ) -> None:
        self.name, self.customer, self.needs = name, customer, permission(needs)

    def urls(self, before: str) -> list[URLPattern]:
        """List, events, new, one, edit and what is done to it: `<name>s`, `<name>`, `<name>_…`."""
        one = "<uuid:row_id>/"
        table: tuple[tuple[str, Any, str], ...] = (
            ("", require_safe(self.listed), f"{self.name}s"),
            ("events/", require_safe(self.events), f"{self.name}_events"),
            ("new/", self.new, f"{self.name}_new"),
            (one, require_safe(self.one), self.name),
            (f"{one}edit/", self.edit, f"{self.name}_edit"),
            (f"{one}roll/", require_POST(self.roll), f"{self.name}_roll"),
            (f"{one}test/", require_POST(self.test), f"{self.name}_test"),
            (f"{one}replay/", require_POST(self.replay), f"{self.name}_replay"),
            (f"{one}enable/", require_POST(self.enable), f"{self.name}_enable"),
            (f"{one}disable/", require_POST(self.disable), f"{self.name}_disable"),
            (f"{one}remove/", require_POST(self.remove), f"{self.name}_remove"),
            (f"{one}<uuid:delivery_id>/", require_safe(self.delivery), f"{self.name}_delivery"),
            (f"{one}<uuid:delivery_id>/again/", require_POST(self.again), f"{self.name}_again"),
        )
        return [path(before + end, self.needs(view), name=name) for end, view, name in table]

    def listed(self, request: HttpRequest) -> HttpResponse:
        """Every endpoint with what it took in the last day."""
        rows = queries.endpoints(self.customer(request), timezone.now())
        return self._page(request, "hooks", {"rows": rows})

    def events(self, request: HttpRequest) -> HttpResponse:
        """The catalogue with an example of each, and how a message is checked."""
        rows = [(one, json.dumps(dict(one.example), indent=2)) for one in self._offered(request)]
        waits = [str(wait) for wait in schedule.WAITS[1:]]
        return self._page(request, "hook_events", {"rows": rows, "waits": waits})

    def new(self, request: HttpRequest) -> HttpResponse:
        """A form, and after it the secret: on this one answer and nowhere else."""
        form = self._form(request, initial={"types": [o.name for o in self._offered(request)]})
        if request.method == "POST" and form.is_valid():
            try:
                row, secret = endpoints.add_endpoint(
                    partner_id=_partner_id(request), customer=self.customer(request),
                    loopback=settings.WEBHOOK_LOOPBACK, kek=settings.KEK, actor=_actor(request),
                    now=timezone.now(), **form.facts(),
                )  # fmt: skip
            except HookRefused as refused:
                form.add_error(refused.field or None, told(refused))
            else:
                return self._secret(request, row, secret)
        return self._page(request, "hook_edit", {"form": form})

    def one(self, request: HttpRequest, row_id: uuid.UUID) -> HttpResponse:
        """One endpoint: its deliveries by `?state=` and `?type=`, and what can be done."""
        row, number = self._row(request, row_id), asked_page(request)
        state, type_ = request.GET.get("state", ""), request.GET.get("type", "")
        known = {**catalogue.CATALOGUE, catalogue.TEST: None}
        if (state and state not in DeliveryState.values) or (type_ and type_ not in known):
            raise Http404
        rows, total = queries.deliveries_page(row, state=state, type_=type_, limit=PAGE_SIZE,
                                              offset=(number - 1) * PAGE_SIZE)  # fmt: skip
        today = timezone.now().astimezone(UTC).date()
        return self._page(request, "hook", {
            "row": row, "rows": rows, "pager": Pager(number, total), "state": state, "type": type_,
            "states": DeliveryState.choices, "roll": RollForm(),
            "replay": ReplayForm(initial={"start": today, "end": today}),
        })  # fmt: skip

    def edit(self, request: HttpRequest, row_id: uuid.UUID) -> HttpResponse:
        """Address, label and events."""
        row = self._row(request, row_id)
        was = {"url": row.url, "label": row.label, "types": row.types,
               "seen": mark(*endpoints.facts_of(row))}  # fmt: skip
        form = self._form(request, initial=was)
        if request.method == "POST" and form.is_valid():
            change = partial(
                endpoints.change_endpoint, loopback=settings.WEBHOOK_LOOPBACK, **form.facts(),
                seen=form.cleaned_data["seen"] or None, **self._who(request, row_id),
            )  # fmt: skip
            try:
                if entered(request, form, change, _("Saved.")):
                    return self._to(row_id)
            except HookRefused as refused:
                form.add_error(refused.field or None, told(refused))
        return self._page(request, "hook_edit", {"form": form, "row": row})

    def roll(self, request: HttpRequest, row_id: uuid.UUID) -> HttpResponse:
        """A new secret, shown on this answer; the old one signs on as chosen."""
        row, form = self._row(request, row_id), RollForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Choose how long the old secret works on."))
            return self._to(row_id)
        try:
            secret = endpoints.roll_secret(overlap=form.length(), kek=settings.KEK,
                                           **self._who(request, row_id))  # fmt: skip
        except HookRefused as refused:
            messages.error(request, told(refused))
            return self._to(row_id)
        return self._secret(request, row, secret)

    def test(self, request: HttpRequest, row_id: uuid.UUID) -> HttpResponse:
        """Send a test event."""
        row = self._row(request, row_id)
        return self._sent(request, row_id, lambda now: events.send_test(endpoint=row, now=now))

    def replay(self, request: HttpRequest, row_id: uuid.UUID) -> HttpResponse:
        """Send again what the endpoint hears of some days."""
        row, form = self._row(request, row_id), ReplayForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Choose two days, such as 2026-10-31."))
            return self._to(row_id)
        start, end = form.span()
        return self._sent(
            request, row_id,
            lambda now: events.replay(endpoint=row, start=start, end=end, now=now),
        )  # fmt: skip

    def again(
        self, request: HttpRequest, row_id: uuid.UUID, delivery_id: uuid.UUID
    ) -> HttpResponse:
        """Send one delivery again."""
        found = self._delivery(request, row_id, delivery_id)
        return self._sent(request, row_id, lambda now: events.replay_one(delivery=found, now=now))

    def enable(self, request: HttpRequest, row_id: uuid.UUID) -> HttpResponse:
        """Send to it again."""
        return self._set(request, row_id, enabled=True)

    def disable(self, request: HttpRequest, row_id: uuid.UUID) -> HttpResponse:
        """Send to it no more."""
        return self._set(request, row_id, enabled=False)

    def remove(self, request: HttpRequest, row_id: uuid.UUID) -> HttpResponse:
        """Forget it with its deliveries."""
        self._row(request, row_id)
        endpoints.remove_endpoint(**self._who(request, row_id))
        messages.success(request, _("Removed."))
        return HttpResponseRedirect(reverse(f"{self.name}s"))

    def delivery(
        self, request: HttpRequest, row_id: uuid.UUID, delivery_id: uuid.UUID
    ) -> HttpResponse:
        """One message: what was sent, and what came back each time."""
        found = self._delivery(request, row_id, delivery_id)
        context = {
            "row": found.endpoint,
            "delivery": found,
            "attempts": _attempts(found),
            "message_id": signing.message_id(found.event_id),
            "body": json.dumps(json.loads(found.event.body), indent=2, ensure_ascii=False),
        }
        return self._page(request, "hook_delivery", context)

    def _sent(
        self, request: HttpRequest, row_id: uuid.UUID, do: Callable[[Any], Any]
    ) -> HttpResponse:
        try:
            done = do(timezone.now())
        except HookRefused as refused:
            messages.error(request, told(refused))
        else:
            # Now, instead of with the next sweep.
            enqueue_on_commit("portal.run_hooks", partner_id=str(_partner_id(request)))
            nothing = _("Nothing of these days is for this endpoint.")
            messages.success(request, nothing if done == 0 else _("On its way."))
        return self._to(row_id)

    def _set(self, request: HttpRequest, row_id: uuid.UUID, *, enabled: bool) -> HttpResponse:
        self._row(request, row_id)
        endpoints.set_enabled(enabled=enabled, **self._who(request, row_id))
        messages.success(request, _("Enabled.") if enabled else _("Disabled."))
        return self._to(row_id)

    def _who(self, request: HttpRequest, row_id: uuid.UUID) -> dict[str, Any]:
        return {
            "partner_id": _partner_id(request),
            "customer": self.customer(request),
            "endpoint_id": row_id,
            "actor": _actor(request),
            "now": timezone.now(),
        }

    def _offered(self, request: HttpRequest) -> list[catalogue.EventType]:
        return catalogue.offered(self._audience(request))

    def _audience(self, request: HttpRequest) -> str:
        return catalogue.PARTNER if self.customer(request) is None else catalogue.CUSTOMER

    def _form(self, request: HttpRequest, initial: dict[str, Any]) -> EndpointForm:
        return EndpointForm(request.POST or None, audience=self._audience(request),
                            initial=initial)  # fmt: skip

    def _row(self, request: HttpRequest, row_id: uuid.UUID) -> HookEndpoint:
        row = queries.endpoint(self.customer(request), row_id)
        if row is None:
            raise Http404
        return row

    def _delivery(self, request: HttpRequest, row_id: uuid.UUID, delivery_id: uuid.UUID) -> Any:
        found = queries.delivery(self._row(request, row_id), delivery_id)
        if found is None:
            raise Http404
        return found

    def _to(self, row_id: uuid.UUID) -> HttpResponse:
        return HttpResponseRedirect(reverse(self.name, kwargs={"row_id": row_id}))

    def _secret(self, request: HttpRequest, row: HookEndpoint, secret: str) -> HttpResponse:
        answer = self._page(request, "hook_secret", {"row": row, "secret": secret})
        answer["Cache-Control"] = "no-store"
        return answer

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        ends = ("events", "new", "edit", "roll", "test", "replay", "enable", "disable", "remove",
                "delivery", "again")  # fmt: skip
        names = {"all": f"{self.name}s", "one": self.name}
        names |= {end: f"{self.name}_{end}" for end in ends}
        return render(request, f"developers/{name}.html", {"names": names} | context)


def _attempts(delivery: HookDelivery) -> list[dict[str, Any]]:
    """The last ones first, with their moments."""
    return [one | {"at": datetime.fromisoformat(one["at"])} for one in delivery.attempts[::-1]]


def _partner_id(request: HttpRequest) -> Any:
    return request.owner.partner_id  # type: ignore[attr-defined]


def _actor(request: HttpRequest) -> str:
    return str(request.user.email).lower()  # type: ignore[union-attr]


partner = HookPages("partner_webhook", "keys.manage", lambda request: None)
customer = HookPages("customer_webhook", "my.keys.manage",
                     lambda request: own_customer(request).id)  # fmt: skip
