"""Recording: each event once, rollups only by what is new, nobody else's numbers, nothing lost."""

import threading
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from cache_api.actions.record_events import Poison, RecordOutcome, record_events
from cache_api.actions.retry_dead_letters import Retried, retry_dead_letters
from cache_api.reconcile import CHECKS
from cache_api.rules import histogram
from tenants.rules.ids import uuid7
from tests.cache_api.cast import HOUR, NOW, event, event_id, everything, hours, sql


@pytest.fixture
def record(database, partners):
    """Record as the recorder's own login."""
    database.login("recorder")
    return lambda events, **more: record_events(events=events, source="test", now=NOW, **more)


def breaches():
    return [one for check in CHECKS for one in check.run()]


def test_recording_twice_changes_nothing(record, database, partners):
    batch = [event(p, customer=c) for p in partners for c in ("acme", "globex")]
    assert record(batch) == RecordOutcome(1, 4, 4, 0, 0)
    before = everything(database, partners)
    assert record(batch) == RecordOutcome(None, 4, 0, 4, 0)
    assert everything(database, partners) == before
    assert len(before["usage_event"]) == 4


def test_only_new_rows_grow_the_rollups(record, database, partners):
    first = [event(partners.redis, quantity=q) for q in (1, 10)]
    second = [first[1], event(partners.redis, quantity=100), first[0]]
    record(first)
    assert record(second) == RecordOutcome(2, 3, 1, 2, 0)
    assert hours(database, partners.redis, "events, quantity") == [(3, 111)]


def test_the_same_event_twice_in_one_batch_counts_once(record, database, partners):
    one = event(partners.redis, quantity=7)
    assert record([one, one]) == RecordOutcome(1, 2, 1, 1, 0)
    assert hours(database, partners.redis) == [(7,)]


def test_each_partner_has_exactly_its_own_numbers(record, database, partners):
    record([event(partners.redis, quantity=3), event(partners.pinecone, quantity=5)])
    assert hours(database, partners.redis) == [(3,)]
    assert hours(database, partners.pinecone) == [(5,)]
    with database.psql("web") as web:
        for partner, wanted in ((partners.redis, 3), (partners.pinecone, 5)):
            web.execute(f'SET ROLE "{partner.schema_name}"')
            assert web.execute("SELECT quantity FROM usage_event").fetchall() == [(wanted,)]
            assert web.execute("SELECT quantity FROM channel_day").fetchall() == [(wanted,)]


def test_sums_are_of_quantity_requests(record, database, partners):
    record([event(partners.redis, quantity=4, tokens_in=10, tokens_out=2, bytes=5, byte_seconds=9,
                  cost_saved_micros=3, latency_us=100)])  # fmt: skip
    columns = "events, quantity, tokens_in, tokens_out, bytes, byte_seconds, cost_saved_micros, "
    assert hours(database, partners.redis, columns + "latency_us_sum") == [
        (1, 4, 40, 8, 20, 36, 12, 400)
    ]


def test_late_events_go_to_their_own_hour_and_day(record, database, partners):
    late = NOW - timedelta(days=40, hours=2)
    record(
        [event(partners.redis), event(partners.redis, at=late), event(partners.redis, NOW - HOUR)]
    )
    days = sql(database, f"SELECT bucket_at, events FROM {partners.redis.schema_name}"
                         ".cache_api_rollupday ORDER BY 1")  # fmt: skip
    assert [(at.isoformat()[:13], n) for at, n in days] == [
        ("2026-10-14T00", 1),
        ("2026-11-23T00", 2),
    ]
    assert len(hours(database, partners.redis)) == 3
    parts = sql(
        database, "SELECT tableoid::regclass::text, occurred_at FROM usage_event ORDER BY 2"
    )
    assert [name for name, _ in parts] == ["usage_event_20261014"] + ["usage_event_20261123"] * 2
    assert parts[0][1] == late


