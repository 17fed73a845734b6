"""API keys: the partner's under `/manage/keys/`, a customer's own under `/keys/`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cache_api.queries import customer_by_external_id
from cache_api.queries.key_activity import KeyCalls, calls_by_key
from portal.forms.people import KeyForm, RotateForm
from portal.views.asked import PAGE_SIZE, Pager, asked_page
from portal.views.customer_overview import own_customer
from portal.words.told import told
from tenants import queries
from tenants.accounts.permissions import permission
from tenants.actions.keys import KeyRefused, create_key, key_prefix, revoke_key, rotate_key
from tenants.models import ApiKey
from tenants.rules import keys as rules


class KeyPages:
    """The pages of one circle: all keys of the partner, or those of the person's customer."""

    def __init__(
        self, name: str, needs: str, customer: Callable[[HttpRequest], str | None]
    ) -> None:
        self.name, self.customer = name, customer
        self.needs = permission(needs)

    def urls(self, before: str) -> list[URLPattern]:
        """List, new, one key, rotate, revoke: named `<name>s`, `<name>_new`, `<name>`, …"""
        table: tuple[tuple[str, Any, str], ...] = (
            ("", require_safe(self.listed), f"{self.name}s"),
            ("new/", self.new, f"{self.name}_new"),
            ("<slug:key_id>/", require_safe(self.one), self.name),
            ("<slug:key_id>/rotate/", require_POST(self.rotate), f"{self.name}_rotate"),
            ("<slug:key_id>/revoke/", require_POST(self.revoke), f"{self.name}_revoke"),
        )
        return [path(before + end, self.needs(view), name=name) for end, view, name in table]

    def listed(self, request: HttpRequest) -> HttpResponse:
        """Every key with its state, newest first."""
        number, owner = asked_page(request), _partner_id(request)
        rows, total = queries.api_keys_page(
            owner, self.customer(request), limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE
        )
        ids = [row.id for row in rows]
        makers, calls = queries.key_makers(owner, ids), calls_by_key(owner, ids, timezone.now())
        prefix = key_prefix(owner)
        shown = [
            self._shown(row, prefix)
            | {"maker": makers.get(row.id, ""), "calls": (calls or {}).get(row.id, KeyCalls())}
            for row in rows
        ]
        return self._page(request, "keys", {"rows": shown, "pager": Pager(number, total),
                                            "is_counted": calls is not None})  # fmt: skip

    def new(self, request: HttpRequest) -> HttpResponse:
        """A form, and after it the secret: on this one answer and nowhere else."""
        customer = self.customer(request)
        form = KeyForm(request.POST or None, for_customer=customer is not None,
                       initial={"customer": request.GET.get("customer", "")})  # fmt: skip
        if request.method == "POST" and form.is_valid():
            wanted = customer or form.cleaned_data.get("customer") or None
            if wanted and customer_by_external_id(wanted) is None:
                form.add_error("customer", _("You have no customer with this id."))
            else:
                try:
                    made = create_key(
                        partner_id=_partner_id(request), customer_external_id=wanted,
                        livemode=form.cleaned_data["mode"] == "live",
                        label=form.cleaned_data["label"], actor=_actor(request),
                        now=timezone.now(),
                    )  # fmt: skip
                except KeyRefused as refused:
                    form.add_error(None, told(refused))
                else:
                    return self._secret(request, made)
        return self._page(request, "key_new", {"form": form})

    def one(self, request: HttpRequest, key_id: str) -> HttpResponse:
        """One key, and what can be done with it."""
        row = self._row(request, key_id)
        makers = queries.key_makers(row.partner_id, [row.id])
        context = self._shown(row, key_prefix(row.partner_id))
        context["maker"] = makers.get(row.id, "")
        return self._page(request, "key", context | {"form": RotateForm()})

    def rotate(self, request: HttpRequest, key_id: str) -> HttpResponse:
        """A successor, whose secret is on this answer; the old key works on as chosen."""
        form = RotateForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Choose how long the old key works on."))
            return self._to(key_id)
        row = self._row(request, key_id)
        try:
            made = rotate_key(partner_id=row.partner_id, key_id=row.id, overlap=form.length(),
                              customer_external_id=self.customer(request),
                              actor=_actor(request), now=timezone.now())  # fmt: skip
        except KeyRefused as refused:
            messages.error(request, told(refused))
            return self._to(key_id)
        return self._secret(request, made, replaced=self._row(request, key_id))

    def revoke(self, request: HttpRequest, key_id: str) -> HttpResponse:
        """It stops working everywhere within five seconds."""
        row = self._row(request, key_id)
        done = revoke_key(partner_id=row.partner_id, key_id=row.id, actor=_actor(request),
                          customer_external_id=self.customer(request),
                          now=timezone.now())  # fmt: skip
        said = _("Revoked. It stops working within five seconds.")
        messages.success(request, said if done else _("It was revoked already."))
        return HttpResponseRedirect(reverse(f"{self.name}s"))

    def _to(self, key_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse(self.name, kwargs={"key_id": key_id}))

    def _row(self, request: HttpRequest, key_id: str) -> ApiKey:
        row = queries.api_key(_partner_id(request), key_id, self.customer(request))
        if row is None:
            raise Http404
        return row

    def _shown(self, row: ApiKey, prefix: str) -> dict[str, Any]:
        state = rules.state_of(revoked_at=row.revoked_at, expires_at=row.expires_at,
                               now=timezone.now())  # fmt: skip
        mode = "live" if row.livemode else "test"
        return {"key": row, "state": state, "start": f"{prefix}_{mode}_{row.id}"}

    def _secret(
        self, request: HttpRequest, made: tuple[ApiKey, str], replaced: ApiKey | None = None
    ) -> HttpResponse:
        context = {"key": made[0], "secret": made[1], "replaced": replaced}
        answer = self._page(request, "key_made", context)
        answer["Cache-Control"] = "no-store"
        return answer

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        mine = {"names": self._names(), "is_customer": self.customer(request) is not None}
        return render(request, f"people/{name}.html", mine | context)

    def _names(self) -> dict[str, str]:
        side = self.name.partition("_")[0]
        return {
            "all": f"{self.name}s", "new": f"{self.name}_new", "one": self.name,
            "rotate": f"{self.name}_rotate", "revoke": f"{self.name}_revoke",
            "usage": f"{side}_usage",
        }  # fmt: skip


def _partner_id(request: HttpRequest) -> Any:
    return request.owner.partner_id  # type: ignore[attr-defined]


def _actor(request: HttpRequest) -> str:
    return str(request.user.email).lower()  # type: ignore[union-attr]


partner = KeyPages("partner_key", "keys.manage", lambda request: None)
customer = KeyPages("customer_key", "my.keys.manage",
                    lambda request: own_customer(request).external_id)  # fmt: skip
