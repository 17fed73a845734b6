from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.credits import (
    BadCredit,
    CreditableLine,
    ShareBooked,
    credited_amounts,
    credited_taxes,
    share_move,
)
from billing.rules.drafts import TaxLine
from billing.rules.money import round_minor
from billing.rules.splits import split_share
from tests.billing.rules.build import many

VAT = TaxLine("VAT", "20", 769_00, 153_80)


def gross(now, before=0):
    [tax] = credited_taxes((VAT,), net_minor=769_00, before={1: before}, now={1: now},
                           currency="EUR")  # fmt: skip
    return now + tax.amount_minor


def test_d5_two_credit_notes_sum_to_the_invoice():
    """Reference §5.4, D5: 769.00 at 20 % = 922.80; credit notes of 726.86, then of 42.14."""
    assert (gross(726_86), gross(42_14, before=726_86)) == (872_23, 50_57)
    assert 872_23 + 50_57 == 922_80


parts = st.lists(st.integers(1, 5_000), min_size=1, max_size=6)


@many
@given(
    parts, st.integers(0, 3_000), st.integers(0, 10_000), st.sampled_from(["partner", "platform"])
)
def test_any_row_of_partial_credits_gives_back_exactly_the_whole(nets, rate, bps, tie):
    net = sum(nets)
    percent = Decimal(rate) / 100
    tax = TaxLine("VAT", str(percent), net, round_minor(Decimal(net) / 100 * percent / 100, "EUR"))
    whole = split_share(net, bps, tie)
    booked = ShareBooked("k", bps, tie, net, whole.partner_minor)
    before = taxed = shared = 0
    for now in nets:
        [back] = credited_taxes((tax,), net_minor=net, before={1: before}, now={1: now},
                                currency="EUR")  # fmt: skip
        move = share_move(booked, -now)
        assert move.partner_minor + move.platform_minor == -now
        booked = ShareBooked("k", bps, tie, booked.base_minor - now,
                             booked.partner_minor + move.partner_minor)  # fmt: skip
        before, taxed, shared = before + now, taxed + back.amount_minor, shared + move.partner_minor
    assert (taxed, shared) == (tax.amount_minor, -whole.partner_minor)
    assert booked.partner_minor == 0


def test_a_net_amount_is_spread_over_what_is_left_of_each_line():
    lines = [CreditableLine(1, 100), CreditableLine(2, 50, 30), CreditableLine(3, -20)]

    taken = partial(credited_amounts, lines, currency="USD")
    assert taken() == {1: 100, 2: 20, 3: -20}
    assert taken(net_minor=50) == {1: 50, 2: 10, 3: -10}
    assert taken(by_line={2: 20, 1: 0}) == {2: 20}
    with pytest.raises(
        BadCredit, match=r"Line 2 can be credited with \$0.20 at most.*; \$0.21 was"
    ):
        taken(by_line={2: 21})
