"""The cockpit's numbers: one call, a constant number of queries (console)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.models import AgreementVersion, SettlementRun
from billing.queries.channel_revenue import Live, live_scenario
from billing.rules.planning.metrics import Metrics
from portal.queries.channel import (
    Days,
    Money,
    MonthMoney,
    Traffic,
    channel_money,
    days_up_to,
    days_with,
    deals_in_force,
    implementations,
    open_runs,
    partner_rows,
    partner_traffic,
)
from portal.queries.pipeline import partner_health, wrong_hits
from portal.rules.health import RISK
from tenants.models import Partner

WAITING, PARKED = "in_review", "parked"
DAYS = 30
# What the traffic of the chosen days is compared with: the days before, those of a year ago, none.
PREVIOUS, YEAR = "previous", "year"
COMPARE = (PREVIOUS, YEAR, "none")
# The scoreboard's trend: the same figures a quarter ago.
TREND = timedelta(days=90)
# Customers' applications with an SDK: what the channel set out to reach.
IMPLEMENTATIONS_GOAL = 1_000


@dataclass(frozen=True)
class LeagueRow:
    """One partner's place: traffic of the chosen days, money of the last final month.

    `trend` is its billed volume by month, oldest first; `part` its percent of the channel's;
    `implementations` its customers' applications that used an SDK in the last 30 days.
    """

    partner: Partner
    deal: AgreementVersion | None
    traffic: Traffic
    money: Money
    part: float
    trend: tuple[float, ...]
    implementations: int


@dataclass(frozen=True)
class Window:
    """The days that somebody chose, and those they are compared with (None: with none)."""

    days: Days
    traffic: Traffic
    before: Traffic | None


@dataclass(frozen=True)
class Cockpit:
    """What the cockpit shows; money in minor units of `currency`. `window` and the league's traffic
    are of the chosen days, all other traffic of the last 30 complete ones.

    `last` is the newest month whose runs are all issued, `before` the one before it, `review` the
    newest rated month that is not final, `earlier` the figures of a quarter ago. `wrong` are hits
    that feedback called wrong, in the days of `traffic`.
    """

    currency: str
    currencies: tuple[str, ...]
    partners: tuple[Partner, ...]
    signed: int
    live: int
    at_risk: int
    months: tuple[MonthMoney, ...]
    last: MonthMoney | None
    before: MonthMoney | None
    review: MonthMoney | None
    traffic: Traffic
    traffic_before: Traffic
    window: Window
    wrong: int
    wrong_before: int
    league: tuple[LeagueRow, ...]
    implementations: int
    waiting: tuple[SettlementRun, ...]
    parked: tuple[SettlementRun, ...]
    live_figures: Live
    earlier: Live

    @property
    def implementations_goal(self) -> int:
        """What `implementations` is to reach."""
        return IMPLEMENTATIONS_GOAL

    @property
    def opened(self) -> int:
        """Partners there are, signed or not; the house partner is none."""
        return sum(row.kind != Partner.Kind.DIRECT for row in self.partners)

    @property
    def wrong_bps(self) -> tuple[float | None, float | None]:
        """Answers called wrong of 10,000, now and in the days before; None: there were none."""
        return _of_hits(self.wrong, self.traffic), _of_hits(self.wrong_before, self.traffic_before)

    @property
    def largest_part(self) -> float:
        """Percent of what was billed that the three largest partners bring: concentration."""
        return sum(row.part for row in self.league[:3])

    @property
    def failed(self) -> tuple[Partner, ...]:
        """Partners whose opening failed."""
        return tuple(row for row in self.partners if row.state == Partner.State.FAILED)

    @property
    def metrics(self) -> Metrics:
        """ARR, the partners' part of it and revenue per partner, as planning defines them."""
        return self.live_figures.scenario.metrics

    @property
    def driven(self) -> float | None:
        """Percent of ARR that partners drive; the rest is our own customers."""
        share = self.metrics.partner_share
        return None if share is None else float(share * 100)


