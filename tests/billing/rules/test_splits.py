import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from billing.rules.errors import BadTerms
from billing.rules.splits import allocate, split_share
from tests.billing.rules.build import many

amounts = st.integers(-(10**12), 10**12)
names = st.text("abcdef", min_size=1, max_size=3)
weights = st.dictionaries(names, st.integers(0, 10**6), min_size=1, max_size=8)


@many
@given(amounts, st.integers(0, 10_000), st.sampled_from(["partner", "platform"]))
def test_shares_sum_to_the_whole(amount, bps, tie):
    share = split_share(amount, bps, tie)
    assert share.partner_minor + share.platform_minor == amount
    assert abs(share.partner_minor * 10_000 - amount * bps) <= 5_000


@many
@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 10_000))
def test_shares_never_fall_as_the_amount_grows(amount, more, bps):
    assert split_share(amount, bps, "platform").partner_minor <= (
        split_share(amount + more, bps, "platform").partner_minor
    )


@many
@given(amounts, st.integers(0, 10_000))
def test_the_tie_rule_moves_at_most_one_unit(amount, bps):
    gap = (
        split_share(amount, bps, "partner").partner_minor
        - split_share(amount, bps, "platform").partner_minor
    )
    assert abs(gap) == (1 if amount * bps % 10_000 == 5_000 else 0)


@many
@given(amounts, weights, st.randoms())
def test_allocation_sums_and_ignores_order(amount, weights, random):
    assume(sum(weights.values()))
    parts = allocate(amount, weights)
    assert sum(parts.values()) == amount
    shuffled = list(weights.items())
    random.shuffle(shuffled)
    assert allocate(amount, dict(shuffled)) == parts
    total = sum(weights.values())
    assert all(abs(parts[key] * total - amount * weight) < total for key, weight in weights.items())


@many
@given(amounts, st.dictionaries(names, st.integers(-1000, 1000), min_size=1, max_size=6))
def test_signed_weights_still_sum(amount, weights):
    assume(sum(weights.values()))
    assert sum(allocate(amount, weights).values()) == amount
    mirrored = allocate(-amount, weights)
    assert {key: -part for key, part in mirrored.items()} == allocate(amount, weights)


def test_weights_that_cannot_carry_an_amount():
    with pytest.raises(BadTerms, match="sum to zero"):
        allocate(5, {"a": 1, "b": -1})
    with pytest.raises(BadTerms, match="sum to zero"):
        allocate(5, {})
    with pytest.raises(BadTerms, match="whole numbers"):
        allocate(5, {"a": 0.5})


@pytest.mark.parametrize(("bps", "tie"), [(10_001, "partner"), (-1, "partner"), (30.0, "partner"),
                                          (3_000, "nobody")])  # fmt: skip
def test_bad_shares(bps, tie):
    with pytest.raises(BadTerms):
        split_share(100, bps, tie)
