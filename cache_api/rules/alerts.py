"""When an alert fires. Pure: figures in, at most one firing a period and step out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from tenants.rules.sayings import Said

STEPS = (100, 80, 50)  # percent of a budget; the highest that is reached is told
FORECAST = "forecast"
FORECAST_FROM = Decimal("0.1")  # of the month: before, a forecast is a guess
ENOUGH = 100  # lookups, below which a rate or a percentile says nothing
LIMITS: dict[str, tuple[Decimal, Decimal]] = {
    "budget": (Decimal("0.01"), Decimal(10**12)),
    "hit_rate": (Decimal(1), Decimal(100)),
    "latency": (Decimal("0.01"), Decimal(600_000)),
    "quota": (Decimal(1), Decimal(100)),
}


class BadAlert(ValueError):
    """An alert that can not be watched; `field` names the member."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True)
class Fired:
    """One reason to tell people: `period` such as 2026-10 or 2026-10-05, `step` within it."""

    period: str
    step: str
    value: str


@dataclass(frozen=True)
class Rate:
    """Lookups of a window and how many of them hit."""

    lookups: int
    hits: int

    @property
    def percent(self) -> Decimal:
        """The hit rate in percent."""
        return Decimal(100) * self.hits / self.lookups


@dataclass(frozen=True)
class QuotaUse:
    """How much of a customer's quota of a day or month (`span`) is used."""

    customer: str
    span: str
    used: int
    limit: int


def checked_limit(kind: str, limit: Decimal) -> Decimal:
    """The limit of an alert in its unit. Raises BadAlert."""
    if kind not in LIMITS:
        raise BadAlert(
            "kind",
            Said(
                "%(kind)s is not watched: use one of %(limits)s.",
                kind=f"{kind!r}",
                limits=", ".join(LIMITS),
            ),
        )
    least, most = LIMITS[kind]
    if not limit.is_finite() or not least <= limit <= most:
        raise BadAlert(
            "limit", Said("Use a number from %(least)s to %(most)s.", least=least, most=most)
        )
    return limit


def month_of(now: datetime) -> str:
    """The UTC month of an instant, such as 2026-10."""
    return f"{now.astimezone(UTC):%Y-%m}"


def day_of(now: datetime) -> str:
    """The UTC day of an instant, such as 2026-10-05."""
    return f"{now.astimezone(UTC):%Y-%m-%d}"


def budget(spent: Decimal, elapsed: Decimal, limit: Decimal, now: datetime) -> list[Fired]:
    """Money of the month so far against its budget; `elapsed` is the part of it that is over.

    The highest of STEPS that is reached, and `forecast` when the month heads beyond the budget.
    """
    period = month_of(now)
    reached = next((step for step in STEPS if spent * 100 >= limit * step), None)
    found = [] if reached is None else [Fired(period, f"{reached} %", f"{spent:.2f}")]
    if reached != 100 and elapsed >= FORECAST_FROM:
        forecast = spent / elapsed
        if forecast >= limit:
            found.append(Fired(period, FORECAST, f"{forecast:.2f}"))
    return found


def hit_rate(recent: Rate, before: Rate, limit: Decimal, now: datetime) -> list[Fired]:
    """A fall by at least `limit` percentage points against the days before, once a day."""
    if min(recent.lookups, before.lookups) < ENOUGH:
        return []
    if before.percent - recent.percent < limit:
        return []
    return [Fired(day_of(now), "drop", f"{recent.percent:.1f} % after {before.percent:.1f} %")]


def latency(p95_us: int | None, hits: int, limit_ms: Decimal, now: datetime) -> list[Fired]:
    """The 95th percentile of hits above `limit_ms`, once a day."""
    if p95_us is None or hits < ENOUGH or Decimal(p95_us) / 1000 <= limit_ms:
        return []
    return [Fired(day_of(now), "p95", f"{Decimal(p95_us) / 1000:.1f} ms")]


def quota(uses: Sequence[QuotaUse], percent: Decimal, now: datetime) -> list[Fired]:
    """Each customer whose day or month has used `percent` of its quota, and again at all of it."""
    found = []
    for use in uses:
        share = Decimal(100) * use.used / use.limit if use.limit else Decimal(100)
        reached = next((step for step in (Decimal(100), percent) if share >= step), None)
        if reached is not None:
            period = day_of(now) if use.span == "day" else month_of(now)
            step = f"{reached.normalize():f} % of the {use.span}"
            named = f"{use.customer[:200]}: {step}"
            found.append(Fired(period, named, f"{use.used} of {use.limit}"))
    return found