def cockpit_facts(
    *, now: datetime, since: datetime, currency: str | None, length: int = DAYS,
    compare: str = PREVIOUS,
) -> Cockpit:  # fmt: skip
    """The channel at `now`, money from `since` on: 28 queries, and two for other days than 30 or
    another comparison.

    `currency` chooses among the channel's; by default (or when it has none) the largest. `length`
    are the days shown, `compare` is one of COMPARE.
    """
    days = days_up_to(now.date(), DAYS)
    traffic, earlier = partner_traffic(days), partner_traffic(days.before)
    money, deals, partners = channel_money(since), deals_in_force(now), tuple(partner_rows())
    chosen_days = days_up_to(now.date(), length)
    shown = traffic if length == DAYS else partner_traffic(chosen_days)
    selling = [row for row in partners if row.kind != Partner.Kind.DIRECT]
    chosen = _currency(money, currency)
    months = tuple(money.get(chosen, ()))
    final = [month for month in months if month.is_final]
    last = final[-1] if final else None
    runs = open_runs((WAITING, PARKED))
    adopted = implementations(days_with(now.date(), DAYS - 1))
    return Cockpit(
        currency=chosen, currencies=tuple(sorted(money)), partners=partners,
        signed=sum(row.id in deals for row in selling),
        live=sum(bool(traffic[row.id].lookups) for row in selling if row.id in traffic),
        at_risk=sum(one.level == RISK for one in partner_health(selling, now).values()),
        months=months, last=last, before=final[-2] if len(final) > 1 else None,
        review=months[-1] if months and not months[-1].is_final else None,
        traffic=_sum(traffic), traffic_before=_sum(earlier),
        wrong=sum(wrong_hits(days).values()), wrong_before=sum(wrong_hits(days.before).values()),
        window=_window(chosen_days, shown, compare, earlier),
        league=_league(partners, deals, shown, months, last, adopted),
        implementations=sum(adopted.values()),
        waiting=tuple(run for run in runs if run.state == WAITING),
        parked=tuple(run for run in runs if run.state == PARKED),
        live_figures=live_scenario(now, chosen),
        earlier=live_scenario(now - TREND, chosen),
    )  # fmt: skip


def _window(
    days: Days, traffic: dict[uuid.UUID, Traffic], compare: str, earlier: dict[uuid.UUID, Traffic]
) -> Window:
    """`earlier` is the traffic before the last 30 days, which is known already."""
    before: dict[uuid.UUID, Traffic] | None = None
    if compare == YEAR:
        before = partner_traffic(days.year_before)
    elif compare == PREVIOUS:
        before = earlier if days.length == DAYS else partner_traffic(days.before)
    return Window(days, _sum(traffic), None if before is None else _sum(before))


def _sum(traffic: dict[uuid.UUID, Traffic]) -> Traffic:
    return sum(traffic.values(), Traffic())


def _of_hits(wrong: int, traffic: Traffic) -> float | None:
    answers = wrong + traffic.hits  # what was called wrong is taken off the hits
    return wrong * 10_000 / answers if answers else None


def _currency(money: dict[str, list[MonthMoney]], wanted: str | None) -> str:
    if wanted is not None and wanted in money:
        return wanted
    volume = {code: sum(m.total.gross_minor for m in months) for code, months in money.items()}
    return max(volume, key=lambda code: volume[code], default="USD")


def _league(
    partners: Sequence[Partner], deals: dict[uuid.UUID, AgreementVersion],
    traffic: dict[uuid.UUID, Traffic], months: Sequence[MonthMoney], last: MonthMoney | None,
    adopted: dict[uuid.UUID, int],
) -> tuple[LeagueRow, ...]:  # fmt: skip
    whole = last.total.gross_minor if last else 0
    rows = []
    for partner in partners:
        money = last.by_partner.get(partner.id, Money()) if last else Money()
        rows.append(LeagueRow(
            partner, deals.get(partner.id), traffic.get(partner.id, Traffic()), money,
            money.gross_minor * 100 / whole if whole else 0.0,
            tuple(m.by_partner.get(partner.id, Money()).gross_minor / 100 for m in months),
            adopted.get(partner.id, 0),
        ))  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (-row.money.gross_minor, row.partner.name)))
