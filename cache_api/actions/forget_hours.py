"""Hours of usage end after 25 months; the same usage stays by the day and by the month."""

from datetime import datetime, timedelta

from django.db import transaction

from cache_api.metering import store
from cache_api.rules import spans
from tenants.models import Partner
from tenants.schema import in_public

DAYS_AT_ONCE = 100
# Whoever reads reckons by its own clock: nothing goes that somebody's last page may still ask for.
LATER = timedelta(days=1)


def forget_hours(*, now: datetime) -> int:
    """Delete the hourly rollups of every partner that are no longer kept; how many rows that were.

    A UTC day is a transaction, the oldest first, at most DAYS_AT_ONCE a partner and call; the next
    call goes on. Runs as settle (or owner). Safe to repeat, to break off and to run twice at once:
    late events that made an old hour anew are in its day, and the hour goes again.
    """
    before = spans.hours_from(now - LATER)
    with in_public():
        schemas = store.schemas(list(Partner.objects.values_list("pk", flat=True)))
        return sum(_forget(schema, before) for schema in sorted(schemas.values()))


def _forget(schema: str, before: datetime) -> int:
    gone = 0
    for _ in range(DAYS_AT_ONCE):
        with transaction.atomic():
            day = store.oldest_hours_day(schema, before)
            if day is None:
                break
            gone += store.drop_hours(schema, day)
    return gone
