"""Recorded feedback: one correction a hit, on the right account, and every equation still holds."""

from datetime import timedelta

import pytest

from cache_api import queries
from cache_api.actions.rebuild_rollups import rebuild_rollups
from cache_api.actions.record_events import record_events
from cache_api.queries import scrape
from cache_api.reconcile import CHECKS
from tenants.rules.ids import uuid7
from tenants.schema import in_partner
from tests.cache_api.cast import HOUR, NOW, event, event_id, everything, sql

BOOT = uuid7()
START = NOW - timedelta(days=1)
END = NOW + timedelta(days=1)


@pytest.fixture
def record(database, partners):
    database.login("recorder")
    numbers = iter(range(1, 1000))

    def record(*events):
        numbered = []
        for one in events:
            fields = {name: getattr(one, name) for name in one.__struct_fields__}
            numbered.append(type(one)(**{**fields, "boot_id": BOOT, "seq": next(numbers)}))
        return record_events(events=numbered, source="test", now=NOW)

    return record


def feedback(partner, hit, **members):
    plain = {
        "event_id": event_id(NOW + HOUR), "kind": "feedback", "outcome": "unmatched",
        "reason": str(hit.event_id), "provider": "", "model": "", "tokens_in": 0, "tokens_out": 0,
        "bytes": 0, "cost_saved_micros": 0, "latency_us": 300,
    }  # fmt: skip
    return event(partner, **{**plain, **members})


def billed(partner):
    with in_partner(partner):
        return [
            (row.customer_external_id, row.lookups, row.cached_requests, row.bytes_served,
             row.tokens_saved, row.cost_saved_micros)
            for row in queries.usage_by_meter(START, END)
        ]  # fmt: skip


def breaches():
    return [one for check in CHECKS for one in check.run()]


def outcomes(database, partner):
    return sql(database, "SELECT outcome, count(*) FROM usage_event WHERE partner_id = %s"
               " AND kind = 'feedback' GROUP BY 1 ORDER BY 1", partner.pk)  # fmt: skip


def test_a_wrong_hit_goes_off_the_bill_once(record, database, partners):
    hits = [event(partners.redis) for _ in range(3)]
    theirs = event(partners.pinecone)
    record(*hits, theirs)
    record(feedback(partners.redis, hits[1]))
    once = everything(database, partners)["channel_day"], billed(partners.redis)
    record(feedback(partners.redis, hits[1]), feedback(partners.redis, hits[1]))

    assert once == (everything(database, partners)["channel_day"], billed(partners.redis))
    assert billed(partners.redis) == [("acme", 3, 2, 2600, 240, 900)]
    assert billed(partners.pinecone) == [("acme", 1, 1, 1300, 120, 450)]
    assert outcomes(database, partners.redis) == [("wrong_hit", 1)]
    assert breaches() == []
    with in_partner(partners.redis):
        summary = queries.usage_summary(START, END)
        (by_model,) = queries.usage_breakdown(START, END)
        by_outcome = {one.label: one.hits for one in queries.usage_breakdown(START, END, "outcome")}
    assert (summary.lookups, summary.hits, summary.misses) == (3, 2, 1)
    assert (by_model.hits, by_model.cost_saved_micros) == (2, 900)
    assert by_outcome == {"hit": 3}


@pytest.mark.parametrize("outcome", ["hit", "semantic_hit"])
def test_an_unused_hit_goes_off_the_bill_once_and_is_no_wrong_one(
    record, database, partners, outcome
):
    hits = [event(partners.redis, outcome=outcome) for _ in range(3)]
    record(*hits, event(partners.pinecone, outcome=outcome))
    record(feedback(partners.redis, hits[1], reason=f"unused {hits[1].event_id}"))
    once = everything(database, partners)["channel_day"], billed(partners.redis)
    record(  # what is said first counts
        feedback(partners.redis, hits[1], reason=f"unused {hits[1].event_id}"),
        feedback(partners.redis, hits[1]),
    )

    assert once == (everything(database, partners)["channel_day"], billed(partners.redis))
    assert billed(partners.redis) == [("acme", 3, 2, 2600, 240, 900)]
    assert billed(partners.pinecone) == [("acme", 1, 1, 1300, 120, 450)]
    assert outcomes(database, partners.redis) == [(f"unused_{outcome}", 1)]
    assert breaches() == []
    with in_partner(partners.redis):
        summary = queries.usage_summary(START, END)
        (counted,) = scrape.counters(NOW)
    semantic = 2 if outcome == "semantic_hit" else 0
    assert (summary.lookups, summary.hits, summary.semantic_hits) == (3, 2, semantic)
    assert (counted.hits, counted.wrong_hits, counted.unused_hits) == (3, 0, 1)


