"""What a month earned and owes before its documents exist: accrued, and reversed the next day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from billing.rules import accounts as chart
from billing.rules.accounts import ACCOUNTS, EXPENSE, INCOME
from billing.rules.drafts import Draft
from billing.rules.journal import Entry, entry, postings

ACCRUAL, REVERSAL = "accrual", "accrual_reversal"


def accrual(drafts: Iterable[Draft], memo: str) -> tuple[Entry, ...]:
    """Revenue and partner share that the drafts would post, against unbilled and accrued accounts.

    Only income and expense are accrued: tax and the fees billed in advance arise with the invoice.
    One entry per currency; empty when nothing was earned.
    """
    sums: dict[str, Counter[str]] = {}  # of any number of drafts
    for draft in drafts:
        for made in postings(draft):
            for line in made.lines:
                amount = line.debit_minor - line.credit_minor
                other = _OTHER.get(ACCOUNTS[line.account].type)
                if other:
                    moved = sums.setdefault(line.currency, Counter())
                    moved[line.account] += amount
                    moved[other] -= amount
    return tuple(
        found
        for currency, moved in sorted(sums.items())
        for found in entry(ACCRUAL, memo, currency, tuple(moved.items()))
    )


_OTHER = {INCOME: chart.UNBILLED_REVENUE, EXPENSE: chart.ACCRUED_SHARE}


def reversed_entry(made: Entry, kind: str, memo: str) -> Entry:
    """The same entry with debit and credit exchanged."""
    lines = tuple(
        type(line)(line.account, line.credit_minor, line.debit_minor, line.currency)
        for line in made.lines
    )
    return Entry(kind, memo, lines)
