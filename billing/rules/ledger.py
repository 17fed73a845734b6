"""Trial balance, ageing and the deferred-revenue roll-forward, as arithmetic over posted sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from billing.rules.accounts import ACCOUNTS, Account
from tenants.rules.sayings import Said

# Upper bound of days past due, and what the bucket is called; the last has no bound.
BUCKETS: tuple[tuple[int | None, str], ...] = (
    (0, Said("not due")),
    (30, "1–30"),
    (60, "31–60"),
    (90, "61–90"),
    (None, Said("over 90")),
)


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One account and currency over a span: amounts in minor units, balances debit less credit."""

    account: Account
    currency: str
    opening_minor: int
    debit_minor: int
    credit_minor: int

    @property
    def closing_minor(self) -> int:
        """Opening plus debits less credits."""
        return self.opening_minor + self.debit_minor - self.credit_minor

    @property
    def closing_debit_minor(self) -> int:
        """The closing balance when it is on the debit side, else 0."""
        return max(self.closing_minor, 0)

    @property
    def closing_credit_minor(self) -> int:
        """The closing balance when it is on the credit side, else 0."""
        return max(-self.closing_minor, 0)


def account_of(code: str) -> Account:
    """The account of a code; one that left the chart keeps its code as its name."""
    return ACCOUNTS.get(code) or Account(code, Said("Account %(code)s", code=code), "asset")


@dataclass(frozen=True, slots=True)
class AgedRow:
    """What one document (or what stands alone) leaves open in a receivable or payable account."""

    number: str
    party: str
    due_date: date
    currency: str
    open_minor: int
    days: int
    bucket: str


def net_oldest_first(rows: Sequence[AgedRow]) -> list[AgedRow]:
    """Open amounts after what goes the other way (payouts, clawbacks) took from the oldest first.

    Per party and currency; what is left of the other way stays as one row of it. Sums stay.
    """
    found: list[AgedRow] = []
    keys = dict.fromkeys((row.party, row.currency) for row in rows)
    for party, currency in keys:
        mine = [row for row in rows if (row.party, row.currency) == (party, currency)]
        back = -sum(row.open_minor for row in mine if row.open_minor < 0)
        for row in sorted(mine, key=lambda row: (row.due_date, row.number)):
            if row.open_minor > 0:
                taken = min(row.open_minor, back)
                back -= taken
                if row.open_minor > taken:
                    found.append(replace(row, open_minor=row.open_minor - taken))
        if back:
            last = max(mine, key=lambda row: row.due_date)
            found.append(replace(last, number="", open_minor=-back, days=0, bucket=bucket_of(0)))
    return found


def days_past(due_date: date, at: date) -> int:
    """Days after the due date; 0 up to and on it."""
    return max((at - due_date).days, 0)


def bucket_of(days: int) -> str:
    """The ageing bucket of so many days past due."""
    return next(name for most, name in BUCKETS if most is None or days <= most)


def bucket_sums(rows: Iterable[AgedRow]) -> dict[str, dict[str, int]]:
    """Currency → bucket → minor units, every bucket named."""
    sums: dict[str, dict[str, int]] = {}
    for row in rows:
        mine = sums.setdefault(row.currency, dict.fromkeys((name for _, name in BUCKETS), 0))
        mine[row.bucket] += row.open_minor
    return sums


@dataclass(frozen=True, slots=True)
class RollRow:
    """Deferred revenue of one month and currency; positive is owed service, in minor units."""

    month: date
    currency: str
    opening_minor: int
    billed_minor: int
    recognised_minor: int

    @property
    def closing_minor(self) -> int:
        """What is still to be earned."""
        return self.opening_minor + self.billed_minor - self.recognised_minor


def roll_forward(moves: Iterable[tuple[date, str, int, int]]) -> list[RollRow]:
    """(month, currency, billed, recognised) in order of months → rows that chain per currency."""
    before: dict[str, int] = {}
    rows = []
    for month, currency, billed, recognised in moves:
        row = RollRow(month, currency, before.get(currency, 0), billed, recognised)
        before[currency] = row.closing_minor
        rows.append(row)
    return rows
