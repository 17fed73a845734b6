"""A customer's usage over months is the sum of its days, at every edge, also when events are late.

The oracle adds the events up in Python, by whole UTC days.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cache_api import queries
from cache_api.actions.record_events import record_events
from cache_api.models import Customer
from cache_api.queries import explore
from cache_api.queries.by_customer import customer_totals
from cache_api.queries.explore import Scope
from cache_api.reconcile import CHECKS
from tenants.schema import in_partner
from tests.cache_api.cast import NOW, event
from tests.conftest import fresh_database, two_partners

NAMES = ("acme", "globex", "initech")
DAYS = ("2025-10-31", "2025-11-01", "2025-11-30", "2025-12-01", "2026-01-15", "2026-02-28",
        "2026-03-01", "2026-06-30", "2026-10-31", "2026-11-01", "2026-11-22")  # fmt: skip
PERIODS = [
    ("2025-11-01", "2026-12-01"), ("2025-10-31", "2026-11-23"), ("2025-11-02", "2026-10-31"),
    ("2025-11-30", "2026-03-01"), ("2025-12-01", "2026-01-01"), ("2026-02-01", "2026-03-02"),
    ("2025-10-15", "2025-11-15"), ("2026-11-01", "2026-11-24"), ("2026-06-10", "2026-06-30"),
]  # fmt: skip


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def made(partner, factor):
    """Hits and misses of three customers, one of which only tests; some with another model."""
    return [
        event(partner, at=at(day) + timedelta(hours=23, minutes=59), customer=name,
              quantity=factor * (n + 1) * (place + 2), outcome=outcome,
              livemode=name != "initech", model=("gpt-4o", "llama-4")[n % 2])
        for n, day in enumerate(DAYS) for place, name in enumerate(NAMES)
        for outcome in ("hit", "miss")
    ]  # fmt: skip


@pytest.fixture(scope="module")
def world(django_db_blocker):
    """A year of two partners; then one late hit in each of two closed months, recorded twice."""
    with fresh_database(django_db_blocker) as database, time_machine.travel(NOW, tick=False):
        partners = two_partners()
        database.login("recorder")
        events = {}
        for partner, factor in zip(partners, (1, 1000), strict=True):
            events[partner.slug] = made(partner, factor)
            record_events(events=events[partner.slug], source="test", now=NOW)
            late = [event(partner, at=at(day), customer="globex", quantity=factor * 5)
                    for day in ("2025-11-01", "2026-02-27")]  # fmt: skip
            for _ in range(2):
                record_events(events=late, source="late", now=NOW)
            events[partner.slug] += late
        database.login("web")
        yield database, partners, events


@pytest.fixture
def redis(world):
    with in_partner(world[1].redis):
        yield world[2]["redis-labs"]


def counted(events, start, end, livemode=True):
    """(lookups, hits) by customer."""
    found: dict[str, Counter[str]] = {}
    for one in events:
        when = datetime.fromtimestamp(one.occurred_at_ms / 1000, UTC)
        if start <= when < end and one.livemode == livemode:
            sums = found.setdefault(one.customer, Counter(lookups=0, hits=0))
            sums["lookups"] += one.quantity
            sums["hits"] += one.quantity * (one.outcome == "hit")
    return found


@pytest.mark.parametrize("livemode", [True, False])
@pytest.mark.parametrize(("start", "end"), PERIODS)
def test_the_sum_of_months_and_days_is_that_of_the_events(redis, start, end, livemode):
    names = dict(Customer.objects.values_list("id", "external_id"))
    with CaptureQueriesContext(connection) as seen:
        rows = customer_totals(at(start), at(end), livemode=livemode)
    assert len(seen) == 1
    wanted = counted(redis, at(start), at(end), livemode)
    assert {names[row["customer_id"]]: {"lookups": row["lookups"], "hits": row["hits"]}
            for row in rows} == wanted  # fmt: skip
    assert [row["lookups"] for row in rows] == sorted(
        (one["lookups"] for one in wanted.values()), reverse=True
    )


def test_pages_get_the_largest_and_those_they_name(redis):
    start, end = at("2025-11-01"), at("2026-12-01")
    wanted = counted(redis, start, end)
    assert [(one.external_id, one.lookups) for one in queries.top_customers(start, end, 1)] == [
        ("globex", wanted["globex"]["lookups"])
    ]
    groups = explore.groups(Scope(), start, end, "customer", sort="hits", limit=5)
    assert [(one.label, one.hits) for one in groups] == [
        (name, wanted[name]["hits"]) for name in ("globex", "acme")
    ]
    named = explore.groups_of(Scope(), start, end, "customer", ["acme", "nobody"])
    assert {name: one.lookups for name, one in named.items()} == {"acme": wanted["acme"]["lookups"]}
    assert explore.groups_of(Scope(), start, start, "customer", ["acme"]) == {}
    # Narrowed to a model it is read from days: both ways must agree on the whole.
    parts = [explore.groups(Scope(only={"model": model}), start, end, "customer", limit=5)
             for model in ("gpt-4o", "llama-4")]  # fmt: skip
    assert sum(one.lookups for part in parts for one in part) == sum(
        one["lookups"] for one in wanted.values()
    )


@pytest.mark.parametrize(("start", "end"), [*PERIODS[:3], ("2025-11-02", "2026-12-01")])
def test_a_file_by_months_is_the_file_by_days(redis, start, end):
    def sums(unit):
        found: Counter[tuple[str, str]] = Counter()
        for when, group in explore.all_rows(Scope(), at(start), at(end), "customer", unit):
            found[f"{when:%Y-%m}", group.label] += group.lookups
        return found

    months = sums("month")
    assert months == sums("day") == sums("week")
    assert sum(months.values()) == sum(
        one["lookups"] for one in counted(redis, at(start), at(end)).values()
    )


def test_nothing_is_asked_for_nobody_or_of_no_time(redis):
    start, end = at("2025-11-01"), at("2026-12-01")
    with CaptureQueriesContext(connection) as seen:
        assert customer_totals(start, end, customers=[]) == []
        assert customer_totals(start, start) == []
    assert len(seen) == 0
    assert len(customer_totals(start, end, limit=1)) == 1
    with pytest.raises(ValueError, match="cannot sort by 'name'"):
        customer_totals(start, end, sort="name")


def test_every_equation_holds_with_months(world):
    world[0].login("settle")
    assert [one for check in CHECKS for one in check.run()] == []
    world[0].login("web")
