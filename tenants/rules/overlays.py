"""View-as: how long a partner's staff may look at a customer's portal, and why a look is over."""

from datetime import datetime, timedelta

LASTS = timedelta(minutes=30)
MAY = "customers.view_as"


def over(*, ends_at: datetime, ended_at: datetime | None, may: bool, now: datetime) -> str:
    """Why an overlay is over: `ended`, `expired` or `withdrawn` (the role lost the permission);
    '' while it is in force."""
    if ended_at is not None:
        return "ended"
    if now >= ends_at:
        return "expired"
    return "" if may else "withdrawn"
