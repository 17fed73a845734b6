"""Planning on the console: projections with their goals, what-if re-rating, why a month differs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.gateways.scenario_files import shipped_scenarios
from billing.models import Agreement
from billing.queries.agreements import agreement_by_id
from billing.queries.channel_revenue import live_scenario
from billing.queries.re_rating import (
    PeriodInput,
    difference_of_preview,
    difference_to_last_month,
    period_input,
    re_rate,
)
from billing.queries.run_detail import run_by_id
from billing.rules.bridge import CAUSES, Bridge
from billing.rules.errors import BillingError
from billing.rules.money import round_minor
from billing.rules.periods import Period, month_of, parse_month, previous_month
from billing.rules.planning.what_if import Changes
from portal.forms.planning import WhatIfForm
from portal.pictures import planning as planning_pictures
from portal.views.or_404 import or_404
from portal.words.told import told
from tenants.accounts.permissions import permission

ROWS = 300


@permission("cockpit.view")
@require_safe
def projections(request: HttpRequest) -> HttpResponse:
    """The three scenarios of the strategy beside the live one: figures, goals, lines."""
    live = live_scenario(timezone.now())
    scenarios = [live.scenario, *shipped_scenarios()]
    return render(request, "console/projections.html", {
        "live": live, "scenarios": scenarios,
        "goals": planning_pictures.goal_rows(scenarios),
        "chart": planning_pictures.arr_by_scenario(scenarios),
    })  # fmt: skip


@permission("runs.view")
@require_safe
def what_if(request: HttpRequest, agreement_id: uuid.UUID) -> HttpResponse:
    """A past month under other terms; the address holds the whole question, nothing is written."""
    agreement = or_404(agreement_by_id(agreement_id))
    context: dict[str, Any] = {"agreement": agreement}
    try:
        period = _period(request.GET.get("month"), timezone.now())
        found = period_input(agreement_id, period)
        context |= {"period": period, "found": found}
        context |= _answer(request, found)
    except BillingError as error:
        context["problem"] = told(error)
    return render(request, "console/what_if.html", context)


def _answer(request: HttpRequest, found: PeriodInput) -> dict[str, Any]:
    asked = "ask" in request.GET
    form = WhatIfForm(request.GET if asked else None, run_input=found.run_input)
    context: dict[str, Any] = {"form": form, "currency": form.currency}
    if asked and not form.is_valid():
        return context
    changes = _changes(form) if asked else Changes()
    try:
        answer = re_rate(found, changes)
    except BillingError as error:
        return {**context, "problem": told(error)}
    rows = [line for line in answer.lines if line.before_minor or line.after_minor]
    return {**context, "answer": answer, "asked": changes.any, "rows": rows[:ROWS],
            "more": len(rows) - ROWS if len(rows) > ROWS else 0,
            "sums": planning_pictures.what_if_sums(answer)}  # fmt: skip


def _changes(form: WhatIfForm) -> Changes:
    """The form's values as changes; a value left as signed changes nothing."""
    given = form.changed()

    def minor(name: str) -> int | None:
        value = given.get(name)
        return None if value is None else round_minor(value, form.currency)

    return Changes(
        template=given.get("template"),
        share_bps=_bps(given.get("share")), factor_bps=_bps(given.get("factor")),
        base_yearly_minor=minor("base_yearly"), minimum_minor=minor("minimum"),
        unit_price=given.get("unit_price"), tie=given.get("tie"), prices=form.prices(),
    )  # fmt: skip


def _bps(percent: Decimal | None) -> int | None:
    return None if percent is None else int(percent * 100)


@permission("runs.view")
@require_safe
def difference(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Why a run's month differs from the one before; a part of the run's page."""
    run = or_404(run_by_id(run_id))
    period = Period(run.period_start, run.period_end)
    return _difference(request, lambda: difference_to_last_month(run), period, run.agreement)


@permission("runs.view")
@require_safe
def preview_difference(request: HttpRequest, agreement_id: uuid.UUID) -> HttpResponse:
    """The same for a preview of `?month=`."""
    agreement = or_404(agreement_by_id(agreement_id))
    try:
        period = _period(request.GET.get("month"), timezone.now())
    except BillingError as error:
        raise Http404 from error
    return _difference(
        request, lambda: difference_of_preview(agreement_id, period), period, agreement
    )


def _difference(
    request: HttpRequest, ask: Callable[[], Bridge | None], period: Period, agreement: Agreement
) -> HttpResponse:
    context: dict[str, Any] = {"period": period, "before": previous_month(period),
                               "agreement": agreement}  # fmt: skip
    try:
        found = ask()
        context |= {"bridge": found, "causes": _causes(found)}
    except BillingError as error:
        context["problem"] = told(error)
    part = request.headers.get("HX-Request") == "true"
    template = "console/parts/difference.html" if part else "console/difference.html"
    return render(request, template, context)


def _causes(found: Bridge | None) -> list[tuple[str, dict[str, int]]]:
    return [] if found is None else [(name, found.causes[name]) for name in CAUSES]


def _period(label: str | None, now: datetime) -> Period:
    return parse_month(label) if label else previous_month(month_of(now))
