"""How long answers may be kept: within what is allowed, and never longer than was chosen."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache_api.rules import retention, ttl
from cache_api.rules.retention import BadRetention


@pytest.mark.parametrize(("granted", "most"), [
    (None, 720), ({}, 720), ({"max_s": None}, 720), ({"max_s": 86_400}, 24),
    ({"max_s": 10**9}, 720), ({"max_s": 60}, 1), ({"default_s": 60}, 720),
])  # fmt: skip
def test_the_longest_that_may_be_chosen(granted, most):
    assert retention.most_hours(granted) == most
    assert retention.checked(most, granted) == most
    for hours in (0, -1, most + 1):
        with pytest.raises(BadRetention) as refused:
            retention.checked(hours, granted)
        assert refused.value.most == most


@pytest.mark.parametrize(("granted", "hours", "wanted"), [
    (None, None, None), ({"default_s": 5}, None, {"default_s": 5}),
    (None, 24, {"max_s": 86_400}), ({"max_s": 3_600}, 24, {"max_s": 3_600}),
    ({"default_s": 9, "max_s": 90_000}, 24, {"default_s": 9, "max_s": 86_400}),
])  # fmt: skip
def test_what_the_edges_are_told(granted, hours, wanted):
    assert retention.bounded(granted, hours) == wanted


@pytest.mark.parametrize(("granted", "chosen", "held"), [
    (None, None, 720), (None, 24, 24), ({"max_s": 3_600}, 24, 1), ({"max_s": 86_400}, None, 24),
])  # fmt: skip
def test_what_holds_for_a_partner_and_bounds_its_customers(granted, chosen, held):
    assert retention.held_hours(granted, chosen) == held
    assert retention.within(held, held) == held
    for hours in (0, held + 1):
        with pytest.raises(BadRetention):
            retention.within(hours, held)


whole = st.none() | st.integers(1, 10**8)


@settings(max_examples=100, deadline=None)
@given(requested=whole, default=whole, granted=whole, hours=st.integers(1, 720),
       seed=st.binary(min_size=2, max_size=2))  # fmt: skip
def test_no_answer_lives_longer_than_was_chosen(requested, default, granted, hours, seed):
    policy = retention.bounded({"max_s": granted, "default_s": default}, hours)
    lives_ms = ttl.lifetime_ms(
        requested_s=requested, partner_default_s=policy["default_s"],
        partner_max_s=policy["max_s"], model_s=ttl.EMBEDDING_S, seed=seed,
    )  # fmt: skip
    assert lives_ms <= hours * 3_600_000
