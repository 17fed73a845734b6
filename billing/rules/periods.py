"""Billing periods: UTC months, half-open [start, end), cut only at whole hours."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from billing.rules.errors import BadPeriod, NotEnded
from tenants.rules.sayings import Said

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_HOUR = timedelta(hours=1)


def whole_hour(at: datetime, name: str = "instant") -> datetime:
    """Check that `at` is aware, UTC and on a full hour; returns it. Raises BadPeriod."""
    if at.tzinfo is None or at.utcoffset() != timedelta(0):
        raise BadPeriod(
            Said(
                "The %(name)s %(isoformat)s is not in UTC. Give it with +00:00.",
                name=name,
                isoformat=at.isoformat(),
            )
        )
    if at.minute or at.second or at.microsecond:
        raise BadPeriod(
            Said(
                "The %(name)s %(isoformat)s is not on a full UTC hour; usage is kept by the hour.",
                name=name,
                isoformat=at.isoformat(),
            )
        )
    return at.astimezone(UTC)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """`[start, end)` in whole UTC hours."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        whole_hour(self.start, "start")
        whole_hour(self.end, "end")
        if self.start >= self.end:
            raise BadPeriod(
                Said(
                    "The period %(start)s to %(end)s is empty or reversed.",
                    start=self.start,
                    end=self.end,
                )
            )

    @property
    def label(self) -> str:
        """`2026-10` for a whole month, else both instants."""
        if self == month_of(self.start):
            return f"{self.start:%Y-%m}"
        return f"{self.start:%Y-%m-%dT%HZ}/{self.end:%Y-%m-%dT%HZ}"

    @property
    def hours(self) -> int:
        """Whole hours from start to end."""
        return (self.end - self.start) // _HOUR

    def contains(self, at: datetime) -> bool:
        """The start belongs to the period, the end does not."""
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Segment:
    """Part `index` of a period between two boundaries, half-open."""

    index: int
    start: datetime
    end: datetime

    @property
    def hours(self) -> int:
        """Whole hours from start to end."""
        return (self.end - self.start) // _HOUR


def add_months(at: datetime, months: int) -> datetime:
    """`months` later at the same day and hour; a missing day becomes the month's last."""
    month0 = at.year * 12 + at.month - 1 + months
    year, month = divmod(month0, 12)
    if not 1 <= year <= 9998:
        raise BadPeriod(
            Said(
                "%(at)s plus %(months)s months lies outside the calendar.",
                at=f"{at:%Y-%m}",
                months=months,
            )
        )
    last = monthrange(year, month + 1)[1]
    return at.replace(year=year, month=month + 1, day=min(at.day, last))


def month_of(at: datetime) -> Period:
    """The UTC month that holds `at`."""
    first = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Period(first, add_months(first, 1))


def parse_month(text: str) -> Period:
    """`"2026-10"` → that UTC month. Raises BadPeriod for anything else."""
    found = _MONTH.fullmatch(text)
    if not found or int(found[1]) < 2000:
        raise BadPeriod(
            Said(
                "%(text)s is not a month. Write it as YYYY-MM, for example 2026-10.",
                text=f"{text!r}",
            )
        )
    return month_of(datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC))


def next_month(period: Period) -> Period:
    """The UTC month after the one in which the period starts."""
    return month_of(add_months(period.start, 1))


def previous_month(period: Period) -> Period:
    """The UTC month before the one in which the period starts."""
    return month_of(add_months(period.start, -1))


def require_ended(period: Period, now: datetime) -> None:
    """Raises NotEnded while usage of the period can still happen."""
    if now < period.end:
        raise NotEnded(
            Said(
                "%(label)s has not ended: it runs until %(end)s UTC. Settle it after that, or make "
                "a preview.",
                label=period.label,
                end=f"{period.end:%Y-%m-%d %H:%M}",
            )
        )


def segments(period: Period, boundaries: Iterable[datetime]) -> tuple[Segment, ...]:
    """Cut the period at the boundaries inside it, in order, without gap or overlap.

    Boundaries outside the period are ignored; one off the full hour raises BadPeriod.
    """
    inside = {whole_hour(at, "boundary") for at in boundaries}
    cuts = sorted(at for at in inside if period.start < at < period.end)
    edges = [period.start, *cuts, period.end]
    pairs = enumerate(pairwise(edges))
    return tuple(Segment(index, start, end) for index, (start, end) in pairs)
