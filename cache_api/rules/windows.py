"""UTC hour, day and month buckets: half-open, aware datetimes in, aware datetimes out. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone; give an aware datetime")
    return at.astimezone(UTC)


def hour_of(at: datetime) -> datetime:
    """The start of the UTC hour that contains `at`. Raises ValueError for a naive datetime."""
    return _utc(at).replace(minute=0, second=0, microsecond=0)


def day_of(at: datetime) -> datetime:
    """The start of the UTC day that contains `at`. Raises ValueError for a naive datetime."""
    return _utc(at).replace(hour=0, minute=0, second=0, microsecond=0)


def month_of(at: datetime) -> datetime:
    """The start of the UTC month that contains `at`. Raises ValueError for a naive datetime."""
    return day_of(at).replace(day=1)


def hours_between(start_at: datetime, end_at: datetime) -> Iterator[datetime]:
    """Every hour bucket that overlaps [start_at, end_at), in order."""
    return _between(hour_of(start_at), _utc(end_at), HOUR)


def days_between(start_at: datetime, end_at: datetime) -> Iterator[datetime]:
    """Every day bucket that overlaps [start_at, end_at), in order."""
    return _between(day_of(start_at), _utc(end_at), DAY)


def _between(first: datetime, end_at: datetime, step: timedelta) -> Iterator[datetime]:
    bucket = first
    while bucket < end_at:
        yield bucket
        bucket += step
