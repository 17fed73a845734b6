"""Scenarios as a chart and a table of goals, with their words; a what-if's sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules.planning.scenario import Scenario
from billing.rules.planning.targets import COUNT, FLAG, GOALS, MONEY, Goal, Value, Verdict
from billing.rules.planning.what_if import WhatIf
from portal.local import grouped, marked
from portal.rules.charts import Series
from portal.rules.figures import Axis, Figure, stacked_figure
from portal.rules.health import ERROR_BUDGET_BPS
from portal.templatetags.drilling import money_plain
from portal.templatetags.money import money_short
from portal.words.told import retold

# "Cache hit rate: 75 %+ (even on overflow traffic)".
HIT_RATE_GOAL = 75
GOAL_NAMES: dict[str, Any] = {
    "partners": gettext_lazy("Partners signed"),
    "partner_share": gettext_lazy("Partner-driven part of ARR"),
    "per_partner": gettext_lazy("Revenue per partner, a year"),
    "channel_arr": gettext_lazy("ARR from the partner channel"),
    "cloud": gettext_lazy("A cloud provider"),
    "llm": gettext_lazy("OpenAI or Anthropic"),
}


def arr_by_scenario(scenarios: Sequence[Scenario]) -> Figure:
    """ARR of each scenario, partners' and our own customers' apart."""
    figures = [one.metrics for one in scenarios]
    series = [
        Series(_("Partners"), tuple(float(m.partner_minor) for m in figures), "exact"),
        Series(_("Our own customers"), tuple(float(m.direct_minor) for m in figures), "semantic"),
    ]
    names = tuple(retold(one.name) for one in scenarios)
    short = tuple(name.partition(",")[0] for name in names)
    words = "; ".join(
        f"{name.partition(',')[0]} {money_plain(m.arr_minor, m.currency)}"
        for name, m in zip(names, figures, strict=True)
    )
    currency = figures[0].currency
    return stacked_figure(
        "scenarios", _("ARR by scenario"), f"{words}.", Axis(names, short, _("Scenario")), series,
        text=lambda value: money_short(round(value), currency) if value else "0",
    )  # fmt: skip


def goal_rows(scenarios: Sequence[Scenario]) -> list[dict[str, Any]]:
    """One row a goal: what is needed, then each scenario's value and whether it is met."""
    rows = []
    for goal in GOALS:
        cells = []
        for one in scenarios:
            found = next((v for v in one.verdicts if v.goal.key == goal.key), None)
            cells.append({"scenario": one, **_cell(found, one.currency)})
        rows.append({"name": GOAL_NAMES[goal.key], "needed": _needed(goal), "cells": cells})
    return rows


def scoreboard(
    live: Scenario, earlier: Scenario, hit_rates: tuple[float | None, float | None],
    adopted: tuple[int, int], wrong_bps: tuple[float | None, float | None] = (None, None),
) -> list[dict[str, Any]]:  # fmt: skip
    """One row a goal of the channel: what is needed, what is, and what was a quarter ago.

    `hit_rates`: percent now and 30 days before; `adopted`: SDK implementations and their goal;
    `wrong_bps`: answers called wrong of 10,000, now and 30 days before.
    """
    rows = [
        {"name": row["name"], "needed": row["needed"], "now": row["cells"][0],
         "before": row["cells"][1]["text"]}
        for row in goal_rows([live, earlier])
    ]  # fmt: skip
    rate, before = hit_rates
    rows.append({
        "name": _("Hit rate of the channel"), "needed": _at_least(f"{HIT_RATE_GOAL} %"),
        "now": {"text": _rate(rate), "met": None if rate is None else rate >= HIT_RATE_GOAL},
        "before": _("%(rate)s in the 30 days before") % {"rate": _rate(before)},
    })  # fmt: skip
    wrong, wrong_before = wrong_bps
    rows.append({
        "name": _("Answers reported as wrong"),
        "needed": _("%(value)s or less") % {"value": _part(ERROR_BUDGET_BPS)},
        "now": {"text": _part(wrong), "met": None if wrong is None else wrong <= ERROR_BUDGET_BPS},
        "before": _("%(rate)s in the 30 days before") % {"rate": _part(wrong_before)},
    })  # fmt: skip
    count, goal = adopted
    rows.append({
        "name": _("SDK implementations"), "needed": _at_least(f"{goal:,d}"),
        "now": {"text": f"{count:,d}", "met": count >= goal}, "before": "–",
    })  # fmt: skip
    return rows


def _rate(percent: float | None) -> str:
    return "–" if percent is None else marked(f"{percent:.1f}") + " %"


def _part(bps: float | None) -> str:
    return "–" if bps is None else marked(f"{bps / 100:.2f}") + " %"


def _at_least(value: str) -> str:
    return _("%(value)s or more") % {"value": value}


def _cell(verdict: Verdict | None, currency: str) -> dict[str, Any]:
    if verdict is None or verdict.actual is None:
        return {"text": "–", "met": None}
    return {"text": _value(verdict.goal, verdict.actual, currency), "met": verdict.met}


def _needed(goal: Goal) -> str:
    text = _value(goal, goal.needed, "USD")
    return _("at least one") if goal.form == FLAG else _at_least(text)


def _value(goal: Goal, value: Value, currency: str) -> str:
    if goal.form == FLAG:
        return _("yes") if value else _("no")
    if goal.form == COUNT:
        return grouped(int(value or 0))
    if goal.form == MONEY:
        return money_plain(int(value or 0), currency)
    return marked(f"{float(value or 0) * 100:.1f}".removesuffix(".0")) + " %"


def what_if_sums(answer: WhatIf) -> list[tuple[str, int, int, int]]:
    """(name, before, after, difference) of what is billed, ours, the partner's and not charged."""
    names = (
        ("gross_minor", _("Billed")), ("platform_minor", _("Our net")),
        ("partner_minor", _("Partner's share")),
        ("shadow_minor", _("Proof of concept, not charged")),
    )  # fmt: skip
    rows = []
    for key, name in names:
        before, after = getattr(answer.before, key), getattr(answer.after, key)
        if before or after or key != "shadow_minor":
            rows.append((name, before, after, after - before))
    return rows
