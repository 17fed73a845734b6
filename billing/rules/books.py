"""The books' calendar: a month is open, closed, or asked to be opened again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from billing.rules.errors import BillingError

OPEN, CLOSED, ASKED = "open", "closed", "asked"
CLOSE, ASK, REOPEN = "closed", "asked", "reopened"


class ClosedMonth(BillingError):
    """A posting dated in a closed month, or a month that can not be closed or opened now."""


def state_after(kinds: Sequence[str]) -> str:
    """A month's state from its events in order; asking to open it leaves it closed meanwhile."""
    turns = [kind for kind in kinds if kind in (CLOSE, REOPEN)]
    return CLOSED if turns and turns[-1] == CLOSE else OPEN


def is_asked(kinds: Sequence[str]) -> bool:
    """Somebody asked to open the month again and nobody has answered."""
    return state_after(kinds) == CLOSED and kinds[-1] == ASK


def month_start(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def next_month_start(day: date) -> date:
    """The first day of the month after."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
