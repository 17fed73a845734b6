"""The usage explorer's doors, the same for a partner's staff and a customer's people."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from cache_api.models import Customer
from portal import pictures
from portal.pictures.live import days_of, live_data
from portal.queries.explorer import Explorer, explorer
from portal.queries.net_saving import invoiced_by_month
from portal.queries.usage_files import allocation_table, usage_table
from portal.rules.questions import DIMENSIONS, TOPS, BadQuestion, Question, read_question
from portal.views.asked import asked_text, unreadable
from portal.views.files import csv_file, parquet_file
from portal.words import explorer as explorer_words
from portal.words.told import told
from tenants.accounts.permissions import eyes
from tenants.actions.saved_views import forget_view, save_view, views_of

PAGE = "usage"
_FILES = ("csv", "parquet", "tags", "save")


@dataclass(frozen=True)
class Side:
    """Whose explorer: names of its addresses, its template, what it may group by."""

    name: str
    template: str
    money: str
    dimensions: tuple[str, ...]


PARTNER = Side("partner_usage", "partner/usage.html", "statements.view", DIMENSIONS)
CUSTOMER = Side(
    "customer_usage", "customer/usage.html", "my.invoices.view",
    tuple(name for name in DIMENSIONS if name != "customer"),
)  # fmt: skip


def page(request: HttpRequest, side: Side, customer: Customer | None) -> HttpResponse:
    """The page. Raises BadRequest (400) for an address that it does not know."""
    question = asked_question(request, side)
    owner, seen = request.owner, eyes(request)  # type: ignore[attr-defined]
    found = explorer(
        question, owner.partner_id, customer=customer,
        money=seen.may(side.money),
    )  # fmt: skip
    return render(request, side.template, {
        **_pictures(found), "side": side, "words": _choices(found, side),
        "views": views_of(PAGE, seen.customer_id),
        "urls": {name: reverse(f"{side.name}_{name}") for name in _FILES},
        "rows": _rows(found),
    })  # fmt: skip


def file(
    request: HttpRequest, side: Side, customer: Customer | None, form: str
) -> HttpResponseBase:
    """All rows behind the page as `csv` or `parquet`, not its first ones only."""
    question = asked_question(request, side)
    owner: Any = request.owner  # type: ignore[attr-defined]
    name = f"usage-{question.range.key}-by-{question.by}"

    def table() -> Any:
        return usage_table(question, owner.partner_id, customer)

    return csv_file(owner, name, table) if form == "csv" else parquet_file(name, table)


def tags(request: HttpRequest, side: Side, customer: Customer | None) -> HttpResponseBase:
    """A range's months by customer and tag as CSV, with the bill where it may be seen."""
    question = asked_question(request, side)
    if not question.tag:
        raise unreadable("tag", "", "team")
    owner, seen = request.owner, eyes(request)  # type: ignore[attr-defined]
    charged: Mapping[tuple[str, datetime], int] = {}
    if seen.may(side.money):
        window = question.range
        charged = invoiced_by_month(owner.partner_id, customer, window.start, window.end)
    return csv_file(
        owner, f"allocation-{question.range.key}",
        lambda: allocation_table(question, owner.partner_id, customer, charged),
    )  # fmt: skip


def save(request: HttpRequest, side: Side) -> HttpResponse:
    """Keep the posted address under the posted name; back to the page."""
    user: Any = request.user
    query = asked_text(request, "query")
    try:
        save_view(
            page=PAGE, customer_id=user.customer_id, name=asked_text(request, "name"),
            query=query, actor=user.email, now=timezone.now(),
        )  # fmt: skip
    except ValueError as error:
        messages.error(request, told(error))
    return HttpResponseRedirect(f"{reverse(side.name)}?{query}")


def forget(request: HttpRequest, side: Side, view_id: uuid.UUID) -> HttpResponse:
    """Remove a view of the person's own circle; 404 when there is none."""
    user: Any = request.user
    if not forget_view(page=PAGE, customer_id=user.customer_id, view_id=view_id):
        raise Http404
    return HttpResponseRedirect(f"{reverse(side.name)}?{asked_text(request, 'query')}")


def asked_question(request: HttpRequest, side: Side) -> Question:
    """The question in the address. Raises BadRequest (400)."""
    now = timezone.now().astimezone(UTC)
    try:
        return read_question(request.GET.dict(), now, dimensions=side.dimensions)
    except BadQuestion as error:
        raise BadRequest(told(error)) from error


def _choices(found: Explorer, side: Side) -> dict[str, list[tuple[str, Any]]]:
    """The options of each select, by the name of its member."""
    return {
        "unit": [(unit, explorer_words.UNITS[unit]) for unit in found.range.units],
        "compare": list(explorer_words.COMPARE.items()),
        "by": [(name, explorer_words.DIMENSIONS[name]) for name in side.dimensions],
        "sort": list(explorer_words.SORTS.items()),
        "top": [(str(top), str(top)) for top in TOPS],
    }


def _rows(found: Explorer) -> list[dict[str, Any]]:
    """The groups as the table shows them, with the name of each and what narrows the page to it."""
    by = found.question.by
    narrows = by in ("customer", "model", "provider", "region")
    return [
        {
            "name": explorer_words.label(by, row.group.label, row.group.name),
            "group": row.group, "before": row.before,
            "p95": (row.latency or {}).get(95),
            "narrow": {by: row.group.label} if narrows and row.group.label else None,
        }
        for row in found.rows
    ]  # fmt: skip


def _pictures(found: Explorer) -> dict[str, Any]:
    drawn = {
        "requests": pictures.requests_figure(found),
        "hit_rate": pictures.hit_rate_figure(found),
        "saved": pictures.saved_figure(found),
    }
    days = days_of(found.points, found.range)
    return {
        **drawn, "live": {name: live_data(figure, days) for name, figure in drawn.items()},
        "usage": found, "question": found.question, "customer": found.customer,
        "range_name": pictures.range_name(found.range),
        "by_name": explorer_words.DIMENSIONS[found.question.by],
        "most": max((row.group.lookups for row in found.rows), default=0),
        "pressed": [
            (name, sum(counts.values()),
             [(explorer_words.label("overflow", why), n) for why, n in sorted(counts.items())])
            for name, counts in found.outgrown
        ],
    }  # fmt: skip
