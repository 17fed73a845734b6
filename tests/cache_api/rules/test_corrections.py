"""A correction has the hit's numbers, time and place, one id, and fits nobody else's hit."""

import types
import uuid

import pytest

from cache_api.rules import corrections
from cache_api.rules.events import decode, encode
from tenants.rules.ids import uuid7
from tests.cache_api.cast import event

PARTNER = types.SimpleNamespace(pk=uuid7())


def feedback(hit, **members):
    plain = {
        "kind": "feedback", "outcome": "unmatched", "reason": str(hit.event_id), "provider": "",
        "model": "", "tokens_in": 0, "tokens_out": 0, "bytes": 0, "cost_saved_micros": 0,
        "seq": 9, "boot_id": uuid7(), "region": "us-1",
    }  # fmt: skip
    return event(PARTNER, **{**plain, **members})


@pytest.mark.parametrize(
    ("outcome", "unused", "corrected"),
    [("hit", False, "wrong_hit"), ("semantic_hit", False, "wrong_semantic_hit"),
     ("hit", True, "unused_hit"), ("semantic_hit", True, "unused_semantic_hit")],
)  # fmt: skip
def test_the_hits_numbers_and_the_feedbacks_own_place_in_the_row(outcome, unused, corrected):
    hit = event(PARTNER, outcome=outcome, quantity=3)
    reason = corrections.said(hit.event_id, unused=unused)
    one, two = feedback(hit, reason=reason), feedback(hit)

    made, again = (corrections.correction(each, hit) for each in (one, two))

    assert (made.kind, made.outcome, made.quantity) == ("feedback", corrected, 1)
    for name in ("provider", "model", "tokens_in", "tokens_out", "bytes", "cost_saved_micros",
                 "region", "customer", "livemode", "occurred_at_ms"):  # fmt: skip
        assert getattr(made, name) == getattr(hit, name), name
    assert (made.boot_id, made.seq, made.latency_us) == (one.boot_id, 9, None)
    assert made.event_id == again.event_id != hit.event_id
    assert made.event_id.version == 7
    assert decode(encode(made)) == made
    assert corrections.speaks_of(made) is None


@pytest.mark.parametrize(
    "other",
    [{"customer": "globex"}, {"livemode": False}, {"partner_id": uuid7()}, {"outcome": "miss"},
     {"outcome": "stale"}],
)  # fmt: skip
def test_it_fits_only_a_hit_of_the_same_partner_customer_and_mode(other):
    hit = event(PARTNER, **other)
    said = feedback(hit)

    assert corrections.correction(said, hit) is said
    assert corrections.correction(said, None) is said


def test_what_speaks_of_nothing():
    hit = event(PARTNER)

    assert corrections.speaks_of(feedback(hit)) == hit.event_id
    assert corrections.speaks_of(feedback(hit, reason=f"unused {hit.event_id}")) == hit.event_id
    for unread in ("x", "unused", "unused x", f"wrong {hit.event_id}"):
        assert corrections.speaks_of(feedback(hit, reason=unread)) is None
    assert corrections.speaks_of(hit) is None
    assert corrections.correction_id(hit.event_id) != corrections.correction_id(uuid.UUID(int=1))
