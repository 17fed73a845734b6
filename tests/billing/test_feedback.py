"""A hit that feedback takes back is not settled; one taken back later leaves the month as it is."""

import pytest

from billing.models import RunInput
from cache_api.rules.events import UsageEvent
from tests.billing.world import NOW, breaches, event_id, fingerprint, hit, record, settle


def wrong(one, reason=""):
    """Feedback on a hit, as an edge sends it."""
    return UsageEvent(
        event_id=event_id(NOW), partner_id=one.partner_id, customer=one.customer, kind="feedback",
        outcome="unmatched", livemode=True, reason=f"{reason}{one.event_id}",
    )  # fmt: skip


def frozen(partner):
    """customer → (lookups, hits, bytes, micro-dollars saved) of the partner's run."""
    rows = RunInput.objects.filter(partner_id=partner.id)
    return {
        row.external_id: (row.lookups, row.cached_requests, row.bytes_served, row.cost_saved_micros)
        for row in rows
    }


@pytest.mark.parametrize("reason", ["", "unused "])
def test_a_month_is_settled_without_its_wrong_and_its_unused_hits(database, world, reason):
    numbers = {"bytes": 10, "cost_saved_micros": 7}
    mine = [hit(world.redis, "2026-09-12", "fed", **numbers) for _ in range(3)]
    theirs = hit(world.pinecone, "2026-09-12", "fed", **numbers)
    database.login("recorder")
    record(*mine, theirs)
    record(wrong(mine[0], reason))
    database.login("settle")

    settle()

    assert frozen(world.redis)["fed"] == (3, 2, 20, 14)
    assert frozen(world.pinecone)["fed"] == (1, 1, 10, 7)
    assert breaches() == []
    before = fingerprint(database)
    database.login("recorder")
    record(wrong(mine[1], reason))  # too late for this run
    database.login("settle")
    assert fingerprint(database) == before
    assert breaches() == []
