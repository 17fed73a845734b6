"""What we ask of Stripe, as data: the calls of each kind of object, and how amounts are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from billing.rules.errors import BadMoney
from billing.rules.money import exponent

# Stripe keeps these with two decimals although ISO has none, and wants whole units.
_TWO_MORE = ("ISK", "UGX")
# Keys are remembered for at least a day; a little less is safe.
KEY_LIVES = timedelta(hours=23)
MOST_TRIES = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One call. `verb` is create, finalize_invoice or send_invoice; `params` names its figures."""

    name: str
    resource: str
    verb: str
    params: str


STEPS: dict[str, tuple[Step, ...]] = {
    "customer": (Step("customer", "customers", "create", "customer"),),
    "invoice": (
        Step("invoice", "invoices", "create", "invoice"),
        Step("net", "invoice_items", "create", "net"),
        Step("tax", "invoice_items", "create", "tax"),
        Step("finalize", "invoices", "finalize_invoice", ""),
        Step("send", "invoices", "send_invoice", ""),
    ),
    "credit_note": (Step("credit_note", "credit_notes", "create", "credit_note"),),
    "refund": (Step("refund", "refunds", "create", "refund"),),
    "transfer": (Step("transfer", "transfers", "create", "transfer"),),
    "account": (Step("account", "accounts", "create", "account"),),
    "account_link": (Step("account_link", "account_links", "create", "account_link"),),
}


def stripe_amount(amount_minor: int, currency: str) -> int:
    """Our minor units as Stripe counts them. Raises BadMoney when it can not say the amount."""
    if currency in _TWO_MORE:
        return amount_minor * 100
    if exponent(currency) == 3 and amount_minor % 10:
        raise BadMoney(f"Stripe takes {currency} in steps of 10 of its smallest unit only.")
    return amount_minor


def our_amount(stripe_minor: int, currency: str) -> int:
    """Stripe's amount in our minor units. Raises BadMoney when it is no whole unit of ours."""
    whole, rest = divmod(stripe_minor, 100) if currency in _TWO_MORE else (stripe_minor, 0)
    if rest:
        raise BadMoney(f"{stripe_minor} is no whole amount in {currency}.")
    return whole


def pause_after(tries: int) -> timedelta:
    """How long to wait after the n-th try: 15 s, then twice as long each time, an hour at most."""
    return min(timedelta(seconds=15 * 2 ** max(tries - 1, 0)), timedelta(hours=1))
