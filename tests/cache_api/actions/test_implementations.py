"""Which applications use an SDK: told by the events themselves, counted once each."""

from datetime import date, timedelta

from cache_api.actions.record_events import record_events
from portal.queries.channel import days_with, implementations
from tests.cache_api.cast import NOW, event, sql

PY, JS = "agentcache-py/0.1.0", "agentcache-js/0.1.0"
DAY = timedelta(days=1)


def record(database, *events):
    database.login("recorder")
    record_events(events=events, source="test", now=NOW)


def rows(database):
    return sql(
        database, "SELECT sdk, application, first_day, last_day FROM implementation ORDER BY 1, 2"
    )


def test_an_implementation_is_a_customers_application_with_an_sdk(database, partners):
    redis, pinecone = partners
    told = [
        event(redis, sdk=f"{PY} checkout"), event(redis, sdk="agentcache-py/0.2.0 checkout"),
        event(redis, sdk=f"{PY} search"), event(redis, sdk=PY), event(redis, sdk=f"{JS} checkout"),
        event(redis, sdk=f"{PY} checkout", customer="other"),
        event(redis, sdk=f"{PY} tried", livemode=False), event(redis, sdk="curl/8"),
        event(redis), event(pinecone, sdk=f"{JS} web shop"),
    ]  # fmt: skip
    record(database, *told)
    record(database, *told)

    assert implementations(days_with(NOW.date(), 29)) == {redis.pk: 5, pinecone.pk: 1}
    named = "SELECT application FROM implementation WHERE partner_id = %s"
    assert sql(database, named, pinecone.pk) == [("web shop",)]


def test_thirty_days_without_a_request_and_it_is_none(database, partners):
    record(database, event(partners.redis, NOW - 40 * DAY, sdk=f"{PY} old"))
    assert implementations(days_with(NOW.date(), 29)) == {}

    record(database, event(partners.redis, NOW, sdk=f"{PY} old"))
    record(database, event(partners.redis, NOW - 50 * DAY, sdk=f"{PY} old"))
    assert rows(database) == [
        ("agentcache-py", "old", date(2026, 10, 4), date(2026, 11, 23)),
    ]
    assert implementations(days_with(NOW.date(), 29)) == {partners.redis.pk: 1}


def test_a_partner_sees_its_own_only(database, partners):
    record(database, event(partners.redis, sdk=f"{PY} a"), event(partners.pinecone, sdk=f"{PY} b"))
    with database.psql("web") as web:
        web.execute(f'SET ROLE "{partners.redis.schema_name}"')
        assert web.execute("SELECT application FROM public.implementation").fetchall() == [("a",)]
