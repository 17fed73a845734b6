"""Which rollups a period is read from: hours where it is short, days, months in its middle. Pure.

Hours live for a while, days and months for ever (`HOURS_KEPT_MONTHS`); what is older than hours is
read by the day, however short.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cache_api.rules.windows import DAY, HOUR, day_of, hour_of, month_of

DAYS_ABOVE = timedelta(days=7)
HOURS_KEPT_MONTHS = 25


class HoursGone(Exception):
    """What only hours tell is asked of a time whose hours are no longer kept."""


@dataclass(frozen=True)
class Span:
    """Whole buckets of one unit, [start, end)."""

    unit: Literal["hour", "day", "month"]
    start: datetime
    end: datetime


def hours_from(now: datetime) -> datetime:
    """From when on usage is told by the hour: the first instant of the month 25 months ago."""
    first = month_of(now)
    months = first.year * 12 + first.month - 1 - HOURS_KEPT_MONTHS
    return first.replace(year=months // 12, month=months % 12 + 1)


def span_of(start: datetime, end: datetime, kept_from: datetime) -> Span:
    """The whole hours that a period overlaps; whole days where it is longer than seven, or begins
    before `kept_from`, when hours begin."""
    if end - start > DAYS_ABOVE or start < kept_from:
        return Span("day", day_of(start), _up(day_of(end), end, DAY))
    return Span("hour", hour_of(start), _up(hour_of(end), end, HOUR))


def with_months(span: Span) -> tuple[Span, ...]:
    """The same in order of time, its whole calendar months as months; nothing of an empty one."""
    if span.start >= span.end:
        return ()
    first, last = _up(month_of(span.start), span.start, None), month_of(span.end)
    if span.unit == "hour" or first >= last:
        return (span,)
    parts = (
        Span("day", span.start, first), Span("month", first, last), Span("day", last, span.end),
    )  # fmt: skip
    return tuple(one for one in parts if one.start < one.end)


def _up(floor: datetime, at: datetime, step: timedelta | None) -> datetime:
    """The bucket's start where `at` is it, else the next one's; `step` None for months."""
    if floor == at:
        return floor
    return month_of(floor + timedelta(days=31)) if step is None else floor + step
