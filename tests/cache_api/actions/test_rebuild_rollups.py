"""Rollups made again from the events are the same rows, whatever happened to the old ones."""

from datetime import timedelta

import pytest

from cache_api.actions.rebuild_rollups import Rebuilt, UnknownPartner, rebuild_rollups
from cache_api.actions.record_events import record_events
from tests.cache_api.cast import NOW, event, everything, sql

TABLES = ("rolluphour", "rollupday", "latencyhour", "latencyday", "totalhour", "totalday",
          "customerhour", "customerday")  # fmt: skip


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
