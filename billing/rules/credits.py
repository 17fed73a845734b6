"""Credit notes: which lines are taken back, the tax on them, and what happens to the share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.rules.drafts import TaxLine
from billing.rules.errors import BillingError
from billing.rules.money import EXACT, Money, round_minor, to_major
from billing.rules.money_text import format_money
from billing.rules.splits import allocate, split_share
from tenants.rules.sayings import Said


class BadCredit(BillingError):
    """More is credited than is left, or nothing is."""


@dataclass(frozen=True, slots=True)
class CreditableLine:
    """An invoice's line: what it charged, and what earlier credit notes took back, as charged."""

    position: int
    amount_minor: int
    credited_minor: int = 0

    @property
    def left_minor(self) -> int:
        """What can still be credited, with the line's own sign."""
        return self.amount_minor - self.credited_minor


def credited_amounts(
    lines: Sequence[CreditableLine],
    *,
    currency: str,
    by_line: Mapping[int, int] | None = None,
    net_minor: int | None = None,
) -> dict[int, int]:
    """Minor units to take back per line position; whole, by line, or a net spread over the lines.

    Nothing given: all that is left. Lines without an amount are left out. Raises BadCredit when
    a line or the net exceeds what is left, or nothing would be credited.
    """
    left = {line.position: line.left_minor for line in lines if line.left_minor}
    whole = sum(left.values())
    if by_line is not None:
        found = {position: amount for position, amount in by_line.items() if amount}
        for position, amount in found.items():
            there = Said("Line %(position)s", position=position)
            _refuse_beyond(amount, left.get(position, 0), there, currency)
    elif net_minor is not None:
        _refuse_beyond(net_minor, whole, Said("The document"), currency)
        found = over_lines(net_minor, left)
    else:
        found = left
    if not found:
        raise BadCredit(Said("Nothing is left to credit on this document, or no amount was given."))
    return found


def over_lines(amount_minor: int, left: Mapping[int, int]) -> dict[int, int]:
    """An amount over lines by what is left of them, by position; lines that get nothing vanish."""
    parts = allocate(amount_minor, {f"{position:09d}": part for position, part in left.items()})
    return {int(key): part for key, part in parts.items() if part}


def _refuse_beyond(amount: int, left: int, what: Said, currency: str) -> None:
    if amount * left <= 0 or abs(amount) > abs(left):
        raise BadCredit(
            Said(
                "%(what)s can be credited with %(left)s at most, and with the same sign; "
                "%(amount)s was asked.",
                what=what,
                left=format_money(Money(left, currency)),
                amount=format_money(Money(amount, currency)),
            )
        )


def credited_taxes(
    taxes: Sequence[TaxLine],
    *,
    net_minor: int,
    before: Mapping[int, int],
    now: Mapping[int, int],
    currency: str,
) -> tuple[TaxLine, ...]:
    """The taxes that go back with `now` of `net_minor`, after `before` went back, by line position.

    Per tax: tax(credited in all) − tax(credited before), each rounded half up once, so that any
    row of partial credits of the whole net gives back the whole tax. A tax that names its lines
    goes back with these only. Signed as charged.
    """
    found = []
    for tax in taxes:
        own = [position for position in now if not tax.lines or position in tax.lines]
        if not own:
            continue
        net = tax.base_minor if tax.lines else net_minor
        gone = sum(part for at, part in before.items() if not tax.lines or at in tax.lines)
        after = gone + sum(now[position] for position in own)
        base = _part(tax.base_minor, after, net) - _part(tax.base_minor, gone, net)
        amount = _tax(tax, after, net, currency) - _tax(tax, gone, net, currency)
        lines = tuple(sorted(own)) if tax.lines else ()
        found.append(TaxLine(tax.label, tax.percent, base, amount, lines))
    return tuple(found)


def rated_part(rated_minor: int, shown_minor: int, before_minor: int, now_minor: int) -> int:
    """`now_minor` of a document's line in the currency it was rated in, at the line's own rate.

    Cumulative, so that a line that is credited whole, in any steps, gives back what was rated.
    """
    return _part(rated_minor, before_minor + now_minor, shown_minor) - _part(
        rated_minor, before_minor, shown_minor
    )


def _part(base_minor: int, credited: int, net: int) -> int:
    return 0 if net == 0 else round(Decimal(base_minor) * credited / net)


def _tax(tax: TaxLine, credited_minor: int, net_minor: int, currency: str) -> int:
    if credited_minor == 0 or net_minor == 0:
        return 0
    if credited_minor == net_minor:
        return tax.amount_minor
    rate = EXACT.divide(Decimal(tax.percent), Decimal(100))
    base = EXACT.divide(EXACT.multiply(to_major(tax.base_minor, currency), credited_minor),
                        Decimal(net_minor))  # fmt: skip
    return round_minor(EXACT.multiply(base, rate), currency)


@dataclass(frozen=True, slots=True)
class ShareBooked:
    """What is booked under one share key: by the period's runs and by later corrections."""

    key: str
    partner_bps: int
    tie: str
    base_minor: int
    partner_minor: int


@dataclass(frozen=True, slots=True)
class ShareMove:
    """A change of one share: the parts sum to the change of the base."""

    key: str
    base_minor: int
    partner_minor: int
    platform_minor: int


def share_move(booked: ShareBooked, base_minor: int) -> ShareMove:
    """share(cumulative) − share(booked) after the base moves by `base_minor` (negative: credit)."""
    after = split_share(booked.base_minor + base_minor, booked.partner_bps, booked.tie)
    partner = after.partner_minor - booked.partner_minor
    return ShareMove(booked.key, base_minor, partner, base_minor - partner)
