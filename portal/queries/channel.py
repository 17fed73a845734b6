"""What the console reads across all partners: traffic, money and who waits for whom.

Every function runs in the console's scope and asks a constant number of queries. Traffic is live
traffic only, in UTC days; amounts are minor units of the currency named beside them.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from billing.models import AgreementVersion, SettlementRun
from billing.queries.control_room import COUNTED
from billing.rules.periods import Period, month_of
from cache_api.metering.models import ChannelDay, Implementation
from cache_api.rules.corrections import TAKEN_BACK, UNUSED, WRONG
from tenants.models import BrandRevision, Domain, Partner

_HITS = ("hit", "semantic_hit")
_MONEY = ("gross_minor", "net_minor", "share_minor", "tax_minor", "fees_minor")
_FINAL = ("issued", "delivered", "closed")


@dataclass(frozen=True)
class Days:
    """Whole UTC days [start, end)."""

    start: date
    end: date

    @property
    def before(self) -> Days:
        """As many days just before."""
        return Days(self.start - (self.end - self.start), self.start)

    @property
    def year_before(self) -> Days:
        """The same weekdays 52 weeks earlier."""
        year = timedelta(weeks=52)
        return Days(self.start - year, self.end - year)

    @property
    def length(self) -> int:
        """How many days."""
        return (self.end - self.start).days


def days_up_to(today: date, count: int) -> Days:
    """The last `count` complete days before `today`."""
    return Days(today - timedelta(days=count), today)


def days_with(today: date, count: int) -> Days:
    """The last `count` complete days and `today`, which is still filling."""
    return Days(today - timedelta(days=count), today + timedelta(days=1))


@dataclass(frozen=True)
class Traffic:
    """Lookups of some days: how many, how many answered from the cache, what models were spared."""

    lookups: int = 0
    hits: int = 0
    cost_saved_micros: int = 0

    @property
    def hit_rate(self) -> float | None:
        """Percent of lookups answered from the cache; None without lookups."""
        return self.hits * 100 / self.lookups if self.lookups else None

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.lookups + other.lookups, self.hits + other.hits,
            self.cost_saved_micros + other.cost_saved_micros,
        )  # fmt: skip


@dataclass(frozen=True)
class TrafficDay:
    """One UTC day of one partner, or of all partners together."""

    day: date
    hits: int
    semantic_hits: int
    misses: int


@dataclass(frozen=True)
class Money:
    """Sums of runs: gross = net (ours) + share (partners') + tax + fees."""

    gross_minor: int = 0
    net_minor: int = 0
    share_minor: int = 0
    tax_minor: int = 0
    fees_minor: int = 0

    def __add__(self, other: Money) -> Money:
        return Money(*(getattr(self, name) + getattr(other, name) for name in _MONEY))


@dataclass
class MonthMoney:
    """One month of one currency. `is_final` when every run of it is issued."""

    period: Period
    is_final: bool = True
    by_partner: dict[uuid.UUID, Money] = field(default_factory=dict)

    @property
    def total(self) -> Money:
        """All partners together."""
        return sum(self.by_partner.values(), Money())


def partner_traffic(days: Days) -> dict[uuid.UUID, Traffic]:
    """Live lookups by partner; partners without traffic are absent. One query."""
    rows = (
        _lookups(days)
        .values("partner_id")
        .annotate(
            lookups=Coalesce(Sum("quantity", filter=Q(kind="lookup")), 0),
            hits=_sum("quantity", _HITS) - _sum("quantity", TAKEN_BACK),
            saved=_sum("cost_saved_micros", _HITS) - _sum("cost_saved_micros", TAKEN_BACK),
        )
    )
    return {
        row["partner_id"]: Traffic(int(row["lookups"]), int(row["hits"]), int(row["saved"]))
        for row in rows
    }


def implementations(days: Days) -> dict[uuid.UUID, int]:
    """Customers' applications that used an SDK in these days, by partner. One query."""
    rows = Implementation.objects.filter(last_day__gte=days.start, first_day__lt=days.end)
    counted = rows.values("partner_id").annotate(count=Count("*"))
    return {row["partner_id"]: row["count"] for row in counted}


def traffic_days(days: Days, partner_id: uuid.UUID | None = None) -> list[TrafficDay]:
    """One entry per day, empty ones included. One query."""
    rows = _lookups(days)
    if partner_id is not None:
        rows = rows.filter(partner_id=partner_id)
    sums: dict[date, dict[str, int]] = {}
    for row in rows.values("day", "outcome").annotate(sum=Sum("quantity")):
        sums.setdefault(row["day"], {})[row["outcome"]] = int(row["sum"])
    every = [days.start + timedelta(days=n) for n in range((days.end - days.start).days)]
    return [_traffic_day(day, sums.get(day, {})) for day in every]


def _traffic_day(day: date, found: dict[str, int]) -> TrafficDay:
    """A hit that feedback took back counts as a miss; so does a stale one, which is not billed."""
    back = {one: found.get(WRONG[one], 0) + found.get(UNUSED[one], 0) for one in _HITS}
    left = {outcome: found.get(outcome, 0) - back[outcome] for outcome in _HITS}
    misses = found.get("miss", 0) + found.get("stale", 0) + sum(back.values())
    return TrafficDay(day, left["hit"], left["semantic_hit"], misses)


def _sum(what: str, outcomes: Sequence[str]) -> Any:
    return Coalesce(Sum(what, filter=Q(outcome__in=outcomes)), 0)


def channel_money(
    since: datetime, partner_id: uuid.UUID | None = None
) -> dict[str, list[MonthMoney]]:  # fmt: skip
    """Rated months from `since` on by currency, oldest first; of one partner or all. One query.

    A month counts what is rated; it is final when all its runs are issued.
    """
    mine = Q() if partner_id is None else Q(partner_id=partner_id)
    rows = (
        SettlementRun.objects.filter(mine, period_start__gte=since)
        .exclude(currency="")
        .values("currency", "period_start", "partner_id")
        .annotate(
            unissued=Count("id", filter=~Q(state__in=_FINAL)),
            **{name: Coalesce(Sum(name, filter=Q(state__in=COUNTED)), 0) for name in _MONEY},
        )
        .order_by("currency", "period_start")
    )
    found: dict[str, dict[datetime, MonthMoney]] = {}
    for row in rows:
        months = found.setdefault(row["currency"], {})
        month = months.setdefault(row["period_start"], MonthMoney(month_of(row["period_start"])))
        month.is_final = month.is_final and not row["unissued"]
        sums: dict[str, Any] = dict(row)
        month.by_partner[row["partner_id"]] = Money(*(int(sums[name]) for name in _MONEY))
    return {currency: list(months.values()) for currency, months in found.items()}


def deals_in_force(at: datetime) -> dict[uuid.UUID, AgreementVersion]:
    """Each partner's approved version in force at `at`, with its agreement. One query."""
    rows = AgreementVersion.objects.select_related("agreement").filter(
        Q(valid_to=None) | Q(valid_to__gt=at), valid_from__lte=at, approved_at__isnull=False
    )
    return {row.partner_id: row for row in rows}


def partner_rows() -> list[Partner]:
    """Every partner by name, with job and hosts. Two queries."""
    return list(Partner.objects.select_related("job").prefetch_related("domains").order_by("name"))


def partners_page(
    search: str, state: str, *, limit: int, offset: int
) -> tuple[list[Partner], int, int]:
    """Partners by name of which `search` is in name, slug or host; how many so, and how many are.

    At most four queries.
    """
    found = Partner.objects.order_by("name")
    if state:
        found = found.filter(state=state)
    if search:
        hosts = Domain.objects.filter(domain__icontains=search).values("tenant_id")
        found = found.filter(
            Q(name__icontains=search) | Q(slug__icontains=search) | Q(pk__in=hosts)
        )
    rows = found.prefetch_related("domains")[offset : offset + limit]
    return list(rows), found.count(), Partner.objects.count()


def open_runs(states: Sequence[str]) -> list[SettlementRun]:
    """Runs in these states with agreement, oldest month first. One query."""
    return list(
        SettlementRun.objects.filter(state__in=states)
        .select_related("agreement")
        .order_by("period_start", "agreement__name")
    )


def earlier_open_months(period: Period) -> dict[uuid.UUID, datetime]:
    """By agreement, the start of its oldest month before `period` that is not issued. One query."""
    rows = (
        SettlementRun.objects.filter(period_start__lt=period.start, issued_at=None)
        .order_by("-period_start")
        .values_list("agreement_id", "period_start")
    )
    return dict(rows)


def agreement_versions(partner_id: uuid.UUID) -> list[AgreementVersion]:
    """A partner's versions with agreement and components, newest first. Two queries."""
    return list(
        AgreementVersion.objects.filter(partner_id=partner_id)
        .select_related("agreement")
        .prefetch_related("components")
        .order_by("-valid_from", "-number")
    )


def partner_runs(partner_id: uuid.UUID, limit: int) -> list[SettlementRun]:
    """A partner's runs, newest month first. One query."""
    return list(
        SettlementRun.objects.filter(partner_id=partner_id)
        .select_related("agreement")
        .order_by("-period_start", F("opened_at").desc())[:limit]
    )


def published_brand(partner_id: uuid.UUID) -> BrandRevision | None:
    """What the partner's pages show now. One query."""
    return BrandRevision.objects.filter(
        partner_id=partner_id, state=BrandRevision.State.PUBLISHED
    ).first()


def _lookups(days: Days) -> QuerySet[ChannelDay]:
    return ChannelDay.objects.filter(
        day__gte=days.start, day__lt=days.end, livemode=True, kind__in=("lookup", "feedback")
    )
