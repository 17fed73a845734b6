"""The channel cockpit: the whole partner channel on one page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.rules.periods import add_months, month_of
from portal.pictures import channel as channel_pictures
from portal.pictures.planning import scoreboard
from portal.queries.channel import days_with, traffic_days
from portal.queries.cockpit import COMPARE, PREVIOUS, cockpit_facts
from portal.views.asked import not_one_of
from tenants.accounts.permissions import permission

RANGES = {"7d": 7, "30d": 30, "90d": 90}  # complete UTC days
DEFAULT = "30d"


@permission("cockpit.view")
@require_safe
def cockpit(request: HttpRequest) -> HttpResponse:
    """Partners, money by month, traffic by day, league table, who waits for whom: `?currency=`,
    `?range=` (RANGES), `?compare=`."""
    now = timezone.now()
    shown, compare = request.GET.get("range", DEFAULT), request.GET.get("compare", PREVIOUS)
    if shown not in RANGES:
        raise not_one_of("range", shown, RANGES)
    if compare not in COMPARE:
        raise not_one_of("compare", compare, COMPARE)
    facts = cockpit_facts(
        now=now, since=add_months(month_of(now).start, -13), currency=request.GET.get("currency"),
        length=RANGES[shown], compare=compare,
    )  # fmt: skip
    return render(request, "console/cockpit.html", {
        "facts": facts, "now": now, "ranges": RANGES, "shown": shown, "compare": compare,
        "scoreboard": scoreboard(
            facts.live_figures.scenario, facts.earlier.scenario,
            (facts.traffic.hit_rate, facts.traffic_before.hit_rate),
            (facts.implementations, facts.implementations_goal), facts.wrong_bps),
        "money_chart": channel_pictures.money_by_month(facts.months, facts.currency),
        "requests_chart": channel_pictures.requests_by_day(
            traffic_days(days_with(now.date(), RANGES[shown])), now.date()),
    })  # fmt: skip
