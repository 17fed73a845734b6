"""Conservation: what was answered was recorded, and every sum of usage is the sum of its events.

Each check reads one repeatable-read snapshot, so a recorder at work does not disturb it, and names
what is wrong where. Run as settle, recorder or owner in the public schema.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from cache_api.metering import equations, store
from cache_api.queries.roots import latest_roots, root_at
from cache_api.rules.spans import hours_from
from tenants.models import Partner

DAY_ROOTS = "sealed day roots = roots of their events"
ROOTS_SHOWN = 7
SHOWN = 20  # breaches of one equation and partner that are spelled out; the rest is counted


@dataclass(frozen=True)
class Breach:
    """One equation that does not hold: which, of whom ('' for the platform), and the numbers."""

    check: str
    partner: str
    detail: str


@dataclass(frozen=True)
class Check:
    """A named equation; `run` returns what breaks it."""

    name: str
    run: Callable[[], list[Breach]]


def _per_partner(name: str, text: str) -> Check:
    """A check whose statement is run for each partner ({schema} and the members of `params`)."""

    def run() -> list[Breach]:
        found = []
        with _snapshot():
            params = {"first_day": store.oldest_day(), "hours_from": hours_from(timezone.now())}
            slugs = dict(Partner.objects.order_by("slug").values_list("pk", "slug"))
            schemas = store.schemas(slugs)
            for partner_id in [pk for pk in slugs if pk in schemas]:
                own = {**params, "partner": partner_id}
                rows = store.in_schema(schemas[partner_id], text, own)
                found += _breaches(name, slugs[partner_id], rows)
        return found

    return Check(name, run)


def _platform(name: str, text: str) -> Check:
    """A check over the shared tables; the statement's first column is the detail."""

    def run() -> list[Breach]:
        with _snapshot():
            return _breaches(name, "", store.in_public(text))

    return Check(name, run)


def _breaches(name: str, partner: str, rows: list[tuple[Any, ...]]) -> list[Breach]:
    found = [Breach(name, partner, str(row[0])) for row in rows[:SHOWN]]
    if len(rows) > SHOWN:
        found.append(Breach(name, partner, f"and {len(rows) - SHOWN} more"))
    return found


@contextmanager
def _snapshot() -> Iterator[None]:
    fresh = not connection.in_atomic_block
    if fresh:
        store.in_public("SELECT 1")  # connects and sets the path: both must precede the snapshot
    with transaction.atomic():
        if fresh:
            store.in_public("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _day_roots() -> list[Breach]:
    """The newest sealed days of each partner against their events, leaf by leaf."""
    found = []
    for partner in Partner.objects.order_by("slug"):
        for row in latest_roots(partner.pk, ROOTS_SHOWN):
            now = root_at(partner.pk, row.day, row.batch_bound)
            if now is not None and (now.root, now.size) != (row.root, row.size):
                told = f"{row.day}: {now.size} events no longer give the sealed root of {row.size}"
                found.append(Breach(DAY_ROOTS, partner.slug, told))
    return found


CHECKS: tuple[Check, ...] = (
    _per_partner("usage events = hourly rollups", equations.EVENTS_HOURS),
    _per_partner("hourly rollups = daily rollups", equations.HOURS_DAYS),
    _per_partner("daily rollups = channel days", equations.DAYS_CHANNEL),
    _per_partner("timed usage events = hourly latencies", equations.EVENTS_LATENCY),
    _per_partner("hourly latencies = daily latencies", equations.LATENCY_HOURS_DAYS),
    _per_partner("hourly rollups = hourly totals", equations.TOTAL_HOURS),
    _per_partner("daily rollups = daily totals", equations.TOTAL_DAYS),
    _per_partner("hourly rollups = customers' hours", equations.CUSTOMER_HOURS),
    _per_partner("daily rollups = customers' days", equations.CUSTOMER_DAYS),
    _per_partner("customers' days = customers' months", equations.CUSTOMER_MONTHS),
    _per_partner("every usage event and rollup has its customer", equations.CUSTOMERS),
    _per_partner("no usage event is newer than its partner's last batch", equations.BATCHES),
    _platform("numbered events are recorded without a gap", equations.SEQUENCES),
    _platform("every channel day belongs to a partner", equations.CHANNEL_PARTNERS),
    _platform("no event waits in the dead letters", equations.DEAD_LETTERS),
    Check(DAY_ROOTS, _day_roots),
)
