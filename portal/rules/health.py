"""How a live partner is doing: signals in, reasons out, worst first."""

from __future__ import annotations

from dataclasses import dataclass

WELL, WATCH, RISK = "well", "watch", "risk"
COSTS = {WATCH: 15, RISK: 40}
# Percent of requests against the 30 days before.
FALLING, COLLAPSING = -20.0, -50.0
# Percent of lookups answered; the channel set out for 75.
LOW_HITS = 50.0
OVERDUE_RISK_DAYS = 30
POC_ENDS_DAYS = 45
# Hits reported as wrong answers, in hundredths of a percent of all hits: 0.1 % may be.
ERROR_BUDGET_BPS = 10


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of one partner: requests of 30 days and of the 30 before, percent of hits,
    its oldest overdue invoice in days, what is overdue, days to the end of its proof of concept
    (None: in none), incidents open that concern it, hits reported as wrong answers (bps)."""

    requests: int = 0
    requests_before: int = 0
    hit_rate: float | None = None
    overdue_days: int = 0
    overdue_count: int = 0
    has_deal: bool = True
    poc_days_left: int | None = None
    incidents: int = 0
    wrong_bps: float = 0.0
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is wrong; `figure` fills its words (percent, days or a count)."""

    key: str
    level: str
    figure: float = 0.0


@dataclass(frozen=True, slots=True)
class Health:
    """`level` is the worst reason's."""

    level: str
    reasons: tuple[Reason, ...]

    @property
    def score(self) -> int:
        """100 with nothing against it; each reason costs COSTS of its level, never below 0."""
        return max(0, 100 - sum(COSTS[reason.level] for reason in self.reasons))


def health(seen: Signals) -> Health:
    """Everything that speaks against a partner, worst first; nothing is well."""
    found = [reason for reason in _reasons(seen) if reason is not None]
    order = sorted(found, key=lambda reason: reason.level != RISK)
    return Health(order[0].level if order else WELL, tuple(order))


def _reasons(seen: Signals) -> list[Reason | None]:
    return [
        None if seen.is_active else Reason("inactive", RISK),
        None if seen.has_deal else Reason("no_deal", RISK),
        _traffic(seen),
        _overdue(seen),
        _poc(seen),
        Reason("low_hits", WATCH, seen.hit_rate)
        if seen.hit_rate is not None and seen.hit_rate < LOW_HITS else None,
        Reason("wrong", RISK, seen.wrong_bps / 100) if seen.wrong_bps > ERROR_BUDGET_BPS else None,
        Reason("incidents", WATCH, seen.incidents) if seen.incidents else None,
    ]  # fmt: skip


def _traffic(seen: Signals) -> Reason | None:
    if not seen.requests:
        return Reason("silent", RISK)
    if not seen.requests_before:
        return None
    change = (seen.requests - seen.requests_before) * 100 / seen.requests_before
    if change > FALLING:
        return None
    return Reason("falling", RISK if change <= COLLAPSING else WATCH, -change)


def _overdue(seen: Signals) -> Reason | None:
    if not seen.overdue_count:
        return None
    level = RISK if seen.overdue_days > OVERDUE_RISK_DAYS else WATCH
    return Reason("overdue", level, seen.overdue_days)


def _poc(seen: Signals) -> Reason | None:
    left = seen.poc_days_left
    return Reason("poc_ends", WATCH, left) if left is not None and left <= POC_ENDS_DAYS else None
