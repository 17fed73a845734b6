"""One customer of the partner, page by page: what it is and uses, its invoices, its keys.

Its people are `team.of_customer`, its log is `audit.of_customer`.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.queries import customer_invoices
from billing.queries.receivables import months_of, open_sums, receivables
from billing.rules.periods import month_of
from cache_api.actions.retention import held_hours
from cache_api.queries import usage_summary
from cache_api.queries.key_activity import KeyCalls, calls_by_key
from portal.queries.plan_month import plan_month
from portal.views.asked import PAGE_SIZE, Pager, asked_month, asked_page, customer_at
from portal.views.paper_zips import papers_zip
from portal.words.retention import hours_text
from tenants import queries
from tenants.accounts.permissions import eyes, permission
from tenants.queries.people import count_customer_people
from tenants.rules import keys as key_rules


@permission("customers.view")
@require_safe
def overview(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Usage of 30 days, the month's cost and quota, what is open, billing facts."""
    row, now, partner_id = customer_at(customer_id), timezone.now(), _partner(request)
    money = eyes(request).may("invoices.view")
    return render(request, "partner/customer.html", {
        "customer": row, "usage": usage_summary(now - timedelta(days=30), now, row.pk),
        "month": plan_month(partner_id, row, now), "money": money,
        "open": open_sums(partner_id, row.pk) if money else [],
        "key_count": queries.api_keys_page(partner_id, row.external_id, limit=1)[1],
        "people_count": count_customer_people(row.pk), "kept": _kept(partner_id, row.external_id),
    })  # fmt: skip


def _kept(partner_id: uuid.UUID, external_id: str) -> str:
    """How long its answers live at most: its own time where that is the shorter one."""
    row, most = queries.retention(partner_id, external_id), held_hours(partner_id)
    return hours_text(min(row.hours if row and row.hours else most, most))


@permission("invoices.view")
@require_safe
def invoices(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Its invoices and credit notes, newest first, those of `?month=` alone; the sums above."""
    row, now, month = customer_at(customer_id), timezone.now(), asked_month(request)
    number, partner_id = asked_page(request), _partner(request)
    rows, total = customer_invoices(partner_id, row.pk, today=now.date(), month=month,
                                    limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)  # fmt: skip
    return render(request, "partner/customer_invoices.html", {
        "customer": row, "rows": rows, "pager": Pager(number, total), "month": month,
        "months": months_of(partner_id, customer_id=row.pk), "next_on": month_of(now).end,
        "sums": receivables(partner_id, today=now.date(), customer_id=row.pk, month=month),
        "zip_url": reverse("partner_customer_zip", args=[row.pk]),
    })  # fmt: skip


@permission("invoices.view")
@require_safe
def papers(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponseBase:
    """What that list shows, as a zip."""
    row = customer_at(customer_id)
    return papers_zip(request, reverse("partner_customer_invoices", args=[row.pk]),
                      partner_id=_partner(request), customer_id=row.pk)  # fmt: skip


@permission("customers.view")
@require_safe
def keys(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """The keys that serve it alone, newest first."""
    row, number, now = customer_at(customer_id), asked_page(request), timezone.now()
    found, total = queries.api_keys_page(_partner(request), row.external_id, limit=PAGE_SIZE,
                                         offset=(number - 1) * PAGE_SIZE)  # fmt: skip
    calls = calls_by_key(_partner(request), [one.id for one in found], now)
    rows = [
        (one, key_rules.state_of(revoked_at=one.revoked_at, expires_at=one.expires_at, now=now),
         None if calls is None else calls.get(one.id, KeyCalls()).requests)
        for one in found
    ]  # fmt: skip
    context = {"customer": row, "rows": rows, "pager": Pager(number, total)}
    return render(request, "partner/customer_keys.html", context)


def _partner(request: HttpRequest) -> uuid.UUID:
    return request.owner.partner_id  # type: ignore[attr-defined,no-any-return]
