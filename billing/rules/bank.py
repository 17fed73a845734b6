"""Bank lines and which invoices they pay. Pure: lines and open invoices in, a decision out."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.rules.errors import BadMoney
from billing.rules.money import Money
from tenants.rules.sayings import Said

_NOT_TEXT = re.compile(r"[^A-Z0-9]")
_NAME_WORDS = re.compile(r"[A-Z0-9]+")
MOST = 10**12  # major units


@dataclass(frozen=True, slots=True)
class BankEntry:
    """One booked line of an account. `amount_minor` is signed: money in is positive.

    `bank_id` is the bank's own reference, '' when it gives none; `end_to_end_id` is what the payer
    (for money out: we) gave the transfer.
    """

    account: str
    booked_date: date
    amount_minor: int
    currency: str
    payer: str = ""
    text: str = ""
    bank_id: str = ""
    end_to_end_id: str = ""


def entry_minor(amount: Decimal, currency: str) -> int:
    """A line's amount in minor units. Raises BadMoney for what is no amount of the currency."""
    if not amount.is_finite() or abs(amount) > MOST:
        raise BadMoney(Said("%(amount)s is no amount a bank books.", amount=amount))
    return Money.from_decimal(amount, currency).amount_minor


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice of ours with something still to pay on it (minor units)."""

    id: str
    number: str
    buyer: str
    payer_key: str
    currency: str
    open_minor: int
    partner_id: str


@dataclass(frozen=True, slots=True)
class Match:
    """What a line pays: (invoice, minor units), or why a person has to look (`reason`)."""

    parts: tuple[tuple[OpenInvoice, int], ...] = ()
    reason: str = ""


def entry_keys(entries: Sequence[BankEntry]) -> list[str]:
    """One key per line by which the same line is known again, in this file or another.

    The bank's reference where it gives one; otherwise everything the line says, and its count
    among equal lines of the file (two customers may pay the same amount on one day).
    """
    seen: Counter[str] = Counter()
    keys = []
    for line in entries:
        if line.bank_id:
            facts = f"id\0{line.account}\0{line.bank_id}\0{line.amount_minor}"
        else:
            facts = "\0".join((
                line.account, line.booked_date.isoformat(), str(line.amount_minor), line.currency,
                line.payer, line.text, line.end_to_end_id,
            ))  # fmt: skip
            seen[facts] += 1
            facts = f"{facts}\0{seen[facts]}"
        keys.append(hashlib.sha256(facts.encode()).hexdigest())
    return keys


def match_line(line: BankEntry, invoices: Iterable[OpenInvoice], known: Iterable[str]) -> Match:
    """Which open invoices a line pays; `known` are the numbers of all invoices, also paid ones.

    By the numbers in its text, else by amount and payer together: one alone never decides. What is
    paid too much stays with the payment.
    """
    if line.amount_minor <= 0:
        return Match(reason=Said("Money out that no payout of ours explains."))
    found = list(invoices)
    text = _NOT_TEXT.sub("", f"{line.text} {line.end_to_end_id}".upper())
    named = [invoice for invoice in found if _holds(text, invoice.number)]
    if named:
        return _by_number(line, named)
    paid = sorted(number for number in known if _holds(text, number))
    if paid:
        numbers = ", ".join(paid)
        return Match(reason=Said("It names %(numbers)s, which is paid already.", numbers=numbers))
    return _by_amount(line, found)


def _by_number(line: BankEntry, named: list[OpenInvoice]) -> Match:
    numbers = ", ".join(invoice.number for invoice in named)
    if {invoice.currency for invoice in named} != {line.currency}:
        return Match(
            reason=Said(
                "It names %(numbers)s, which is not in %(currency)s.",
                numbers=numbers,
                currency=line.currency,
            )
        )
    if len({invoice.payer_key for invoice in named}) > 1:
        return Match(
            reason=Said("It names invoices of different customers: %(numbers)s.", numbers=numbers)
        )
    left, parts = line.amount_minor, []
    for invoice in sorted(named, key=lambda one: one.number):
        amount = min(left, invoice.open_minor)
        if amount > 0:
            parts.append((invoice, amount))
            left -= amount
    return Match(tuple(parts))


def _by_amount(line: BankEntry, invoices: list[OpenInvoice]) -> Match:
    same = [one for one in invoices
            if (one.currency, one.open_minor) == (line.currency, line.amount_minor)]  # fmt: skip
    payers = [one for one in same if _same_name(line.payer, one.buyer)]
    if len(payers) == 1:
        return Match(((payers[0], line.amount_minor),))
    if not same:
        return Match(reason=Said("No open invoice has this number or amount."))
    guesses = ", ".join(sorted(one.number for one in same)[:5])
    return Match(
        reason=Said(
            "No invoice number in the text. The amount would fit %(numbers)s.", numbers=guesses
        )
    )


def _holds(text: str, number: str) -> bool:
    """Whether the squeezed text names the number, and not one that merely begins like it."""
    squeezed = _NOT_TEXT.sub("", number.upper())
    return squeezed in text and re.search(rf"{squeezed}(?![0-9])", text) is not None


def _same_name(left: str, right: str) -> bool:
    words = [tuple(_NAME_WORDS.findall(name.upper())) for name in (left, right)]
    return bool(words[0]) and words[0] == words[1]