def test_feedback_beside_its_hit_in_one_batch(record, database, partners):
    hit = event(partners.redis, outcome="semantic_hit")
    record(hit, feedback(partners.redis, hit), feedback(partners.redis, hit))

    assert billed(partners.redis) == [("acme", 1, 0, 0, 0, 0)]
    assert outcomes(database, partners.redis) == [("wrong_semantic_hit", 1)]
    assert breaches() == []


@pytest.mark.parametrize(("mark", "outcome"), [("", "wrong_hit"), ("unused ", "unused_hit")])
def test_feedback_that_overtook_its_hit_is_matched_when_the_hit_comes(
    record, database, partners, mark, outcome
):
    late, theirs = event(partners.redis), event(partners.pinecone)
    said = feedback(partners.redis, late, reason=f"{mark}{late.event_id}")
    record(said, feedback(partners.redis, late), feedback(partners.pinecone, late))
    assert outcomes(database, partners.redis) == [("unmatched", 2)]
    assert not any(any(row[1:]) for row in billed(partners.redis))

    done = record(late, theirs, event(partners.redis))
    once = everything(database, partners)["channel_day"], billed(partners.redis)
    record(late)

    assert (done.received, done.inserted, done.duplicates) == (4, 4, 0)
    assert once == (everything(database, partners)["channel_day"], billed(partners.redis))
    ours, others = ([row for row in billed(one) if any(row[1:])] for one in partners)
    assert ours == [("acme", 2, 1, 1300, 120, 450)]
    assert others == [("acme", 1, 1, 1300, 120, 450)]
    assert set(outcomes(database, partners.redis)) == {("unmatched", 2), (outcome, 1)}
    assert breaches() == []


def test_feedback_that_fits_no_hit_changes_nothing_and_breaks_nothing(record, database, partners):
    mine, theirs = event(partners.redis), event(partners.pinecone)
    stored = event(partners.redis, kind="store", outcome="stored")
    missed = event(partners.redis, outcome="miss")
    test = event(partners.redis, livemode=False)
    record(mine, theirs, stored, missed, test)
    before = billed(partners.redis), billed(partners.pinecone)

    record(
        feedback(partners.pinecone, mine),  # another partner's
        feedback(partners.redis, theirs),
        feedback(partners.redis, mine, customer="globex"),
        feedback(partners.redis, stored), feedback(partners.redis, missed),
        feedback(partners.redis, test), feedback(partners.redis, event(partners.redis)),
        feedback(partners.redis, mine, reason="not an id"),
    )  # fmt: skip

    mine_now = [row for row in billed(partners.redis) if row[0] == "acme" and any(row[1:])]
    assert mine_now == before[0]
    assert [row for row in billed(partners.pinecone) if any(row[1:])] == before[1]
    assert outcomes(database, partners.redis) == [("unmatched", 7)]
    assert outcomes(database, partners.pinecone) == [("unmatched", 1)]
    assert breaches() == []


def test_it_is_subtracted_in_the_hits_own_hour_and_survives_a_rebuild(record, database, partners):
    old = event(partners.redis, at=NOW - 5 * HOUR)
    record(old, event(partners.redis))
    record(feedback(partners.redis, old))
    before = everything(database, partners)

    with in_partner(partners.redis):
        points = {point.bucket_at: point.hits for point in queries.usage_series(None, START, END)}
    assert points[(NOW - 5 * HOUR).replace(minute=0)] == 0
    assert points[NOW.replace(minute=0)] == 1
    rebuild_rollups(now=NOW)
    after = everything(database, partners)
    assert after["redis-labs.cache_api_rolluphour"] == before["redis-labs.cache_api_rolluphour"]
    assert breaches() == []
