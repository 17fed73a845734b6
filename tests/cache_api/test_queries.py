"""Numbers for pages and documents: right sums, own partner only, constant query counts."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cache_api import queries
from cache_api.actions.record_events import record_events
from cache_api.rules import histogram
from tenants.schema import in_partner
from tests.cache_api.cast import NOW, event

START = NOW.replace(minute=0) - timedelta(days=3)
END = NOW.replace(minute=0) + timedelta(hours=1)
LONG_AGO = START - timedelta(days=30)


@pytest.fixture
def usage(database, partners):
    """Redis: acme 10 hits, 4 misses, 2 stores, 100 test hits; globex 6 semantic hits two days ago.

    Pinecone has the same customers with other numbers, which nobody at Redis may ever see.
    """
    database.login("recorder")
    redis = partners.redis
    record_events(source="test", now=NOW, events=[
        event(redis, quantity=10, latency_us=100),
        event(redis, quantity=4, outcome="miss", latency_us=9000, model="llama-4", provider="meta"),
        event(redis, quantity=2, kind="store", outcome="stored", byte_seconds=50, latency_us=None),
        event(redis, quantity=100, livemode=False),
        event(redis, at=NOW - timedelta(days=2), customer="globex", quantity=6,
              outcome="semantic_hit", latency_us=3000),
        event(partners.pinecone, quantity=1000, latency_us=1),
        event(partners.pinecone, customer="globex", quantity=1000, latency_us=1),
    ])  # fmt: skip
    database.login("web")
    return partners


@pytest.fixture
def redis(usage):
    with in_partner(usage.redis):
        yield usage.redis


def test_meters_are_the_billable_quantities(redis):
    rows = queries.usage_by_meter(START, END)
    found = {
        (row.customer_external_id, row.model): (
            row.segment, row.lookups, row.stores, row.cached_requests, row.bytes_served,
            row.byte_seconds, row.tokens_saved, row.cost_saved_micros,
        )
        for row in rows
    }  # fmt: skip
    assert found == {
        ("acme", "gpt-4o"): (0, 10, 2, 10, 13000, 100, 1200, 4500),
        ("acme", "llama-4"): (0, 4, 0, 0, 0, 0, 0, 0),
        ("globex", "gpt-4o"): (0, 6, 0, 6, 7800, 0, 720, 2700),
    }


def test_boundaries_cut_the_period_into_segments_that_sum_to_the_whole(redis):
    hour = NOW.replace(minute=0)
    rows = queries.usage_by_meter(START, END, (hour, hour - timedelta(days=1)))
    assert {(row.customer_external_id, row.segment) for row in rows} == {("acme", 2), ("globex", 0)}
    assert sum(row.lookups for row in rows) == 20
    assert queries.usage_by_meter(hour, END, ())[0].segment == 0
    assert queries.usage_by_meter(START, hour)[0].customer_external_id == "globex"


def test_summary_of_hours_and_of_days_agree(redis):
    short = queries.usage_summary(START, END)
    long = queries.usage_summary(LONG_AGO, END)
    assert short == long
    assert (short.lookups, short.hits, short.misses, short.stores) == (20, 16, 4, 2)
    assert short.hit_rate == 0.8
    assert queries.usage_summary(START, END, livemode=False).hits == 100
    empty = queries.usage_summary(LONG_AGO, START)
    assert (empty.lookups, empty.hit_rate) == (0, None)


def test_a_customer_sees_its_own(redis):
    acme = queries.customer_by_external_id("acme")
    assert queries.usage_summary(START, END, acme.pk).lookups == 14
    assert sum(one.lookups for one in queries.usage_series(acme.pk, START, END)) == 14
    assert queries.latency_percentiles(START, END, acme.pk)[99] == 101
    assert queries.customer_by_external_id("nobody") is None


def test_series_have_a_point_for_every_bucket(redis):
    hours = queries.usage_series(None, START, END)
    assert len(hours) == 73
    assert [(one.bucket_at, one.hits) for one in hours if one.lookups] == [
        (NOW.replace(minute=0) - timedelta(days=2), 6), (NOW.replace(minute=0), 10)
    ]  # fmt: skip
    days = queries.usage_series(None, START, END, "day")
    assert [one.lookups for one in days] == [0, 6, 0, 14]
    assert queries.usage_series(None, END, START) == []
    with pytest.raises(ValueError, match="use 'hour' or 'day'"):
        queries.usage_series(None, START, END, "week")


def test_breakdowns_are_sorted_by_lookups(redis):
    rows = queries.usage_breakdown(START, END)
    assert [(row.label, row.lookups, row.hits) for row in rows] == [
        ("gpt-4o", 16, 16), ("llama-4", 4, 0)
    ]  # fmt: skip
    assert [row.label for row in queries.usage_breakdown(START, END, by="provider", limit=1)] == [
        "openai"
    ]
    with pytest.raises(ValueError, match="cannot break usage down by 'customer_id'"):
        queries.usage_breakdown(START, END, by="customer_id")


def test_percentiles_come_from_merged_histograms(redis):
    buckets = queries.latency_buckets(START, END)
    wanted = histogram.empty()
    wanted[histogram.index(100)], wanted[histogram.index(3000)] = 10, 6
    assert buckets == wanted == queries.latency_buckets(LONG_AGO, END)
    found = queries.latency_percentiles(START, END)
    assert found == {p: histogram.percentile(wanted, p) for p in (50, 95, 99)}
    assert queries.latency_percentiles(LONG_AGO, START) == {50: None, 95: None, 99: None}
    assert queries.latency_percentiles(START, END, outcomes=["miss"], percentiles=[50])[50] > 9000


def test_customers_by_usage_and_by_page(redis):
    top = queries.top_customers(START, END)
    assert [(one.external_id, one.lookups, one.hits) for one in top] == [
        ("acme", 14, 10), ("globex", 6, 6)
    ]  # fmt: skip
    assert [one.external_id for one in queries.top_customers(START, END, limit=1)] == ["acme"]
    page, total = queries.customers_page(START, END, limit=1, offset=1)
    assert ([one.external_id for one in page], total) == (["globex"], 2)
    assert queries.customers_page(START, END, search="LOB")[0][0].hits == 6
    assert queries.customers_page(LONG_AGO, START, search="acme")[0][0].lookups == 0
    assert queries.customers_page(START, END, state="suspended") == ([], 0)


def test_the_bound_is_the_partners_last_batch(redis, usage):
    assert queries.batch_bound(redis.pk) == 1
    assert queries.batch_bound(usage.pinecone.pk) == 0  # row security: not this partner's to see


QUERIES = {
    "usage_by_meter": (2, lambda: queries.usage_by_meter(START, END)),
    "usage_series": (1, lambda: queries.usage_series(None, START, END)),
    "usage_summary": (1, lambda: queries.usage_summary(START, END)),
    "usage_breakdown": (1, lambda: queries.usage_breakdown(START, END)),
    "latency_percentiles": (1, lambda: queries.latency_percentiles(START, END)),
    "top_customers": (2, lambda: queries.top_customers(START, END, 100)),
    "customers_page": (3, lambda: queries.customers_page(START, END, limit=100)),
}


def counts():
    found = {}
    for name, (_, run) in QUERIES.items():
        with CaptureQueriesContext(connection) as captured:
            run()
        found[name] = len(captured)
    return found


def test_query_counts_are_the_same_at_two_and_at_a_hundred_customers(usage, database):
    with in_partner(usage.redis):
        queries.usage_summary(START, END)  # connects
        assert counts() == {name: number for name, (number, _) in QUERIES.items()}
    database.login("recorder")
    many = [event(usage.redis, customer=f"c{n}", model=f"m{n}") for n in range(100)]
    record_events(events=many, source="test", now=NOW)
    database.login("web")
    with in_partner(usage.redis):
        queries.usage_summary(START, END)
        assert len(queries.top_customers(START, END, 200)) == 102
        assert counts() == {name: number for name, (number, _) in QUERIES.items()}
