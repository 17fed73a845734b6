"""When a delivery is tried, and when an endpoint is given up. Standard Webhooks' schedule."""

from datetime import datetime, timedelta

# How long after the attempt before; the first is made at once.
WAITS = (
    timedelta(0), timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30),
    timedelta(hours=2), timedelta(hours=5), timedelta(hours=10), timedelta(hours=14),
    timedelta(hours=20), timedelta(hours=24),
)  # fmt: skip
MOST_TRIES = len(WAITS)
WARN_AFTER = timedelta(hours=24)  # of failures without a success: people are told
GIVE_UP_AFTER = timedelta(hours=72)  # and a delivery has used up its tries: disabled
GONE = 410


def succeeded(status: int | None) -> bool:
    """Whether the receiver took it: any 2xx. A redirect is not followed and is a failure."""
    return status is not None and 200 <= status < 300


def next_at(tries: int, at: datetime) -> datetime | None:
    """When to try again after `tries` attempts, the last of them `at`; None: no more."""
    return at + WAITS[tries] if tries < MOST_TRIES else None


def verdict(
    *, status: int | None, tries: int, failing_since: datetime | None, warned: bool, now: datetime
) -> str:
    """What a failed attempt means for its endpoint: 'disable', 'warn' or ''.

    410 disables at once. Otherwise an endpoint is disabled once a delivery has used up its tries
    and nothing succeeded for GIVE_UP_AFTER; people are told WARN_AFTER the first failure.
    """
    failing_for = now - (failing_since or now)
    if status == GONE or (tries >= MOST_TRIES and failing_for >= GIVE_UP_AFTER):
        return "disable"
    return "warn" if failing_for >= WARN_AFTER and not warned else ""
