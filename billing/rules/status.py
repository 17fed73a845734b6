"""A document's status, read from what happened to it; nothing stores it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

ISSUED, DELIVERED, PAID = "issued", "delivered", "paid"
ACCEPTED, DISPUTED, UNCOLLECTIBLE = "accepted", "disputed", "uncollectible"
REFUNDED, CREDITED, RESOLVED = "refunded", "credited", "resolved"
REMINDED, UNDELIVERED = "reminded", "undelivered"
BOUNCED_NOTE = "bounce: "  # begins the note of mail that was taken and came back
# The bank of a card's holder took a payment back, or gave it back to us.
CHARGED_BACK, REINSTATED = "charged_back", "reinstated"
EVENT_KINDS = (
    ISSUED, DELIVERED, PAID, ACCEPTED, DISPUTED, UNCOLLECTIBLE, REFUNDED, CREDITED, RESOLVED,
    REMINDED, UNDELIVERED, CHARGED_BACK, REINSTATED,
)  # fmt: skip
# What moves money says how much; nothing else has an amount.
AMOUNT_KINDS = (PAID, REFUNDED, CREDITED, UNCOLLECTIBLE, CHARGED_BACK, REINSTATED)
# What an event's amount does to what is paid of an invoice, and to what is closed of it.
PAID_SIGNS = {PAID: 1, REINSTATED: 1, REFUNDED: -1, CHARGED_BACK: -1}
CLOSING_SIGNS = {**PAID_SIGNS, CREDITED: 1, UNCOLLECTIBLE: 1}
NOTHING_DUE, PARTLY_PAID, OVERDUE = "nothing_due", "partly_paid", "overdue"
PAYABLE = "payable"  # a statement whose day has come: the money is ours to send, nobody is late
STATUSES = (
    ISSUED, DELIVERED, PAID, ACCEPTED, DISPUTED, UNCOLLECTIBLE, REFUNDED, CREDITED, NOTHING_DUE,
    PARTLY_PAID, OVERDUE, PAYABLE, CHARGED_BACK,
)  # fmt: skip


def signed_minor(sums: Mapping[str, int], signs: Mapping[str, int]) -> int:
    """The amounts of events by kind, added up by their signs."""
    return sum(sign * sums.get(kind, 0) for kind, sign in signs.items())


def document_status(
    *, due_minor: int, paid_minor: int, kinds: Collection[str], due_date: date, today: date,
    is_statement: bool = False,
) -> str:  # fmt: skip
    """One of STATUSES. `due_minor`: what is to be paid on it after credits, `paid_minor`: what was.

    `kinds` has `disputed` only while a dispute is open.
    """
    if due_minor <= 0:
        return CREDITED if CREDITED in kinds else NOTHING_DUE
    if paid_minor >= due_minor:
        return PAID
    for kind in (REFUNDED, UNCOLLECTIBLE, CHARGED_BACK, DISPUTED):
        if kind in kinds:
            return kind
    if today > due_date:
        return PAYABLE if is_statement else OVERDUE
    if paid_minor > 0:
        return PARTLY_PAID
    return next((kind for kind in (ACCEPTED, DELIVERED) if kind in kinds), ISSUED)
