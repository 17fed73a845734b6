"""A partner's quarter: traffic and money by month, who asked most, how it stands (console)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from billing.models import AgreementVersion
from billing.rules.periods import Period
from cache_api.queries import top_customers
from cache_api.rules.reports import CustomerUsage
from portal.queries.account import has_schema
from portal.queries.channel import (
    Days,
    Money,
    Traffic,
    channel_money,
    deals_in_force,
    partner_traffic,
)
from portal.queries.pipeline import partner_health
from portal.rules.health import Health
from portal.rules.quarters import Quarter
from tenants import schema
from tenants.models import Partner

TOP = 5


@dataclass(frozen=True)
class Month:
    """Live lookups and rated money of one month; `is_final` when all of its runs are issued."""

    period: Period
    traffic: Traffic
    money: Money
    is_final: bool


@dataclass(frozen=True)
class Review:
    """Money in minor units of `currency`; `health` and `deal` are those of the moment asked."""

    partner: Partner
    quarter: Quarter
    currency: str
    months: tuple[Month, ...]
    before: tuple[Month, ...]
    top: tuple[CustomerUsage, ...]
    deal: AgreementVersion | None
    health: Health

    @property
    def total(self) -> tuple[Traffic, Money]:
        """The whole quarter."""
        return _sums(self.months)

    @property
    def total_before(self) -> tuple[Traffic, Money]:
        """The quarter before it."""
        return _sums(self.before)

    @property
    def is_final(self) -> bool:
        """Whether all its money is on issued papers."""
        return all(month.is_final for month in self.months)


def review(partner: Partner, quarter: Quarter, now: datetime) -> Review:
    """Sixteen queries at any size."""
    currency, money = _money(partner, quarter)
    months, before = (
        tuple(_month(partner, period, money) for period in one.months)
        for one in (quarter, quarter.before)
    )
    return Review(
        partner=partner, quarter=quarter, currency=currency, months=months, before=before,
        top=_top(partner, quarter), deal=deals_in_force(now).get(partner.id),
        health=partner_health([partner], now)[partner.id],
    )  # fmt: skip


def _money(partner: Partner, quarter: Quarter) -> tuple[str, dict[datetime, tuple[Money, bool]]]:
    """The currency in which most was billed, and the partner's money by month."""
    found = channel_money(quarter.before.start, partner.id)
    billed = {code: sum(one.total.gross_minor for one in rows) for code, rows in found.items()}
    chosen = max(billed, key=lambda code: billed[code], default="USD")
    return chosen, {one.period.start: (one.total, one.is_final) for one in found.get(chosen, ())}


def _month(
    partner: Partner, period: Period, money: dict[datetime, tuple[Money, bool]]
) -> Month:  # fmt: skip
    days = Days(period.start.date(), period.end.date())
    traffic = partner_traffic(days).get(partner.id, Traffic())
    return Month(period, traffic, *money.get(period.start, (Money(), not traffic.lookups)))


def _top(partner: Partner, quarter: Quarter) -> tuple[CustomerUsage, ...]:
    if not has_schema(partner):
        return ()
    with schema.in_partner(partner):
        return tuple(top_customers(quarter.start, quarter.end, limit=TOP))


def _sums(months: tuple[Month, ...]) -> tuple[Traffic, Money]:
    return (sum((one.traffic for one in months), Traffic()),
            sum((one.money for one in months), Money()))  # fmt: skip
