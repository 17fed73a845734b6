"""An exception: something of the month's money that a person has to look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

PARKED, LATE, DEAD_LETTER, BREACH = "parked", "late", "dead_letter", "breach"
RENEWAL, DISPUTE, MAIL = "renewal", "dispute", "mail"
BANK_LINE, STRIPE, PAYOUT, SALES = "bank_line", "stripe", "payout", "sales"
CREDIT, CHARGEBACK, ENTRY = "credit", "chargeback", "entry"
# In the order of how soon one has to look.
KINDS = (
    BREACH, PARKED, CHARGEBACK, STRIPE, DEAD_LETTER, DISPUTE, CREDIT, ENTRY, PAYOUT, BANK_LINE,
    SALES, LATE, MAIL, RENEWAL,
)  # fmt: skip
OVERDUE_AFTER = timedelta(days=3)
# What may stay as it is when two people say so; the others end by what is done about them.
WAIVABLE = frozenset({STRIPE, DEAD_LETTER, SALES, MAIL, RENEWAL})


@dataclass(frozen=True, slots=True)
class Waiver:
    """That an exception may stay as it is: asked for by one person, in force once another agreed.

    It is about what the exception said then: one that says something else is open again.
    """

    id: str
    key: str
    title: str
    detail: str
    reason: str
    asked_by: str
    asked_at: datetime
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class Exceptional:
    """One entry of the queue. `key` names its cause and stays the same while that lasts.

    `money_minor`: what may be wrong or late, of `currency`; None when nobody can tell.
    `target`: the row it is about, as (kind of page, id); the doors know the address.
    """

    key: str
    kind: str
    title: str
    detail: str
    since: datetime
    partner_id: str = ""
    money_minor: int | None = None
    currency: str = ""
    target: tuple[str, str] = ("", "")
    owner: str = ""
    waiver: Waiver | None = None

    @property
    def waivable(self) -> bool:
        """Two people may let it be, and nobody has asked for that yet."""
        return self.kind in WAIVABLE and self.waiver is None

    @property
    def waived(self) -> bool:
        """Two people let it be."""
        return self.waiver is not None and self.waiver.approved_by != ""

    def age(self, now: datetime) -> timedelta:
        """How long it has waited, never negative."""
        return max(now - self.since, timedelta(0))


def wants_rates(reason: str) -> bool:
    """A parked run goes on once finance enters a tax rate, a tax status or an exchange rate."""
    return any(words in reason for words in ("exchange rate of", "No tax rate", "no tax status"))


def in_order(found: Iterable[Exceptional]) -> tuple[Exceptional, ...]:
    """By kind, then the most money, then the oldest: never by the order of a query."""
    return tuple(
        sorted(
            found,
            key=lambda one: (KINDS.index(one.kind), -(one.money_minor or 0), one.since, one.key),
        )
    )


def owned(found: Iterable[Exceptional], owners: dict[str, str]) -> tuple[Exceptional, ...]:
    """The entries with who looks after them, from owners by key."""
    return tuple(replace(one, owner=owners.get(one.key, "")) for one in found)


def with_waivers(
    found: Iterable[Exceptional], waivers: Iterable[Waiver]
) -> tuple[Exceptional, ...]:
    """The entries with the waiver of what each says now, approved before asked for."""
    asked = sorted(waivers, key=lambda one: one.approved_by != "")
    of = {(one.key, one.title, one.detail): one for one in asked}
    return tuple(replace(one, waiver=of.get((one.key, one.title, one.detail))) for one in found)


def money_at_risk(found: Iterable[Exceptional]) -> tuple[tuple[str, int], ...]:
    """(currency, minor units) of all entries whose amount is known, by currency."""
    sums: dict[str, int] = {}
    for one in found:
        if one.money_minor is not None:
            sums[one.currency] = sums.get(one.currency, 0) + abs(one.money_minor)
    return tuple(sorted(sums.items()))
