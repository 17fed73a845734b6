"""The time range of a page: named windows in UTC, whole buckets, and one to compare with."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from cache_api.rules.spans import hours_from
from tenants.rules.sayings import Said

Granularity = Literal["hour", "day", "week", "month"]
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
# Length, how far back the window compared with lies (whole weeks: weekdays meet weekdays), buckets.
WINDOWS: dict[str, tuple[timedelta, timedelta, Granularity]] = {
    "24h": (DAY, WEEK, "hour"),
    "7d": (WEEK, WEEK, "hour"),
    "30d": (30 * DAY, 5 * WEEK, "day"),
    "90d": (90 * DAY, 13 * WEEK, "day"),
}
DEFAULT = "30d"
CHOICES = (*WINDOWS, "13m")
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")
_DAYS = re.compile(r"(20\d\d-\d\d-\d\d)\.\.(20\d\d-\d\d-\d\d)")
LONGEST = timedelta(days=400)
# Of which lengths a chart can show which buckets: not one alone, and not too many to tell apart.
UNITS: dict[Granularity, tuple[timedelta, timedelta]] = {
    "hour": (HOUR, 8 * DAY),
    "day": (2 * DAY, 100 * DAY),
    "week": (3 * WEEK, LONGEST),
    "month": (45 * DAY, LONGEST),
}
COMPARE = ("previous", "year", "none")


class BadRange(ValueError):
    """A range that no page offers."""


@dataclass(frozen=True)
class Range:
    """A half-open window [start, end) of whole buckets; the last one may still be filling.

    `before` is an earlier window of equal length, on the same weekdays where there are days, or
    an empty one where nothing can be compared. `key` is what the address carries: one of CHOICES,
    a month as YYYY-MM, or two days as YYYY-MM-DD..YYYY-MM-DD (both inclusive).
    """

    key: str
    start: datetime
    end: datetime
    granularity: Granularity
    before: tuple[datetime, datetime]
    now: datetime

    @property
    def is_month(self) -> bool:
        """Whether this is one calendar month rather than a window up to now."""
        return _MONTH.fullmatch(self.key) is not None

    @property
    def units(self) -> tuple[Granularity, ...]:
        """The buckets that a chart of this length can have; no hours where they are not kept."""
        length, first = self.end - self.start, min(self.start, self.before[0])
        fitting = (unit for unit, (least, most) in UNITS.items() if least <= length <= most)
        gone = "hour" if first < hours_from(self.now) else ""
        return tuple(unit for unit in fitting if unit != gone) or ("day",)

    @property
    def shown_end(self) -> datetime:
        """The end as people read it: now, for a window that is still filling."""
        return min(self.end, self.now)


def parse_range(text: str, now: datetime) -> Range:
    """The range that `text` names ('' is DEFAULT), as of `now` (aware, UTC).

    Raises BadRange for anything else, and for a month that has not begun.
    """
    key = text or DEFAULT
    if key in WINDOWS:
        return _window(key, now)
    if key == "13m":
        return _thirteen_months(now)
    days = _DAYS.fullmatch(key)
    return _between(key, days[1], days[2], now) if days else _month(key, now)


def in_units(window: Range, unit: str) -> Range:
    """The range in other buckets; as it is where it cannot have them, if it can have its own.

    Days, weeks and months begin at midnight, so that a window of hours is moved to whole days.
    Raises BadRange for what is no bucket.
    """
    if unit not in UNITS:
        raise BadRange(
            Said(
                "%(name)s=%(text)s is unknown: use one of %(known)s.",
                name="unit",
                text=f"{unit!r}",
                known=", ".join(UNITS),
            )
        )
    units = window.units
    asked = next(name for name in UNITS if name == unit)
    chosen = next((one for one in (asked, window.granularity) if one in units), units[0])
    shift = timedelta()
    if window.granularity == "hour" and chosen != "hour":
        shift = _next(window.end - HOUR, DAY) - window.end
    first, last = window.before
    return replace(
        window, granularity=chosen, start=window.start + shift, end=window.end + shift,
        before=(first + shift, last + shift),
    )  # fmt: skip


def compared(window: Range, compare: str) -> Range:
    """The range compared with the window before it, the same 52 weeks earlier, or nothing.

    Raises BadRange for anything else.
    """
    if compare not in COMPARE:
        raise BadRange(
            Said(
                "%(name)s=%(text)s is unknown: use one of %(known)s.",
                name="compare",
                text=f"{compare!r}",
                known=", ".join(COMPARE),
            )
        )
    if compare == "none":
        return replace(window, before=(window.start, window.start))
    if compare == "previous" or window.before[0] == window.before[1]:
        return window
    return replace(window, before=(window.start - 52 * WEEK, window.end - 52 * WEEK))


def _window(key: str, now: datetime) -> Range:
    length, back, unit = WINDOWS[key]
    end = _next(now, HOUR if unit == "hour" else DAY)
    return Range(key, end - length, end, unit, (end - length - back, end - back), now)


def _next(now: datetime, step: timedelta) -> datetime:
    """The end of the bucket that `now` is in."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    return hour + HOUR if step == HOUR else hour.replace(hour=0) + DAY


def _thirteen_months(now: datetime) -> Range:
    last = month_start(now)
    start = last.replace(year=last.year - 1)
    # The year before that is rarely complete: half a comparison would mislead, so there is none.
    return Range("13m", start, next_month(last), "month", (start, start), now)


def _month(key: str, now: datetime) -> Range:
    found = _MONTH.fullmatch(key)
    if found is None:
        raise BadRange(
            Said(
                "%(key)s is no range: use one of %(known)s or a month, 2026-10.",
                key=f"{key!r}",
                known=", ".join(CHOICES),
            )
        )
    start = month_start(now).replace(year=int(found[1]), month=int(found[2]))
    if start > now:
        raise BadRange(Said("%(key)s has not begun yet.", key=key))
    end = min(next_month(start), _next(now, DAY))
    before = month_start(start - DAY)
    return Range(key, start, end, "day", (before, min(before + (end - start), start)), now)


def _between(key: str, first: str, last: str, now: datetime) -> Range:
    try:
        start, end = (
            datetime.fromisoformat(text).replace(tzinfo=now.tzinfo) for text in (first, last)
        )
    except ValueError:
        raise BadRange(Said("%(key)s names a day that does not exist.", key=f"{key!r}")) from None
    end = min(end + DAY, _next(now, DAY))
    if not start < end <= start + LONGEST:
        raise BadRange(
            Said(
                "%(key)s must end on or after its first day, have begun, and span at most "
                "%(most)s days.",
                key=f"{key!r}",
                most=LONGEST.days,
            )
        )
    back = -(-(end - start) // WEEK) * WEEK
    unit: Granularity = "hour" if end - start <= 2 * DAY else "day"
    found = Range(key, start, end, unit, (start - back, end - back), now)
    return found if unit in found.units else replace(found, granularity=found.units[0])


def month_start(moment: datetime) -> datetime:
    """The first instant of the moment's month."""
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(start: datetime) -> datetime:
    """The first instant of the month after `start`'s."""
    return month_start(start.replace(day=28) + 4 * DAY)
