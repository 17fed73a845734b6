"""Whole runs: order, deltas, late usage, cuts, parking. Two partners' terms side by side."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.charging import RunTotals, charge
from billing.rules.errors import (
    BadRunInput,
    ForeignCurrency,
    InvariantBroken,
    MissingRate,
    Parked,
)
from billing.rules.inputs import BookedLine, BookedShare, SegmentTerms
from billing.rules.periods import segments
from billing.rules.rates import PER_UNIT, Rate, RateCard, Tier
from billing.rules.terms import SavingsShare
from tests.billing.rules.build import OCTOBER, RETAIL, few, hour, row, run, terms

REDIS = terms("revenue_share_platform", "general_cache")
CLOUD = terms("revenue_share_partner", "cloud")
KINDS = {
    "redis": REDIS,
    "cloud": CLOUD,
    "poc": terms("poc", "llm_provider", "2026-04-15T12"),
    "oem": terms("oem", "cloud"),
    "wholesale": terms("wholesale", "cloud", discount_mode="graduated",
                       discount_tiers=((1000, 100), (None, 500))),
    "direct": terms("direct", "direct"),
}  # fmt: skip
TIERED = RateCard("card-2", "Tiered", "USD", (
    Rate("cached", "cached_requests", "graduated",
         tiers=(Tier(Decimal(100), Decimal("0.010")), Tier(None, Decimal("0.001")))),
))  # fmt: skip

counts = st.integers(0, 10**9)
usages = st.lists(
    st.builds(row, st.sampled_from(["acme", "beta", "gamma"]), counts,
              st.integers(0, 10**13).map(lambda n: Decimal(n).scaleb(-9)),
              model=st.sampled_from(["gpt-4o", "claude-sonnet", ""])),
    max_size=6,
)  # fmt: skip


def book(result, *, before=((), ())):
    """What a finished run leaves booked, added to what was booked before it."""
    lines = {line.key: line for line in before[0]}
    for line in result.lines:
        old = lines.get(line.key, BookedLine(line.key, 0))
        lines[line.key] = BookedLine(
            line.key,
            old.rounded_minor + line.amount_minor,
            old.earned_minor + line.earned_minor,
            line.kind,
            line.payer,
            line.customer_id,
            line.external_id,
            line.name,
            line.version_id,
            line.phase,
            line.meter,
            line.rate_key,
            line.unit,
            line.description,
        )
    shares = {share.key: share for share in before[1]}
    for share in result.shares:
        old = shares.get(share.key, BookedShare(share.key, 0, 0, 0))
        shares[share.key] = BookedShare(
            share.key,
            old.base_minor + share.delta_base_minor,
            old.partner_minor + share.delta_partner_minor,
            old.platform_minor + share.delta_platform_minor,
        )
    return tuple(lines.values()), tuple(shares.values())


@pytest.mark.parametrize("kind", KINDS)
@few
@given(usages, st.randoms())
def test_row_order_changes_nothing(kind, usage, random):
    agreed = KINDS[kind]
    wanted = charge(run(*usage, agreed=agreed))
    random.shuffle(usage)
    assert charge(run(*usage, agreed=agreed)) == wanted


@pytest.mark.parametrize("kind", KINDS)
@few
@given(usages)
def test_documents_carry_the_whole_run(kind, usage):
    result = charge(run(*usage, agreed=KINDS[kind]))
    totals = result.totals
    assert totals.gross_minor == totals.platform_minor + totals.partner_minor
    nets = {}
    for draft in result.drafts:
        nets[draft.kind] = nets.get(draft.kind, 0) + draft.net_minor
    assert nets.get("payout_statement", 0) == (0 if kind == "cloud" else totals.partner_minor)
    if kind == "cloud":
        assert nets.get("customer_invoice", 0) == totals.gross_minor
        assert nets.get("partner_invoice", 0) == totals.platform_minor


@pytest.mark.parametrize("kind", KINDS)
@few
@given(usages, usages)
def test_late_usage_comes_out_as_if_it_had_been_on_time(kind, early, late):
    agreed = KINDS[kind]
    first = charge(run(*early, agreed=agreed))
    lines, shares = book(first)
    again = run(*early, *late, agreed=agreed, booked_lines=lines, booked_shares=shares)
    second = charge(again)
    whole = charge(run(*early, *late, agreed=agreed)).totals
    for member in ("gross_minor", "partner_minor", "platform_minor", "shadow_minor"):
        parts = getattr(first.totals, member) + getattr(second.totals, member)
        assert parts == getattr(whole, member)


@pytest.mark.parametrize("kind", KINDS)
@few
@given(usages)
def test_a_second_run_of_the_same_usage_adds_nothing(kind, usage):
    agreed = KINDS[kind]
    first = charge(run(row("acme", 1), *usage, agreed=agreed))
    lines, shares = book(first)
    again = run(row("acme", 1), *usage, agreed=agreed, booked_lines=lines, booked_shares=shares)
    assert charge(again).drafts == ()
    assert charge(again).totals.gross_minor == 0


@few
@given(usages)
def test_usage_taken_back_is_credited_in_full(usage):
    first = charge(run(row("acme", 1000), *usage, agreed=REDIS))
    lines, shares = book(first)
    back = charge(run(agreed=REDIS, booked_lines=lines, booked_shares=shares))
    assert back.totals.gross_minor == -first.totals.gross_minor
    assert back.totals.partner_minor == -first.totals.partner_minor


def test_retiering_gives_negative_lines_and_never_clamps():
    volume = RateCard("card-3", "Volume", "USD", (
        Rate("cached", "cached_requests", "volume",
             tiers=(Tier(Decimal(15), Decimal(10)), Tier(None, Decimal(5)))),
    ))  # fmt: skip
    first = charge(run(row("acme", 15), retail=volume, agreed=REDIS))
    lines, shares = book(first)
    second = charge(
        run(row("acme", 16), retail=volume, agreed=REDIS, booked_lines=lines, booked_shares=shares)
    )
    assert [draft.net_minor for draft in second.drafts] == [-7000, -2100]
    [line] = second.drafts[0].lines
    assert line.explanation[-1] == "period so far $80.00, already charged $150.00"


def test_sub_cent_amounts_carry_within_the_period():
    first = charge(run(row("acme", 2), agreed=REDIS))
    assert first.totals.gross_minor == 0
    lines, shares = book(first)
    second = charge(run(row("acme", 4), agreed=REDIS, booked_lines=lines, booked_shares=shares))
    assert second.totals.gross_minor == 1


@few
@given(st.integers(0, 743), usages)
def test_a_cut_that_changes_no_price_changes_no_amount(at, usage):
    whole = run(row("acme", 150), *usage, agreed=REDIS, retail=TIERED)
    cut = OCTOBER.start.replace(day=1 + at // 24, hour=at % 24)
    parts = segments(OCTOBER, [cut])
    halves = replace(
        whole,
        segments=tuple(SegmentTerms(part, "v1", REDIS, TIERED) for part in parts),
        rows=tuple(
            replace(item, segment=number % len(parts)) for number, item in enumerate(whole.rows)
        ),
    )
    assert charge(halves).totals == charge(whole).totals


def test_an_amendment_inside_the_month_splits_by_each_version():
    better = replace(
        REDIS,
        components=terms("revenue_share_platform", "general_cache", share_bps=4000).components,
    )
    early, late = segments(OCTOBER, [hour("2026-10-16T00")])
    given = replace(
        run(row("acme", 50_000), row("acme", 50_000, segment=1)),
        segments=(
            SegmentTerms(early, "v1", REDIS, RETAIL),
            SegmentTerms(late, "v2", better, RETAIL),
        ),
    )
    result = charge(given)
    assert [(s.version_id, s.base_minor, s.partner_minor) for s in result.shares] == [
        ("v1", 10_000, 3_000), ("v2", 10_000, 4_000),
    ]  # fmt: skip
    assert [d.net_minor for d in result.drafts] == [20_000, 7_000]


def test_a_rate_for_a_model_takes_its_usage_and_the_rest_goes_on():
    card = RateCard("card-4", "Models", "USD", (
        Rate("all", "cached_requests", PER_UNIT, Decimal("0.01")),
        Rate("cheap", "cached_requests", PER_UNIT, Decimal("0.001"), where=(("model", "mini"),)),
    ))  # fmt: skip
    result = charge(
        run(row("acme", 1000, model="mini"), row("acme", 1000, model="big"), retail=card)
    )
    assert {line.rate_key: line.amount_minor for line in result.lines} == {
        "all": 1000,
        "cheap": 100,
    }
    only = replace(card, rates=card.rates[1:])
    with pytest.raises(MissingRate, match="'big'"):
        charge(run(row("acme", 1, model="mini"), row("acme", 1, model="big"), retail=only))
    assert charge(run(row("acme", 5, model="mini"), row("acme", 0, model="big"), retail=only)).lines


def test_a_share_of_savings_with_a_cap():
    agreed = replace(REDIS, components=(*REDIS.components, SavingsShare(2000, 5000)))
    result = charge(run(row("acme", cost_saved_micros=100_000_000), agreed=agreed))
    assert [(line.kind, line.amount_minor) for line in result.lines] == [("savings_share", 2000)]
    capped = charge(run(row("acme", cost_saved_micros=900_000_000), agreed=agreed))
    assert capped.totals.gross_minor == 5000


def test_below_the_minimum_payout_the_balance_is_carried():
    agreed = terms(min_payout_minor=5000)
    small = charge(run(row("acme", 50_000), agreed=agreed, opening_minor=1500))
    state = small.drafts[-1].statement
    assert (state.closing_minor, state.payable_minor, state.carried_minor) == (4500, 0, 4500)
    large = charge(run(row("acme", 50_000), agreed=agreed, opening_minor=2500, paid_minor=500))
    state = large.drafts[-1].statement
    assert (state.closing_minor, state.payable_minor, state.carried_minor) == (5000, 5000, 0)
    owing = charge(run(agreed=agreed, opening_minor=-900)).drafts[-1].statement
    assert (owing.closing_minor, owing.payable_minor, owing.carried_minor) == (-900, 0, -900)


def test_what_is_left_of_earlier_terms_is_stated_until_it_is_paid():
    """Since the partner collects, nothing is added: no minimum payout holds the rest back."""
    theirs = terms("revenue_share_partner", "cloud", min_payout_minor=5000)
    given = run(row("acme", 50_005), agreed=theirs, opening_minor=3000)

    invoice, owed, statement = charge(given).drafts

    assert (invoice.issuer, owed.net_minor) == ("partner", 40_00)
    assert (statement.statement.closing_minor, statement.statement.payable_minor) == (3000, 3000)
    for state in ({"opening_minor": 3000, "paid_minor": 3000}, {}):
        kinds = [draft.kind for draft in charge(run(row("acme", 50_005), agreed=theirs,
                                                    **state)).drafts]  # fmt: skip
        assert kinds == ["customer_invoice", "partner_invoice"]


def test_a_proof_of_concept_shows_its_value_and_costs_nothing():
    result = charge(
        run(row("acme", 50_005), row("beta", 5), agreed=terms("poc", starts="2026-08-01T00"))
    )
    assert [draft.net_minor for draft in result.drafts] == [0, 0, 0]
    statement = result.drafts[-1]
    assert [(line.memo, line.amount_minor, line.value_minor) for line in statement.lines] == [
        (True, 0, 10_001), (True, 0, 1),
    ]  # fmt: skip
    assert result.totals.shadow_minor == 10_002


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"rows": (row("acme", 1, segment=7),)}, BadRunInput, "missing segment 7"),
        ({"rows": (replace(row("acme"), lookups=-1),)}, BadRunInput, "zero or more"),
        ({"rows": (replace(row("acme"), lookups=1.0),)}, BadRunInput, "whole numbers"),
        ({"rows": (row("acme", 1, currency="EUR"),)}, ForeignCurrency, "billed in EUR"),
        ({"rows": (row("a", plan="x"), row("a", plan="y"))}, BadRunInput, "two plans"),
        ({"segments": ()}, BadRunInput, "No agreement version"),
    ],
)
def test_bad_input_says_what_to_do(change, error, message):
    with pytest.raises(error, match=message):
        charge(replace(run(row("acme", 1)), **change))


def test_what_parks_an_agreement():
    assert issubclass(MissingRate, Parked)
    assert issubclass(ForeignCurrency, Parked)
    with pytest.raises(MissingRate, match="no retail rate card"):
        charge(run(row("acme", 1), retail=None))
    with pytest.raises(ForeignCurrency, match="EUR"):
        charge(run(row("acme", 1), retail=replace(RETAIL, currency="EUR")))
    with pytest.raises(InvariantBroken, match="Gross 5"):
        RunTotals("USD", 5, 1, 1, 1, 1, 0).check()
    broken = BookedShare("share:id-acme/v1", 100, 30, 69)
    with pytest.raises(InvariantBroken, match="does not sum"):
        charge(run(row("acme", 1), booked_shares=(broken,)))


def test_segments_must_fit_the_terms():
    agreed = terms("poc", starts="2026-04-15T12")
    [whole] = segments(OCTOBER, [])
    with pytest.raises(BadRunInput, match="ends inside segment"):
        charge(replace(run(agreed=agreed), segments=(SegmentTerms(whole, "v1", agreed, RETAIL),)))
    twice = (SegmentTerms(whole, "v1", REDIS, RETAIL), SegmentTerms(whole, "v2", REDIS, RETAIL))
    with pytest.raises(BadRunInput, match="overlap"):
        charge(replace(run(), segments=twice))
