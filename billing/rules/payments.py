"""Postings of money that moves: payments, what they pay, refunds, payouts."""

from __future__ import annotations

from billing.rules import accounts as chart
from billing.rules.drafts import CUSTOMER_INVOICE
from billing.rules.errors import BadMoney
from billing.rules.journal import Entry, entry
from billing.rules.money import Money
from billing.rules.money_text import format_money
from tenants.rules.sayings import Said

BANK, HAND, STRIPE = "bank", "hand", "stripe"
METHODS = (BANK, HAND, STRIPE)
_MONEY_IN = {BANK: chart.CASH, HAND: chart.CASH, STRIPE: chart.STRIPE_BALANCE}


def money_account(method: str) -> str:
    """Where the money of a method lies. Raises BadMoney for an unknown method."""
    try:
        return _MONEY_IN[method]
    except KeyError:
        raise BadMoney(
            Said(
                "%(method)s is no way to pay. Use %(methods)s.",
                method=f"{method!r}",
                methods=", ".join(METHODS),
            )
        ) from None


def receivable_of(kind: str) -> str:
    """The receivable that an invoice of this kind stands in."""
    return chart.AR_CUSTOMERS if kind == CUSTOMER_INVOICE else chart.AR_PARTNERS


def payment_entry(
    method: str, amount_minor: int, fee_minor: int, currency: str, memo: str
) -> tuple[Entry, ...]:
    """Money came in; nothing is paid by it yet. The processor kept its fee before we got it."""
    if not 0 <= fee_minor <= amount_minor or amount_minor <= 0:
        raise BadMoney(
            Said(
                "A payment of %(amount)s with a fee of %(fee)s is not possible.",
                amount=format_money(Money(amount_minor, currency)),
                fee=format_money(Money(fee_minor, currency)),
            )
        )
    moves = [
        (money_account(method), amount_minor - fee_minor),
        (chart.PROCESSOR_FEES, fee_minor),
        (chart.UNAPPLIED_PAYMENTS, -amount_minor),
    ]
    return entry("payment", memo, currency, moves)


def application_entry(kind: str, amount_minor: int, currency: str, memo: str) -> tuple[Entry, ...]:
    """A payment pays an invoice of `kind`."""
    moves = [(chart.UNAPPLIED_PAYMENTS, amount_minor), (receivable_of(kind), -amount_minor)]
    return entry("application", memo, currency, moves)


def refund_entry(
    method: str, kind: str | None, amount_minor: int, currency: str, memo: str
) -> tuple[Entry, ...]:
    """Money went back. The invoice of `kind` is open again until it is credited; None: it had
    paid nothing yet.
    """
    from_account = receivable_of(kind) if kind else chart.UNAPPLIED_PAYMENTS
    moves = [(from_account, amount_minor), (money_account(method), -amount_minor)]
    return entry("refund", memo, currency, moves)


def payout_entry(
    step: str, method: str, amount_minor: int, currency: str, memo: str
) -> tuple[Entry, ...]:
    """What `step` of a payout moves; empty for steps that move nothing.

    sent: payable → in transit; settled: in transit → our money; failed (after it was sent): in
    transit → payable; reversed (after it was settled): our money → payable.
    """
    money = money_account(method)
    moves = {
        "sent": (chart.AP_PARTNERS, chart.PAYOUTS_IN_TRANSIT),
        "settled": (chart.PAYOUTS_IN_TRANSIT, money),
        "failed": (chart.PAYOUTS_IN_TRANSIT, chart.AP_PARTNERS),
        "reversed": (money, chart.AP_PARTNERS),
    }.get(step)
    if moves is None:
        return ()
    debit, credit = moves
    return entry(f"payout {step}", memo, currency, [(debit, amount_minor), (credit, -amount_minor)])
