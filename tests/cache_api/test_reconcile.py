"""Whatever somebody breaks behind the recorder's back, the equation it breaks says so by name."""

from datetime import timedelta

import pytest

from cache_api.actions.record_events import Poison, record_events
from cache_api.reconcile import CHECKS
from tenants.rules.ids import uuid7
from tests.cache_api.cast import NOW, event, sql

BOOT = uuid7()


@pytest.fixture
def recorded(database, partners):
    """Traffic of two partners; then settle's login, which runs the checks."""
    database.login("recorder")
    events = [
        event(partner, at=NOW - timedelta(hours=n), customer=f"c{n % 2}", boot_id=BOOT,
              seq=2 * (4 - n) + number + 1, quantity=n + 1)
        for n in range(5) for number, partner in enumerate(partners)
    ]  # fmt: skip
    record_events(events=events, source="test", now=NOW)
    database.login("settle")
    return events


def breached():
    return {check.name: check.run() for check in CHECKS if check.run()}


def test_recorded_traffic_holds_every_equation(recorded):
    assert breached() == {}


LABELS = "usage events = hourly rollups", "hourly rollups = daily rollups"
PEOPLE = "hourly rollups = customers' hours"
REDIS = (*LABELS, "hourly rollups = hourly totals", PEOPLE)
CORRUPTIONS = {
    "an hour too much": (
        "UPDATE {s}.cache_api_rolluphour SET quantity = quantity + 1 WHERE quantity = 5", REDIS),
    "tokens of an hour": (
        "UPDATE {s}.cache_api_rolluphour SET tokens_in = 0 WHERE quantity = 5", REDIS),
    "an hour gone": ("DELETE FROM {s}.cache_api_rolluphour WHERE quantity = 1", REDIS),
    "a model renamed": (
        "UPDATE {s}.cache_api_rolluphour SET model = 'x' WHERE quantity = 1",
        REDIS[:3]),
    "a day too much": (
        "UPDATE {s}.cache_api_rollupday SET cost_saved_micros = cost_saved_micros + 1",
        ("hourly rollups = daily rollups", "daily rollups = channel days",
         "daily rollups = daily totals", "daily rollups = customers' days")),
    "a total": ("UPDATE {s}.cache_api_totalday SET bytes = bytes - 1",
        ("daily rollups = daily totals",)),
    "a customer's hour": ("UPDATE {s}.cache_api_customerhour SET hits = hits - 1", (PEOPLE,)),
    "a customer's month": ("UPDATE {s}.cache_api_customermonth SET lookups = lookups + 1",
        ("customers' days = customers' months",)),
    "a customer's day": ("DELETE FROM {s}.cache_api_customerday",
        ("daily rollups = customers' days", "customers' days = customers' months")),
    "a channel day": ("UPDATE channel_day SET events = 0 WHERE partner_id = '{p}'",
        ("daily rollups = channel days",)),
    "a channel day of nobody": (
        "UPDATE channel_day SET partner_id = gen_random_uuid() WHERE partner_id = '{p}'",
        ("daily rollups = channel days", "every channel day belongs to a partner")),
    "an hour's latencies": (
        "UPDATE {s}.cache_api_latencyhour SET buckets[5] = buckets[5] + 1",
        ("timed usage events = hourly latencies", "hourly latencies = daily latencies")),
    "a latency in the wrong bucket": (
        "UPDATE {s}.cache_api_latencyday SET buckets[1] = 1, buckets[12] = buckets[12] - 1",
        ("hourly latencies = daily latencies",)),
    "a customer gone": ("DELETE FROM {s}.cache_api_customer WHERE external_id = 'c1'",
        ("usage events = hourly rollups", "timed usage events = hourly latencies",
         "every usage event and rollup has its customer")),
    "rollups moved to the other customer": (
        "UPDATE {s}.cache_api_rolluphour SET customer_id = (SELECT id FROM {s}.cache_api_customer"
        " WHERE external_id = 'c1') WHERE quantity = 5", (*LABELS, PEOPLE)),
    "a batch forgotten": ("UPDATE partner_position SET last_batch = 0 WHERE partner_id = '{p}'",
        ("no usage event is newer than its partner's last batch",)),
}  # fmt: skip


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_planted_corruption_is_found_and_named(corruption, recorded, database, partners):
    text, names = CORRUPTIONS[corruption]
    sql(database, text.format(s=partners.redis.schema_name, p=partners.redis.pk))
    found = breached()
    assert set(found) == set(names)
    platform = {"every channel day belongs to a partner"}
    for name, breaches in found.items():
        assert {one.partner for one in breaches} == ({""} if name in platform else {"redis-labs"})
        assert all(one.check == name and one.detail for one in breaches)


