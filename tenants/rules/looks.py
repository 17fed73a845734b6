"""Looks of staff at a partner's portal: how long, through whose eyes, when over. Pure."""

from datetime import datetime, timedelta

LASTS = timedelta(minutes=30)
OPENS_WITHIN = timedelta(minutes=1)
MAY = "support.look"
ROLE = "admin"  # what of the portal is seen: all but deciding where payouts go


def over(*, ends_at: datetime, ended_at: datetime | None, now: datetime) -> str:
    """Why a look is over: `ended` or `expired`; '' while it is in force."""
    if ended_at is not None:
        return "ended"
    return "expired" if now >= ends_at else ""


def opens(*, started_at: datetime, opened_at: datetime | None, now: datetime) -> bool:
    """Whether its ticket still opens it: once, and soon after it was given."""
    return opened_at is None and now < started_at + OPENS_WITHIN
