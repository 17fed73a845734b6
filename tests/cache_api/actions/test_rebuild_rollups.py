"""Rollups made again from the events are the same rows, whatever happened to the old ones."""

from datetime import UTC, datetime, timedelta

import pytest

from cache_api.actions.rebuild_rollups import Rebuilt, UnknownPartner, rebuild_rollups
from cache_api.actions.record_events import record_events
from tests.cache_api.cast import NOW, event, everything, sql

TABLES = ("rolluphour", "rollupday", "latencyhour", "latencyday", "totalhour", "totalday",
          "customerhour", "customerday", "customermonth")  # fmt: skip


@pytest.fixture
def traffic(database, partners):
    """Two partners, two customers, three days, all kinds and modes, recorded in bits."""
    database.login("recorder")
    events = [
        event(partner, at=NOW - timedelta(days=day, hours=day), customer=customer, quantity=n + 1,
              outcome=outcome, kind=kind, livemode=live, latency_us=(None, 90, 5000)[n % 3])
        for partner in partners for day in range(3) for customer in ("acme", "globex")
        for n, (kind, outcome, live) in enumerate([
            ("lookup", "hit", True), ("lookup", "miss", True), ("store", "stored", True),
            ("lookup", "semantic_hit", False)])
    ]  # fmt: skip
    for start in range(0, len(events), 7):
        record_events(events=events[start : start + 7], source="test", now=NOW)
    return events


def test_a_rebuild_of_right_rollups_changes_no_row(traffic, database, partners):
    before = everything(database, partners)
    assert rebuild_rollups(now=NOW) == [
        Rebuilt("pinecone", (NOW - timedelta(days=2, hours=2)).date()),
        Rebuilt("redis-labs", (NOW - timedelta(days=2, hours=2)).date()),
    ]
    assert everything(database, partners) == before


def test_truncated_or_wrong_rollups_come_back_as_they_were(traffic, database, partners):
    before = everything(database, partners)
    schema = partners.redis.schema_name
    for table in TABLES:
        sql(database, f"TRUNCATE {schema}.cache_api_{table}")
    sql(database, "TRUNCATE channel_day")
    other = partners.pinecone.schema_name
    sql(database, f"UPDATE {other}.cache_api_rolluphour SET quantity = quantity + 1")
    sql(database, f"UPDATE {other}.cache_api_latencyday SET buckets[3] = 99")
    rebuild_rollups(now=NOW)
    assert everything(database, partners) == before


def test_one_partner_only_and_from_a_day_on(traffic, database, partners):
    before = everything(database, partners)
    for partner in partners:
        sql(database, f"UPDATE {partner.schema_name}.cache_api_rollupday SET quantity = 0")
    rebuild_rollups(now=NOW, partner_slug="redis-labs", since=NOW.date() - timedelta(days=1))
    after = everything(database, partners)
    wrong = sql(database, f"SELECT DISTINCT bucket_at::date FROM {partners.redis.schema_name}"
                          ".cache_api_rollupday WHERE quantity = 0")  # fmt: skip
    assert wrong == [((NOW - timedelta(days=2, hours=2)).date(),)]
    rows = sql(database, f"SELECT DISTINCT quantity FROM {partners.pinecone.schema_name}"
                         ".cache_api_rollupday")  # fmt: skip
    assert rows == [(0,)]
    assert after["usage_event"] == before["usage_event"]


def test_months_hold_their_days_whose_events_are_gone(traffic, database, partners):
    """Two of the three days' events have left; the month still has all three, also when broken."""
    before = everything(database, partners)
    for day in (NOW - timedelta(days=2, hours=2), NOW - timedelta(days=1, hours=1)):
        sql(database, f"DROP TABLE usage_event_{day:%Y%m%d}")
    for partner in partners:
        sql(database, f"UPDATE {partner.schema_name}.cache_api_customermonth SET lookups = 0")
    rebuild_rollups(now=NOW)
    after = everything(database, partners)
    assert {name for name in before if after[name] != before[name]} == {"usage_event"}


def test_months_before_the_kept_days_come_back_from_days(database, partners):
    """A month of days alone, as after their events left: `--since` makes it again."""
    database.login("recorder")
    record_events(events=[event(one) for one in partners], source="test", now=NOW)
    old, schema = "2024-03-15 00:00+00", partners.redis.schema_name
    sql(database, f"INSERT INTO {schema}.cache_api_customerday SELECT %s, id, true,"
                  f" 7, 5, 2, 100, 90, 80, 1 FROM {schema}.cache_api_customer", old)  # fmt: skip
    rebuild_rollups(now=NOW)
    asked = f"SELECT lookups, hits FROM {schema}.cache_api_customermonth ORDER BY bucket_at"
    assert sql(database, asked) == [(1, 1)]
    rebuild_rollups(now=NOW, since=datetime(2024, 3, 31, tzinfo=UTC).date())
    assert sql(database, asked) == [(7, 5), (1, 1)]


def test_recording_goes_on_after_a_rebuild(traffic, database, partners):
    rebuild_rollups(now=NOW)
    assert record_events(events=traffic, source="test", now=NOW).inserted == 0
    more = [event(partners.redis)]
    assert record_events(events=more, source="test", now=NOW).inserted == 1
    before = everything(database, partners)
    rebuild_rollups(now=NOW)
    assert everything(database, partners) == before


def test_an_unknown_partner_is_named(database, partners):
    with pytest.raises(UnknownPartner, match="nobody"):
        rebuild_rollups(now=NOW, partner_slug="nobody")