def test_a_breach_gives_the_key_and_both_numbers(recorded, database, partners):
    sql(database, f"UPDATE {partners.redis.schema_name}.cache_api_rolluphour"
                  " SET quantity = 6, bytes = 1 WHERE quantity = 5")  # fmt: skip
    [breach] = breached()["usage events = hourly rollups"]
    assert breach.detail == (
        "2026-11-23 08:00:00+00 c0 live lookup hit openai gpt-4o eu-1:"
        " quantity 5 in events, 6 in hours; bytes 6500 in events, 1 in hours"
    )


def test_an_event_deleted_by_a_superuser_is_missed_twice(recorded, database, partners):
    with database.psql() as boss:
        boss.execute("SET session_replication_role = replica")  # the way past every trigger
        boss.execute("DELETE FROM usage_event WHERE seq = 5")
    found = breached()
    assert set(found) == {
        "usage events = hourly rollups", "timed usage events = hourly latencies",
        "numbered events are recorded without a gap",
    }  # fmt: skip
    [gap] = found["numbered events are recorded without a gap"]
    assert gap.detail == (f"process {BOOT}: 1 of the numbers 1 to 9 are missing, the first is 5")


def heartbeat(database, last_seq, spool_bytes=0, age="2 hours", boot=BOOT):
    sql(database, "INSERT INTO edge_heartbeat VALUES (%s, %s, %s, 0, now() - %s::interval)",
        boot, last_seq, spool_bytes, age)  # fmt: skip


GAP = "numbered events are recorded without a gap"


@pytest.mark.parametrize(("beat", "gap"), [
    ({"last_seq": 10}, None),
    ({"last_seq": 10, "age": "1 second"}, None),
    ({"last_seq": 12}, "2 of the numbers 1 to 12 are missing, the first is 11"),
    ({"last_seq": 12, "age": "1 second"}, "2 of the numbers 1 to 12 are missing, the first is 11"),
    ({"last_seq": 12, "spool_bytes": 900, "age": "1 minute"}, None),
    ({"last_seq": 12, "spool_bytes": 900}, "2 of the numbers 1 to 12 are missing, the first is 11"),
])  # fmt: skip
def test_what_a_process_said_it_numbered_must_have_arrived(beat, gap, recorded, database):
    heartbeat(database, **beat)
    found = breached()
    assert list(found) == ([GAP] if gap else [])
    if gap:
        assert found[GAP][0].detail.endswith(gap)


@pytest.mark.parametrize(
    ("lived_on_s", "missing"), [(0, ""), (4, ""), (6, "2 of the numbers 1 to 14")]
)
def test_numbers_of_its_last_seconds_may_be_missing_of_a_killed_process(
    lived_on_s, missing, recorded, database, partners
):
    """Threads append side by side: 13 was there when it was killed, 11 and 12 were never answered.

    Had it lived on, they would have been answered, and must be there.
    """
    heartbeat(database, 10)
    database.login("recorder")
    later = NOW + timedelta(seconds=lived_on_s)
    events = [event(partners.redis, at=NOW, boot_id=BOOT, seq=13),
              event(partners.redis, at=later, boot_id=BOOT, seq=14)]  # fmt: skip
    record_events(events=events, source="test", now=later)

    found = breached()

    assert list(found) == ([GAP] if missing else [])
    if missing:
        assert found[GAP][0].detail.endswith(f"{missing} are missing, the first is 11")


def test_a_process_whose_every_event_is_lost_is_found(recorded, database):
    lost = uuid7()
    heartbeat(database, 3, boot=lost)
    assert breached()[GAP][0].detail == (
        f"process {lost}: 3 of the numbers 1 to 3 are missing, the first is 1"
    )


def test_numbers_in_flight_of_a_living_process_are_no_gap(recorded, database, partners):
    database.login("recorder")
    ahead = [event(partners.redis, boot_id=BOOT, seq=13)]
    record_events(events=ahead, source="test", now=NOW)
    heartbeat(database, 10, age="1 second")
    assert breached() == {}


def test_dead_letters_are_a_breach_until_closed_and_count_as_arrived(recorded, database, partners):
    database.login("recorder")
    stray = event(partners.redis, partner_id=uuid7(), boot_id=BOOT, seq=11)
    record_events(
        events=[stray, event(partners.redis, boot_id=BOOT, seq=12)], source="test", now=NOW,
        unreadable=[Poison(b"?", "unreadable: no")],
    )  # fmt: skip
    found = breached()
    assert list(found) == ["no event waits in the dead letters"]
    assert len(found["no event waits in the dead letters"]) == 2
    sql(database, "UPDATE dead_letter SET resolved_at = now()")
    assert breached() == {}


def test_long_lists_are_cut_and_counted(recorded, database, partners):
    schema = partners.pinecone.schema_name
    sql(
        database,
        f"""INSERT INTO {schema}.cache_api_rollupday SELECT now() - n * interval '1 day',
        gen_random_uuid(), true, 'lookup', 'hit', '', 'm', '', 1, 1, 0, 0, 0, 0, 0, 0
        FROM generate_series(1, 50) n""",
    )
    details = [one.detail for one in breached()["daily rollups = channel days"]]
    assert len(details) == 21
    assert details[-1] == "and 30 more"