def test_a_millisecond_before_midnight_is_the_day_before(record, database, partners):
    midnight = NOW.replace(hour=0, minute=0)
    record([event(partners.redis, at=midnight - timedelta(milliseconds=1)),
            event(partners.redis, at=midnight)])  # fmt: skip
    rows = sql(database, "SELECT day::text, events FROM channel_day ORDER BY 1")
    assert rows == [("2026-11-22", 1), ("2026-11-23", 1)]


def test_latency_buckets_agree_with_the_rule_at_every_edge(record, database, partners):
    edges = {us + d for us in histogram.UPPER_US for d in (-1, 0, 1)} | {0, 1, 10**9}
    record([event(partners.redis, latency_us=us) for us in edges]
           + [event(partners.redis, latency_us=None)])  # fmt: skip
    wanted = histogram.empty()
    for us in edges:
        wanted[histogram.index(us)] += 1
    for table in ("latencyhour", "latencyday"):
        rows = sql(database, f"SELECT buckets FROM {partners.redis.schema_name}.cache_api_{table}")
        assert rows == [(wanted,)]
    record([event(partners.redis, latency_us=1, quantity=9)])
    wanted[0] += 9
    assert sql(database, f"SELECT buckets FROM {partners.redis.schema_name}"
                         ".cache_api_latencyday") == [(wanted,)]  # fmt: skip


def test_awkward_text_arrives_unchanged(record, database, partners):
    text = "tab\tnewline\nreturn\rback\\slash \\N 'quote' \"double\" {} ünïcode 🙂 %s {schema}"
    record([event(partners.redis, customer=text, model=text, namespace=text, tags={text: text})])
    assert sql(database, "SELECT customer, model, namespace, tags FROM usage_event") == [
        (text, text, text, {text: text})
    ]


def test_unknown_customers_become_unconfirmed_and_known_ones_stay(record, database, partners):
    schema = partners.redis.schema_name
    sql(database, f"INSERT INTO {schema}.cache_api_customer (id, external_id, name, state, plan,"
                  " billing, created_at) VALUES (gen_random_uuid(), 'acme', 'Acme', 'active', '',"
                  " '{}', now())")  # fmt: skip
    record([event(partners.redis, customer="acme"), event(partners.redis, customer="zeta")])
    rows = sql(database, f"SELECT external_id, name, state, first_seen_at FROM {schema}"
                         ".cache_api_customer ORDER BY 1")  # fmt: skip
    hour = NOW.replace(minute=0)
    assert rows == [("acme", "Acme", "active", hour), ("zeta", "", "unconfirmed", hour)]


def test_what_cannot_be_recorded_is_kept_with_the_reason_and_stops_nobody(
    record, database, partners
):
    good = [event(partners.redis, quantity=n) for n in (1, 2, 4, 8)]
    bad = [
        event(partners.redis, partner_id=UUID(int=7 << 76)),
        event(partners.redis, at=NOW + timedelta(days=3)),
        event(partners.redis, at=NOW - timedelta(days=365 * 6)),
        event(partners.redis, tokens_in=2**63),
        event(partners.redis, tokens_in=-5),
        event(partners.pinecone, customer="nul\0"),
        event(partners.pinecone, quantity=2**40, bytes=2**40),
    ]
    mixed = [good[0], *bad[:3], good[1], *bad[3:], good[2], good[3]]
    unreadable = [Poison(b"\x93garbage", "unreadable: no", "5-1")]
    outcome = record(mixed, unreadable=unreadable)
    assert (outcome.received, outcome.inserted, outcome.dead) == (12, 4, 8)
    assert hours(database, partners.redis) == [(15,)]
    reasons = sorted(row[0][:24] for row in sql(database, "SELECT reason FROM dead_letter"))
    assert len(reasons) == 8
    assert sum("database refused" in reason for reason in reasons) == 4
    assert sum("event_id's time" in reason for reason in reasons) == 2
    before = everything(database, partners)
    again = record(mixed, unreadable=unreadable)
    assert (again.inserted, again.dead) == (0, 8)
    assert everything(database, partners) == before


