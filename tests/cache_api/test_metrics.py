"""GET /api/v1/metrics: what prometheus_client's own parser reads back, and that it only grows."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from cache_api.actions.record_events import record_events
from cache_api.queries import scrape
from cache_api.rules import histogram
from cache_api.views.metrics import PATH
from tests.cache_api import doors
from tests.cache_api.cast import NOW, event, event_id


@pytest.fixture
def usage(reader):
    with time_machine.travel(NOW, tick=True):
        yield reader


@pytest.fixture
def record(database):
    """Record events, then be the web process again."""

    def run(*events):
        database.login("recorder")
        record_events(events=list(events), source="test", now=NOW)
        database.login("web")

    return run


def samples(usage, key, host=doors.REDIS_HOST):
    """(name, labels) → value, of every sample."""
    got = usage.get(PATH, key, host)
    assert got.status_code == 200, got.content
    assert got["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    return {
        (one.name, *sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(got.content.decode())
        for one in family.samples
    }


def of(found, customer):
    names = ("lookups", "hits", "semantic_hits", "stores", "served_bytes", "saved_dollars")
    return [found.get((f"overflow_{name}_total", ("customer", customer))) for name in names]


def test_counters_by_customer_and_latency_by_outcome(usage, partners, record):
    redis, odd = partners.redis, 'a "quoted"\\ name\nof two lines'
    record(
        event(redis, quantity=10, latency_us=100), event(redis, outcome="miss", latency_us=9000),
        event(redis, quantity=3, outcome="semantic_hit", latency_us=5_000_000),
        event(redis, kind="store", outcome="stored", latency_us=None),
        event(redis, customer=odd, quantity=2), event(redis, quantity=50, livemode=False),
        event(partners.pinecone, quantity=1000),
    )  # fmt: skip

    found = samples(usage, usage.redis.live)

    assert of(found, "acme") == [14, 13, 3, 1, 13 * 1300, 13 * 0.00045]
    assert of(found, odd) == [2, 2, 0, 0, 2600, 0.0009]
    bucket = ("overflow_latency_seconds_bucket", ("le", "0.000128"), ("outcome", "hit"))
    assert found[bucket] == 10  # the odd customer's 700 µs are above
    top = ("overflow_latency_seconds_bucket", ("le", "2.097152"), ("outcome", "semantic_hit"))
    assert found[top] == 0
    assert found["overflow_latency_seconds_count", ("outcome", "semantic_hit")] == 3
    assert found["overflow_latency_seconds_sum", ("outcome", "hit")] == pytest.approx(0.0024)
    began = found["overflow_lookups_created", ("customer", "acme")]
    assert began == NOW.replace(day=1, hour=0, minute=0).timestamp()
    assert of(samples(usage, usage.redis.test), "acme")[0] == 50
    assert of(samples(usage, usage.pinecone.live, doors.PINECONE_HOST), "acme")[0] == 1000
    own = samples(usage, usage.redis.acme)
    assert {dict(labels).get("customer", "acme") for _, *labels in own} == {"acme"}
    assert of(own, "acme") == of(found, "acme")


def test_every_third_bucket_is_one_of_ours(usage, partners, record):
    at_bounds = [event(partners.redis, latency_us=us) for us in (*histogram.UPPER_US, 10**7)]
    record(*at_bounds)
    found = samples(usage, usage.redis.live)
    counted = {
        dict(labels)["le"]: value
        for (name, *labels), value in found.items()
        if name == "overflow_latency_seconds_bucket"
    }
    assert counted == {
        bound: sum(one.latency_us <= float(bound) * 1e6 + 1e-3 for one in at_bounds)
        for bound in counted
    }
    assert len(counted) == 17


def test_nothing_goes_down_between_two_scrapes(usage, partners, record):
    hit = event(partners.redis, event_id=event_id(NOW), quantity=1)
    record(hit, event(partners.redis, outcome="miss"))
    first = samples(usage, usage.redis.live)
    wrong = event(partners.redis, kind="feedback", outcome="unmatched", reason=str(hit.event_id))
    record(wrong, event(partners.redis, customer="late"), event(partners.redis, latency_us=5))
    second = samples(usage, usage.redis.live)

    assert first.keys() <= second.keys()
    assert [name for name in first if second[name] < first[name]] == []
    assert second["overflow_wrong_hits_total", ("customer", "acme")] == 1
    assert second["overflow_unused_hits_total", ("customer", "acme")] == 0
    assert of(second, "acme")[:2] == [3, 2]


def test_cardinality_is_bounded_and_queries_are_constant(usage, partners, record, monkeypatch):
    def count():
        with CaptureQueriesContext(connection) as captured:
            found = samples(usage, usage.redis.live)
        return len(captured), found

    monkeypatch.setattr(scrape, "MOST_CUSTOMERS", 20)
    record(event(partners.redis, customer="first"))
    samples(usage, usage.redis.live)
    before, _ = count()
    record(*[event(partners.redis, customer=f"c{n:03}", model=f"m{n}") for n in range(100)])
    samples(usage, usage.redis.live)
    after, found = count()

    assert after == before
    shown = {labels[0][1] for name, *labels in found if name == "overflow_lookups_total"}
    assert shown == {"first", *(f"c{n:03}" for n in range(19)), "_other"}
    assert of(found, "_other")[0] == 81
