"""Postings of payments and payouts, the life of a payout, sealed accounts, Stripe's amounts."""

import uuid
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.rules import payouts
from billing.rules.accounts import ACCOUNTS
from billing.rules.errors import BadMoney, SamePerson, WrongState
from billing.rules.payments import (
    application_entry,
    payment_entry,
    payout_entry,
    refund_entry,
)
from billing.rules.remote import our_amount, pause_after, stripe_amount
from billing.rules.sealing import CannotOpen, seal, unseal

KEK = bytes(range(32))
ONE, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


def moved(entries):
    """Account → debit less credit of the one entry."""
    [found] = entries
    assert sum(line.debit_minor - line.credit_minor for line in found.lines) == 0
    assert {line.account for line in found.lines} <= set(ACCOUNTS)
    return {line.account: line.debit_minor - line.credit_minor for line in found.lines}


@pytest.mark.parametrize(("entries", "wanted"), [
    (payment_entry("bank", 100_00, 0, "USD", "x"), {"1000": 100_00, "2400": -100_00}),
    (payment_entry("hand", 100_00, 0, "USD", "x"), {"1000": 100_00, "2400": -100_00}),
    (payment_entry("stripe", 100_00, 3_20, "USD", "x"),
     {"1020": 96_80, "5200": 3_20, "2400": -100_00}),
    (application_entry("customer_invoice", 7, "JPY", "x"), {"2400": 7, "1100": -7}),
    (application_entry("partner_invoice", 7, "KWD", "x"), {"2400": 7, "1110": -7}),
    (refund_entry("stripe", "customer_invoice", 5, "USD", "x"), {"1100": 5, "1020": -5}),
    (refund_entry("bank", None, 5, "USD", "x"), {"2400": 5, "1000": -5}),
    (payout_entry("sent", "bank", 9, "USD", "x"), {"2100": 9, "2120": -9}),
    (payout_entry("settled", "bank", 9, "USD", "x"), {"2120": 9, "1000": -9}),
    (payout_entry("settled", "stripe", 9, "USD", "x"), {"2120": 9, "1020": -9}),
    (payout_entry("failed", "bank", 9, "USD", "x"), {"2120": 9, "2100": -9}),
    (payout_entry("reversed", "stripe", 9, "USD", "x"), {"1020": 9, "2100": -9}),
])  # fmt: skip
def test_each_fact_moves_these_accounts(entries, wanted):
    assert moved(entries) == wanted


def test_steps_that_move_nothing_post_nothing_and_nonsense_is_refused():
    assert payout_entry("approved", "bank", 9, "USD", "x") == ()
    for amount, fee in ((0, 0), (-1, 0), (5, 6), (5, -1)):
        with pytest.raises(BadMoney):
            payment_entry("bank", amount, fee, "USD", "x")
    with pytest.raises(BadMoney, match="no way to pay"):
        payout_entry("sent", "cow", 9, "USD", "x")


@settings(max_examples=60)
@given(st.lists(st.sampled_from([verb for _state, verb in payouts.TRANSITIONS]), max_size=12))
def test_however_it_goes_the_partner_is_owed_what_was_not_settled(verbs):
    """Payable, in transit and our money after any verbs, refused ones left out."""
    state, was_sent, sums = payouts.PENDING, False, {}
    for verb in verbs:
        try:
            state = payouts.next_state(state, verb)
        except WrongState:
            continue
        was_sent = was_sent or state == payouts.SENT
        for found in payout_entry(state, "bank", 100, "USD", "x") if was_sent else ():
            for line in found.lines:
                sums[line.account] = (
                    sums.get(line.account, 0) + line.debit_minor - line.credit_minor
                )

    wanted = {payouts.SENT: (100, -100, 0), payouts.SETTLED: (100, 0, -100)}.get(state, (0, 0, 0))
    assert tuple(sums.get(account, 0) for account in ("2100", "2120", "1000")) == wanted


def test_every_state_says_what_may_follow():
    assert {state: payouts.allowed_verbs(state) for state in payouts.STATES} == {
        "pending": ("hold", "approve", "cancel"), "held": ("release", "cancel"),
        "approved": ("hold", "send", "cancel"), "sent": ("settle", "fail"),
        "settled": ("reverse",), "failed": (), "reversed": (), "cancelled": (),
    }  # fmt: skip
    with pytest.raises(WrongState, match="sent cannot cancel"):
        payouts.next_state("sent", "cancel")
    for second in ("", "A@x.example"):
        with pytest.raises(SamePerson):
            payouts.require_second_person("a@x.example", second, "payout")


def test_a_sealed_account_opens_for_its_partner_and_key_only():
    sealed = seal(KEK, "DE89370400440532013000", ONE)

    assert unseal(KEK, sealed, ONE) == "DE89370400440532013000"
    assert b"DE89" not in sealed and seal(KEK, "DE89370400440532013000", ONE) != sealed
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for kek, content, partner in ((KEK, sealed, OTHER), (bytes(32), sealed, ONE),
                                  (KEK, changed, ONE), (KEK, b"", ONE)):  # fmt: skip
        with pytest.raises(CannotOpen) as refused:
            unseal(kek, content, partner)
        assert "DE89" not in str(refused.value)


@pytest.mark.parametrize(("minor", "currency", "theirs"), [
    (100_01, "USD", 100_01), (500, "JPY", 500), (7, "UGX", 700), (1_230, "KWD", 1_230),
])  # fmt: skip
def test_amounts_as_stripe_counts_them(minor, currency, theirs):
    assert stripe_amount(minor, currency) == theirs
    assert our_amount(theirs, currency) == minor


def test_amounts_that_stripe_can_not_say():
    with pytest.raises(BadMoney, match="steps of 10"):
        stripe_amount(1_234, "KWD")
    with pytest.raises(BadMoney, match="no whole amount"):
        our_amount(750, "UGX")


def test_pauses_grow_to_an_hour():
    pauses = [pause_after(tries) for tries in range(1, 12)]
    assert pauses[:3] == [timedelta(seconds=n) for n in (15, 30, 60)]
    assert max(pauses) == timedelta(hours=1) == pauses[-1]
