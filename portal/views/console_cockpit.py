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
from portal.queries.cockpit import cockpit_facts
from tenants.accounts.permissions import permission


@permission("cockpit.view")
@require_safe
def cockpit(request: HttpRequest) -> HttpResponse:
    """Partners, money by month, traffic of 30 days, league table, who waits for whom."""
    now = timezone.now()
    facts = cockpit_facts(
        now=now, since=add_months(month_of(now).start, -13), currency=request.GET.get("currency")
    )
    return render(request, "console/cockpit.html", {
        "facts": facts, "now": now,
        "scoreboard": scoreboard(
            facts.live_figures.scenario, facts.earlier.scenario,
            (facts.traffic.hit_rate, facts.traffic_before.hit_rate),
            (facts.implementations, facts.implementations_goal), facts.wrong_bps),
        "money_chart": channel_pictures.money_by_month(facts.months, facts.currency),
        "requests_chart": channel_pictures.requests_by_day(
            traffic_days(days_with(now.date(), 30)), now.date()),
    })  # fmt: skip