def test_a_dead_letter_is_recorded_once_its_partner_can_be_written(record, database, partners):
    schema = partners.pinecone.schema_name
    sql(database, f'REVOKE USAGE ON SCHEMA "{schema}" FROM ac_recorder')
    record([event(partners.pinecone, quantity=6)], unreadable=[Poison(b"x", "unreadable", "1-1")])
    assert retry_dead_letters(now=NOW) == Retried(recorded=0, left=2)
    sql(database, f'GRANT USAGE ON SCHEMA "{schema}" TO ac_recorder')
    assert retry_dead_letters(now=NOW) == Retried(recorded=1, left=1)
    assert retry_dead_letters(now=NOW) == Retried(recorded=0, left=1)
    assert hours(database, partners.pinecone) == [(6,)]


def test_a_callers_retry_is_seen_but_not_counted(record, database, partners):
    boot, one = uuid7(), event_id()
    record([event(partners.redis, event_id=one, boot_id=boot, seq=1)])
    record([event(partners.redis, event_id=one, boot_id=boot, seq=2),
            event(partners.redis, boot_id=boot, seq=3)])  # fmt: skip
    assert hours(database, partners.redis) == [(2,)]
    assert sql(database, "SELECT boot_id, seq, event_id FROM duplicate_event") == [(boot, 2, one)]
    assert breaches() == []


def test_events_are_immutable_for_everybody(record, database, partners):
    record([event(partners.redis)])
    for statement in ("UPDATE usage_event SET quantity = 2", "DELETE FROM usage_event",
                      "TRUNCATE usage_event", "DELETE FROM usage_event_20261123",
                      "TRUNCATE usage_event_20261123"):  # fmt: skip
        with (
            database.psql("recorder") as recorder,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            recorder.execute(statement)
        with (
            database.psql("owner") as owner,
            pytest.raises(psycopg.errors.RestrictViolation, match="never changed or deleted"),
        ):
            owner.execute(statement)


def test_the_recorder_may_ask_for_days_and_others_may_not(record, database, partners):
    ask = "SELECT metering_ensure_days('2026-01-01', '2026-01-02')"
    with database.psql("recorder") as recorder:
        assert recorder.execute(ask).fetchone() == (2,)
        assert recorder.execute(ask).fetchone() == (0,)
    for login in ("web", "settle"):
        with database.psql(login) as other, pytest.raises(psycopg.errors.InsufficientPrivilege):
            other.execute(ask)


def test_two_recorders_at_once_count_every_event_once(record, database, partners):
    batch = [event(p, customer=f"c{n % 7}") for n in range(300) for p in partners]
    failures = []

    def work(events):
        try:
            record(events)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[batch[i:] + batch[:i]]) for i in (0, 100, 350)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for partner in partners:
        assert sum(row[0] for row in hours(database, partner)) == 300
    assert breaches() == []


def test_batch_numbers_of_a_partner_grow_as_they_commit(record, database, partners):
    record([event(partners.redis)])
    record([event(partners.pinecone)])
    record([event(partners.redis)])
    rows = dict(sql(database, "SELECT partner_id, last_batch FROM partner_position"))
    assert rows == {partners.redis.pk: 3, partners.pinecone.pk: 2}


def test_a_key_knows_when_it_was_last_used_to_the_minute(record, database, partners):
    sql(database, "INSERT INTO tenants_apikey (id, partner_id, livemode, label, secret_sha256,"
        " created_at) VALUES ('mine', %s, true, '', '', now()), ('other', %s, true, '', '', now())",
        partners.redis.id, partners.pinecone.id)  # fmt: skip

    def used():
        return dict(sql(database, "SELECT id, last_used_at FROM tenants_apikey ORDER BY id"))

    record([event(partners.redis, key_id="mine"), event(partners.redis, key_id="other")])
    first = used()
    record([event(partners.redis, NOW + timedelta(seconds=30), key_id="mine")])
    assert used() == first == {"mine": NOW, "other": None}
    record([event(partners.redis, NOW + timedelta(seconds=90), key_id="mine")])
    record([event(partners.redis, NOW - timedelta(hours=1), key_id="mine")])
    assert used() == {"mine": NOW + timedelta(seconds=90), "other": None}
