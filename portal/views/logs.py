"""The request log: the partner's under `/manage/logs/`, a customer's own under `/logs/`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_safe

from cache_api.queries import requests as queries
from cache_api.queries.requests import FILTERS, Asked, TooWide
from portal import words
from portal.views.asked import PAGE_SIZE, not_one_of, unreadable
from portal.views.customer_overview import own_customer
from tenants.accounts.permissions import permission
from tenants.actions.keys import key_prefix

SPANS = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7),
         "30d": timedelta(days=30)}  # fmt: skip
KINDS = ("lookup", "store", "feedback")


class LogPages:
    """The pages of one circle: all requests of the partner, or those of the person's customer."""

    def __init__(
        self, name: str, needs: str, customer: Callable[[HttpRequest], str | None]
    ) -> None:
        self.name, self.customer, self.needs = name, customer, permission(needs)

    def urls(self, before: str) -> list[URLPattern]:
        """The list and one request: `<name>s` and `<name>`."""
        return [
            path(before, self.needs(require_safe(self.listed)), name=f"{self.name}s"),
            path(f"{before}<uuid:event_id>/", self.needs(require_safe(self.one)), name=self.name),
        ]

    def listed(self, request: HttpRequest) -> HttpResponse:
        """Newest first. `?range=1h|24h|7d|30d`, `?before=<id>`, `?mode=`, and FILTERS by value."""
        asked, too_wide, rows, more = self._asked(request), False, [], False
        try:
            rows, more = queries.requests_page(_partner_id(request), asked, PAGE_SIZE)
        except TooWide:
            too_wide = True
        shown = {name: request.GET.get(name, "") for name in (*FILTERS, "mode")}
        return self._page(request, "logs", {
            "rows": rows, "last": rows[-1].event_id if more else None, "too_wide": too_wide,
            "asked": shown, "is_filtered": any(shown.values()), "range": _range(request),
            "is_first": asked.before is None, "spans": list(SPANS), "outcomes": words.OUTCOMES,
            "kinds": KINDS,
        })  # fmt: skip

    def one(self, request: HttpRequest, event_id: uuid.UUID) -> HttpResponse:
        """Everything that is recorded of one request."""
        row = queries.request_by_id(_partner_id(request), event_id, self.customer(request))
        if row is None:
            raise Http404
        return self._page(request, "log", {"row": row})

    def _asked(self, request: HttpRequest) -> Asked:
        only = {name: request.GET.get(name, "")[:200] for name in FILTERS}
        for name, value in only.items():
            if not (value.isprintable() or not value):
                raise unreadable(name, value, "abc")
        customer = self.customer(request)
        if customer is not None:
            only["customer"] = customer
        mode = request.GET.get("mode", "")
        if mode not in ("", "live", "test"):
            raise not_one_of("mode", mode, ("live", "test"))
        return Asked(
            timezone.now().astimezone(UTC) - SPANS[_range(request)], _before(request), only,
            None if not mode else mode == "live",
        )  # fmt: skip

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        mine = {
            "names": {"all": f"{self.name}s", "one": self.name},
            "is_customer": self.customer(request) is not None,
            "prefix": key_prefix(_partner_id(request)),
        }
        return render(request, f"developers/{name}.html", mine | context)


def _range(request: HttpRequest) -> str:
    span = request.GET.get("range") or "24h"
    if span not in SPANS:
        raise not_one_of("range", span, SPANS)
    return span


def _before(request: HttpRequest) -> uuid.UUID | None:
    text = request.GET.get("before", "")
    try:
        return uuid.UUID(text) if text else None
    except ValueError as error:
        raise unreadable("before", text, "01920000-0000-7000-8000-000000000000") from error


def _partner_id(request: HttpRequest) -> Any:
    return request.owner.partner_id  # type: ignore[attr-defined]


partner = LogPages("partner_log", "keys.manage", lambda request: None)
customer = LogPages("customer_log", "my.keys.manage",
                    lambda request: own_customer(request).external_id)  # fmt: skip
