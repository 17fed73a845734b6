"""The month control room: where every agreement stands, start the runs, approve the clean set."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from billing import queries as billing
from billing.actions.open_runs import settle_period
from billing.actions.preview import buyer_names, preview_run
from billing.actions.review import approve_runs
from billing.queries import RoomRow
from billing.queries.agreements import agreement_by_id
from billing.rules.errors import BillingError
from billing.rules.periods import Period, month_of, next_month, parse_month, previous_month
from billing.rules.runs import waits_for_person
from portal.queries.channel import earlier_open_months
from portal.rules.run_steps import approval_split, is_working, step_cells
from portal.views.console_partners import actor
from portal.views.or_404 import or_404
from portal.words.told import told
from tenants.accounts.permissions import permission

SHOWN = 200  # papers of a preview
QUIET = timedelta(seconds=30)  # nothing moved for so long: say so instead of spinning


@permission("runs.view")
@require_safe
def finance(request: HttpRequest) -> HttpResponse:
    """One month: agreements × steps, totals, exceptions. htmx asks again while runs work."""
    now = timezone.now()
    try:
        period = _period(request.GET.get("month"), now)
    except BillingError as error:
        messages.error(request, told(error))
        period = previous_month(month_of(now))
    room = billing.control_room(period)
    earlier = earlier_open_months(period)
    waiting = [(f"{row.run_id}:{row.attempt}", row.preparer) for row in room.waiting]
    for_me, mine = approval_split(waiting, actor(request))
    working = [row for row in room.rows if is_working(row.state, row.reason, row.opened_by)]
    stalled = [row for row in working if _is_quiet(row, now)]
    return render(request, "console/finance.html", {
        "room": room, "period": period, "months": _months(period, now),
        "rows": [_cells(row, earlier) for row in room.rows],
        "is_final": _all_issued(room.rows),
        "for_me": for_me, "mine": mine, "working": len(working),
        "stalled": len(stalled), "startable": _startable(room.rows, earlier, stalled),
        "ended": period.end <= now,
        "issued_count": sum(row.state in ("issued", "delivered", "closed") for row in room.rows),
    })  # fmt: skip


@permission("runs.prepare")
@require_POST
def start_month(request: HttpRequest) -> HttpResponse:
    """Open a run per agreement and queue it; the workers do the rest."""
    label = request.POST.get("month", "")
    try:
        opened = settle_period(period=parse_month(label), actor=actor(request), now=timezone.now())
    except BillingError as error:
        messages.error(request, told(error))
        return _to_month(label)
    begun = sum(is_working(run.state, run.reason, run.opened_by) for run in opened.runs)
    messages.success(request, ngettext(
        "%(count)d run of %(month)s is under way.", "%(count)d runs of %(month)s are under way.",
        begun) % {"count": begun, "month": label})  # fmt: skip
    for agreement, why in opened.refused:
        messages.warning(
            request, _("%(name)s was not begun. %(why)s") % {"name": agreement.name, "why": why}
        )
    return _to_month(label)


@permission("runs.approve")
@require_POST
def approve_month(request: HttpRequest) -> HttpResponse:
    """Approve, as one set, the runs this person saw: `run` is `<id>:<attempt>`, once each."""
    label = request.POST.get("month", "")
    seen = _seen(request.POST.getlist("run"))
    if seen is None:
        raise BadRequest(_("The chosen runs could not be read. Reload the control room."))
    try:
        runs = approve_runs(run_ids=list(seen), actor=actor(request), now=timezone.now(),
                            attempts=seen)  # fmt: skip
    except BillingError as error:
        messages.error(request, told(error))
    else:
        messages.success(request, ngettext(
            "%(count)d run approved. Its documents are being issued.",
            "%(count)d runs approved as one set. Their documents are being issued.",
            len(runs)) % {"count": len(runs)})  # fmt: skip
    return _to_month(label)


@permission("runs.view")
@require_safe
def preview(request: HttpRequest, agreement_id: uuid.UUID) -> HttpResponse:
    """What a run would come to now. Nothing is written; a running month is an estimate."""
    agreement = or_404(agreement_by_id(agreement_id))
    now = timezone.now()
    context: dict[str, Any] = {"agreement": agreement, "now": now}
    try:
        period = _period(request.GET.get("month"), now)
        found = preview_run(agreement_id=agreement_id, period=period)
    except BillingError as error:
        context["problem"] = told(error)
    else:
        # The partner's own first: of customers there may be any number.
        shown = sorted(found.papers, key=lambda one: one.customer_id is not None)[:SHOWN]
        context |= {
            "period": period, "ended": period.end <= now, "totals": found.totals,
            "papers": list(zip(shown, buyer_names(found, shown), strict=True)),
            "more": len(found.papers) - len(shown),
            "line_count": found.line_count, "input_sha256": found.input_sha256,
        }  # fmt: skip
    return render(request, "console/preview.html", context)


def _period(label: str | None, now: datetime) -> Period:
    """The month asked for, by default the last one that ended. Raises BadPeriod."""
    return parse_month(label) if label else previous_month(month_of(now))


def _months(period: Period, now: datetime) -> dict[str, Any]:
    """The switcher: settled months, the last ended and the running one; neighbours of `period`."""
    running = month_of(now)
    known = {found for found, _, _ in billing.settled_months()}
    known |= {period, running, previous_month(running)}
    following = next_month(period)
    return {
        "all": sorted(known, reverse=True), "previous": previous_month(period),
        "next": following if following.start <= running.start else None,
    }  # fmt: skip


def _cells(row: RoomRow, earlier: dict[uuid.UUID, datetime]) -> dict[str, Any]:
    waits = waits_for_person(row.state, row.reason, row.opened_by)
    not_begun = row.state == "not_started"
    return {
        "row": row, "cells": step_cells(row.state, waits=waits),
        "sent_back": waits and bool(row.reason), "to_submit": waits and not row.reason,
        "waits_for": earlier.get(row.agreement_id) if not_begun else None,
    }  # fmt: skip


def _startable(
    rows: tuple[RoomRow, ...], earlier: dict[uuid.UUID, datetime], stalled: list[RoomRow]
) -> int:
    """How many agreements `start_month` moves: not begun, to submit, sent back, parked, stalled."""
    idle = [row for row in rows if row.agreement_id not in earlier]
    fresh = sum(row.state in ("not_started", "parked") for row in idle)
    waiting = sum(waits_for_person(row.state, row.reason, row.opened_by) for row in idle)
    return fresh + waiting + sum(row.state != "approved" for row in stalled)


def _all_issued(rows: tuple[RoomRow, ...]) -> bool:
    return bool(rows) and all(row.state in ("issued", "delivered", "closed") for row in rows)


def _is_quiet(row: RoomRow, now: datetime) -> bool:
    return row.changed_at is not None and now - row.changed_at > QUIET


def _seen(pairs: list[str]) -> dict[uuid.UUID, int] | None:
    try:
        split = [pair.split(":") for pair in pairs]
        return {uuid.UUID(run): int(attempt) for run, attempt in split}
    except ValueError:
        return None


def _to_month(label: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('console_finance')}?{urlencode({'month': label})}")
