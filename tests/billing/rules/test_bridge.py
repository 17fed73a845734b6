"""Why a month differs: four causes that always add up, and worked months in which one is alone."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.bridge import CAUSES, MEASURES, bridge
from billing.rules.charging import charge
from billing.rules.periods import parse_month
from billing.rules.rates import PER_UNIT, Rate, RateCard
from tests.billing.rules.build import RETAIL, few, row, run, terms
from tests.billing.rules.test_charging import KINDS, TIERED, usages

SEPTEMBER, OCTOBER = parse_month("2026-09"), parse_month("2026-10")
DEARER = RateCard("card-2", "Dearer", "USD", (
    Rate("cached", "cached_requests", PER_UNIT, Decimal("0.003")),
    Rate("served", "gb_served", PER_UNIT, Decimal("0.02")),
))  # fmt: skip
ONLY_GPT = RateCard("card-3", "One model", "USD", (
    Rate("cached", "cached_requests", PER_UNIT, Decimal("0.003"), where=(("model", "gpt-4o"),)),
))  # fmt: skip


def month(period, *rows, **more):
    return run(*rows, period=period, **more)


def causes(found, measure="gross_minor"):
    return {name: found.causes[name][measure] for name in CAUSES}


BEFORE = month(SEPTEMBER, row("acme", 10_000), row("beta", 5_000))


def test_the_same_month_again_differs_by_nothing():
    found = bridge(BEFORE, month(OCTOBER, row("acme", 10_000), row("beta", 5_000)))

    assert set(causes(found).values()) == {0} and found.before == found.after


def test_more_of_the_same_is_volume():
    found = bridge(BEFORE, month(OCTOBER, row("acme", 20_000), row("beta", 10_000)))

    assert causes(found) == {"terms": 0, "price": 0, "volume": 30_00, "mix": 0}
    assert causes(found, "partner_minor")["volume"] == 9_00


def test_a_dearer_card_is_price():
    found = bridge(BEFORE, month(OCTOBER, row("acme", 10_000), row("beta", 5_000), retail=DEARER))

    assert causes(found) == {"terms": 0, "price": 15_00, "volume": 0, "mix": 0}


def test_another_share_is_terms_and_moves_only_the_sides():
    found = bridge(BEFORE, month(OCTOBER, row("acme", 10_000), row("beta", 5_000),
                                 agreed=terms(share_bps=2_000)))  # fmt: skip

    assert set(causes(found).values()) == {0}
    assert causes(found, "platform_minor") == {"terms": 3_00, "price": 0, "volume": 0, "mix": 0}


def test_another_model_at_another_price_is_mix():
    prices = RateCard("card-4", "By model", "USD", (
        Rate("a", "cached_requests", PER_UNIT, Decimal("0.001"), where=(("model", "a"),)),
        Rate("b", "cached_requests", PER_UNIT, Decimal("0.004"), where=(("model", "b"),)),
    ))  # fmt: skip
    last = month(SEPTEMBER, row("acme", 900, model="a"), row("acme", 100, model="b"), retail=prices)
    now = month(OCTOBER, row("acme", 100, model="a"), row("acme", 900, model="b"), retail=prices)

    assert causes(bridge(last, now)) == {"terms": 0, "price": 0, "volume": 0, "mix": 240}


def test_the_end_of_a_proof_of_concept_is_terms():
    agreed = terms("poc", starts="2026-04-01T00")
    found = bridge(month(SEPTEMBER, row("acme", 1000), agreed=agreed),
                   month(OCTOBER, row("acme", 2000), agreed=agreed))  # fmt: skip

    assert causes(found) == {"terms": 2_00, "price": 0, "volume": 2_00, "mix": 0}


def test_a_step_that_cannot_be_rated_falls_into_the_next():
    last = month(SEPTEMBER, row("acme", 1000, model="gpt-4o"), retail=ONLY_GPT)
    now = month(OCTOBER, row("acme", 1000, model="other"))

    found = bridge(last, now)

    assert sum(causes(found).values()) == -1_00 and causes(found)["mix"] == 0


@pytest.mark.parametrize("kinds", [(one, two) for one in KINDS for two in ("redis", one)])
@given(usages, usages, st.sampled_from([RETAIL, TIERED, DEARER]))
@few
def test_the_causes_always_sum_to_the_difference(kinds, before, after, card):
    last = month(SEPTEMBER, *before, agreed=KINDS[kinds[0]])
    now = month(OCTOBER, *after, agreed=KINDS[kinds[1]], retail=card)

    found = bridge(last, now)

    ends = charge(last).totals, charge(now).totals
    for name in MEASURES:
        assert found.before[name] == getattr(ends[0], name)
        assert found.after[name] == getattr(ends[1], name)
        assert found.before[name] + sum(causes(found, name).values()) == found.after[name]


def test_a_month_cut_by_an_amendment_is_bridged_as_a_whole():
    cut = month(OCTOBER, row("acme", 10_000, segment=0), row("beta", 5_000, segment=0))
    half = replace(cut.segments[0], segment=replace(cut.segments[0].segment,
                   end=parse_month("2026-10").start.replace(day=16)))  # fmt: skip
    rest = replace(half, version_id="v2", terms=terms(share_bps=0),
                   segment=replace(half.segment, index=1, start=half.segment.end,
                                   end=OCTOBER.end))  # fmt: skip
    now = replace(cut, segments=(half, rest),
                  rows=(*cut.rows, row("acme", 5_000, segment=1)))  # fmt: skip

    found = bridge(BEFORE, now)

    assert found.before["gross_minor"] + sum(causes(found).values()) == 40_00
