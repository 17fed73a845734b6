"""Hours end after 25 months at every partner; days and months stay, and go on counting."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from cache_api import queries
from cache_api.actions.forget_hours import forget_hours
from cache_api.actions.record_events import record_events
from cache_api.models import RollupHour
from cache_api.queries import explore
from cache_api.queries.behind import Slice, rollup_values
from cache_api.queries.by_customer import customer_totals
from cache_api.queries.explore import Scope
from cache_api.reconcile import CHECKS
from cache_api.rules.spans import HoursGone, hours_from
from tenants.schema import in_partner
from tests.cache_api.cast import NOW, PARTNER_TABLES, event, sql
from tests.conftest import fresh_database, two_partners

KEPT_FROM = hours_from(NOW)
OLD = datetime(2024, 8, 12, 9, 30, tzinfo=UTC)
TIMES = (OLD, OLD + timedelta(hours=3), KEPT_FROM - timedelta(minutes=1), KEPT_FROM,
         NOW - timedelta(hours=2))  # fmt: skip
DAY, NEXT = OLD.replace(hour=0, minute=0), OLD.replace(hour=0, minute=0) + timedelta(days=1)
HOURS = [name for name in PARTNER_TABLES if name.endswith("hour")]
STAY = [name for name in PARTNER_TABLES if not name.endswith("hour")]


def rows(database, partner, tables):
    """Every row of these tables of a partner, by table."""
    return {
        name: sql(database, f"SELECT t::text FROM {partner.schema_name}.{name} t ORDER BY 1")
        for name in tables
    }


def recorded(database, events):
    database.login("recorder")
    record_events(events=events, source="test", now=NOW)
    database.login("settle")


@pytest.fixture(scope="module")
def world(django_db_blocker):
    """Two partners with usage on both sides of the end of hours, and what was read before it."""
    with fresh_database(django_db_blocker) as database, time_machine.travel(NOW, tick=False):
        partners = two_partners()
        recorded(database, [
            event(partner, at=at, quantity=factor * (n + 1), customer=name)
            for factor, partner in enumerate(partners, 1)
            for n, at in enumerate(TIMES) for name in ("acme", "globex")
        ])  # fmt: skip
        assert breaches() == []
        yield database, partners


def breaches():
    return [one for check in CHECKS for one in check.run()]


def test_what_is_older_goes_and_what_is_younger_stays(world):
    database, partners = world
    before = {one.slug: rows(database, one, STAY) for one in partners}
    assert forget_hours(now=datetime(2024, 12, 1, tzinfo=UTC)) == 0  # nothing was old by then
    assert forget_hours(now=NOW) == 2 * 3 * 7  # partners, hours, rows: two a customer but totals
    for partner in partners:
        for name in HOURS:
            found = sql(database, "SELECT DISTINCT date_trunc('hour', bucket_at, 'UTC') FROM"
                                  f" {partner.schema_name}.{name} ORDER BY 1")  # fmt: skip
            assert [at for (at,) in found] == [KEPT_FROM, (NOW - timedelta(hours=2)).replace(
                minute=0)]  # fmt: skip
    assert {one.slug: rows(database, one, STAY) for one in partners} == before
    assert forget_hours(now=NOW) == 0
    assert breaches() == []  # also with the old events still here


def test_old_times_are_told_by_the_day_however_short(world):
    database, partners = world
    forget_hours(now=NOW)
    database.login("web")
    for factor, partner in enumerate(partners, 1):
        both = 2 * factor * (1 + 2)
        with in_partner(partner):
            assert queries.usage_summary(OLD, OLD + timedelta(hours=1)).lookups == both
            assert explore.summary(Scope(), DAY, NEXT).lookups == both
            assert {one["lookups"] for one in customer_totals(DAY, NEXT)} == {both // 2}
            assert sum(queries.latency_buckets(DAY, NEXT)) == both
            assert [one.lookups for one in queries.usage_series(None, DAY, NEXT, "day")] == [both]
            assert rollup_values(Slice(DAY, NEXT), "lookups", "day") == {DAY: both}
            files = explore.all_rows(Scope(), DAY, NEXT, "customer", "day")
            assert [group.lookups for _, group in files] == [both // 2, both // 2]
    database.login("settle")


def test_a_month_without_hours_is_billed_from_its_days_or_not_at_all(world):
    _, partners = world
    forget_hours(now=NOW)
    start, end = datetime(2024, 8, 1, tzinfo=UTC), datetime(2024, 9, 1, tzinfo=UTC)
    with in_partner(partners.redis):
        found = queries.usage_by_meter(start, end, (NEXT,))
        assert {(one.customer_external_id, one.segment, one.lookups) for one in found} == {
            ("acme", 0, 3), ("globex", 0, 3)
        }  # fmt: skip
        with pytest.raises(HoursGone):
            queries.usage_by_meter(start, end, (NEXT + timedelta(hours=1),))


def test_late_usage_of_an_old_hour_counts_in_its_day_and_its_hour_goes_again(world):
    database, partners = world
    forget_hours(now=NOW)
    recorded(database, [event(partners.pinecone, at=OLD, customer="late", quantity=7)])
    assert breaches() == []
    with in_partner(partners.pinecone):
        assert queries.usage_summary(DAY, NEXT).lookups == 2 * 2 * (1 + 2) + 7
        assert RollupHour.objects.filter(bucket_at__lt=KEPT_FROM).count() == 1
    assert forget_hours(now=NOW) == 4
    assert breaches() == []


def test_only_the_worker_and_the_recorder_may_delete_hours_and_no_days(world):
    database, partners = world
    schema = partners.redis.schema_name
    for login, table, allowed in (
        ("settle", "rolluphour", True), ("settle", "rollupday", False),
        ("settle", "customermonth", False),
    ):  # fmt: skip
        assert sql(database, "SELECT has_table_privilege(%s, %s, 'DELETE')",
                   f"ac_{login}", f"{schema}.cache_api_{table}") == [(allowed,)]  # fmt: skip
    assert sql(database, "SELECT has_table_privilege(%s, %s, 'DELETE')",
               schema, f"{schema}.cache_api_rolluphour") == [(False,)]  # fmt: skip
