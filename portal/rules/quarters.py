"""Quarters of a UTC year, as a review is written for one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from billing.rules.periods import Period, add_months, month_of
from tenants.rules.sayings import Said

_TEXT = re.compile(r"(20\d\d)-Q([1-4])")


class BadQuarter(ValueError):
    """No quarter, or one that has not ended."""


@dataclass(frozen=True)
class Quarter:
    """Three whole UTC months from `start` on."""

    start: datetime

    @property
    def months(self) -> tuple[Period, ...]:
        """Oldest first."""
        return tuple(month_of(add_months(self.start, n)) for n in range(3))

    @property
    def end(self) -> datetime:
        """The first instant that is not of it."""
        return add_months(self.start, 3)

    @property
    def before(self) -> Quarter:
        """The one that ends where this begins."""
        return Quarter(add_months(self.start, -3))

    @property
    def label(self) -> str:
        """`2026-Q3`."""
        return f"{self.start.year}-Q{(self.start.month + 2) // 3}"


def last_quarter(now: datetime) -> Quarter:
    """The newest that has ended at `now`."""
    this = now.replace(month=(now.month - 1) // 3 * 3 + 1)
    return Quarter(month_of(this.replace(day=1)).start).before


def parse_quarter(text: str, now: datetime) -> Quarter:
    """`2026-Q3`, or the newest that has ended for ''. Raises BadQuarter."""
    last = last_quarter(now)
    if not text:
        return last
    found = _TEXT.fullmatch(text)
    if found is None:
        raise BadQuarter(Said("%(text)s is no quarter: write 2026-Q3.", text=f"{text[:20]!r}"))
    asked = Quarter(last.start.replace(year=int(found[1]), month=int(found[2]) * 3 - 2))
    if asked.start > last.start:
        raise BadQuarter(Said("%(label)s has not ended yet.", label=asked.label))
    return asked
