"""GET /api/overflow/stats: the partner's numbers, a customer's own, and nobody else's."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cache_api import examples
from cache_api.actions.record_events import record_events
from cache_api.views.stats import PATH
from tests.cache_api import doors
from tests.cache_api.cast import NOW, event

PERIOD = {"start": "2026-11-20T13:00:00Z", "end": "2026-11-23T13:00:00Z"}


@pytest.fixture
def usage(database, partners, reader):
    """Redis: acme 10 hits, 4 misses, 2 stores, 100 test hits; globex 6 semantic hits two days ago.

    Pinecone's customers have the same names.
    """
    database.login("recorder")
    redis = partners.redis
    record_events(source="test", now=NOW, events=[
        event(redis, quantity=10, latency_us=100),
        event(redis, quantity=4, outcome="miss", latency_us=9000, model="llama-4", provider="meta"),
        event(redis, quantity=2, kind="store", outcome="stored", latency_us=None,
              prefix_tokens=1920, prefix_saved_micros=2400),
        event(redis, quantity=100, livemode=False),
        event(redis, at=NOW - timedelta(days=2), customer="globex", quantity=6, region="us-1",
              outcome="semantic_hit", latency_us=3000),
        event(partners.pinecone, quantity=1000, latency_us=1),
    ])  # fmt: skip
    database.login("web")
    with time_machine.travel(NOW, tick=True):
        yield reader


def stats(usage, key, **parameters):
    return usage.json(PATH, key, **{**PERIOD, **parameters})


def test_totals_series_and_breakdown_say_the_same(usage):
    told = stats(usage, usage.redis.live, granularity="day")

    assert told["totals"] == {
        "lookups": 20, "hits": 16, "semantic_hits": 6, "misses": 4, "stores": 2, "hit_rate": 0.8,
        "bytes_served": 20800, "tokens_saved": 1920, "cost_saved": 0.0072,
    }  # fmt: skip
    assert (told["start"], told["end"]) == ("2026-11-20T00:00:00Z", "2026-11-24T00:00:00Z")
    assert [(one["at"], one["lookups"]) for one in told["series"]] == [
        ("2026-11-20T00:00:00Z", 0), ("2026-11-21T00:00:00Z", 6),
        ("2026-11-22T00:00:00Z", 0), ("2026-11-23T00:00:00Z", 14),
    ]  # fmt: skip
    assert [(one["value"], one["lookups"]) for one in told["breakdown"]] == [
        ("gpt-4o", 16), ("llama-4", 4)
    ]  # fmt: skip
    assert told["prompt_caching"] == {"repeated_tokens": 3840, "could_save": 0.0048}
    assert told["latency_ms"] == {"p50": 0.101, "p95": 3.25, "p99": 3.25}
    assert len(stats(usage, usage.redis.live)["series"]) == 72


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        ("customer", {"acme": 14, "globex": 6}),
        ("provider", {"openai": 16, "meta": 4}),
        ("region", {"eu-1": 14, "us-1": 6}),
        ("outcome", {"hit": 10, "semantic_hit": 6, "miss": 4, "stored": 0}),
    ],
)
def test_each_breakdown(usage, by, wanted):
    told = stats(usage, usage.redis.live, by=by)
    assert {one["value"]: one["lookups"] for one in told["breakdown"]} == wanted


def test_keys_see_what_they_may(usage):
    acme, globex = {"customer": "acme"}, {"customer": "globex"}
    assert stats(usage, usage.redis.live, **acme)["totals"]["lookups"] == 14
    assert stats(usage, usage.redis.test)["totals"]["lookups"] == 100
    own = stats(usage, usage.redis.acme, by="customer")
    assert own["totals"]["lookups"] == 14
    assert [one["value"] for one in own["breakdown"]] == ["acme"]
    assert stats(usage, usage.redis.acme, **acme)["totals"]["lookups"] == 14
    assert usage.get(PATH, usage.redis.acme, **globex).status_code == 403
    for key in (usage.redis.live, usage.redis.acme):
        assert b"share" not in usage.get(PATH, key, **PERIOD).content
    newcomer = usage.cast.key(usage.redis, customer="newcomer")
    assert stats(usage, newcomer)["totals"]["lookups"] == 0
    pinecone = usage.json(PATH, usage.pinecone.live, doors.PINECONE_HOST, **PERIOD)
    assert pinecone["totals"]["lookups"] == 1000


def test_a_key_reads_nothing_on_another_partners_host(usage):
    neutral = "pinecone.partners.agentcache.localhost"  # in the portal, in nobody's snap:host
    for host in (doors.PINECONE_HOST, neutral):
        got = usage.get(PATH, usage.redis.live, host, **PERIOD)
        assert got.status_code == 404, (host, got.content)


def test_bad_parameters_are_named(usage):
    for parameters, name in [
        ({"start": "soon"}, "start"), ({"by": "key"}, "by"), ({"customer": "nobody"}, "customer"),
        ({"granularity": "minute"}, "granularity"), ({"a/b": "1"}, "a~1b"),
    ]:  # fmt: skip
        got = usage.get(PATH, usage.redis.live, **parameters)
        assert (got.status_code, got["content-type"]) == (400, "application/problem+json")
        problem = got.json()
        assert problem["code"] == "invalid-request"
        assert [one["pointer"] for one in problem["errors"]] == [f"/{name}"]
        assert name.replace("~1", "/") in problem["detail"]
    assert usage.get(PATH, "acp_live_nonsense").status_code == 401
    assert usage.get(PATH, usage.cast.key(usage.redis, revoked=True)).status_code == 401


def test_the_example_has_the_answers_members(usage):
    told, shown = stats(usage, usage.redis.live), examples.STATS.value
    assert list(told) == list(shown)
    for name in ("totals", "latency_ms", "prompt_caching"):
        assert list(told[name]) == list(shown[name])
    for name in ("series", "breakdown"):
        assert list(told[name][0]) == list(shown[name][0])


@pytest.mark.parametrize("by", ["model", "customer"])
def test_the_query_count_does_not_grow_with_the_rows(usage, database, partners, by):
    def count():
        with CaptureQueriesContext(connection) as captured:
            stats(usage, usage.redis.live, by=by, customer="acme")
        return len(captured)

    stats(usage, usage.redis.live)  # host, facts and connection are known from here on
    before = count()
    database.login("recorder")
    many = [event(partners.redis, customer=f"c{n}", model=f"m{n}") for n in range(100)]
    record_events(events=many, source="test", now=NOW)
    database.login("web")
    stats(usage, usage.redis.live)
    assert count() == before


def test_the_edge_says_where_to_ask(edge_door, cast):
    for path in (PATH, "/api/v1/metrics"):
        got = edge_door.call("GET", path, headers={"authorization": f"Bearer {cast.redis.live}"})
        assert (got.status, got.content_type) == (404, "application/problem+json")
        assert "portal's host" in got.json["detail"]
