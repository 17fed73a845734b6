"""Chargebacks: card payments that the card's holder disputes at the bank, as Stripe tells them."""

from __future__ import annotations

from billing.rules import accounts as chart
from billing.rules.journal import Entry, entry
from billing.rules.payments import receivable_of

LOST, WON = "lost", "won"
# What Stripe says of a dispute that is over; all else waits for somebody.
CLOSED = (LOST, WON, "warning_closed", "charge_refunded")
NEEDS_ANSWER = ("needs_response", "warning_needs_response")


def status_after(known: str, told: str) -> str:
    """The status to keep: an end is never taken back by an older answer that comes later."""
    return known if known in CLOSED and told not in CLOSED else told


def chargeback_entry(
    kind: str | None, amount_minor: int, fee_minor: int, currency: str, memo: str
) -> tuple[Entry, ...]:
    """One movement of Stripe's balance: negative when the bank takes the money, positive when it
    comes back. The invoice of `kind` is open again (or paid again); None: it had paid nothing.
    """
    against = receivable_of(kind) if kind else chart.UNAPPLIED_PAYMENTS
    moves = [
        (chart.STRIPE_BALANCE, amount_minor - fee_minor),
        (chart.PROCESSOR_FEES, fee_minor),
        (against, -amount_minor),
    ]
    return entry("chargeback", memo, currency, moves)
