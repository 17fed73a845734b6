"""What the channel is worth, defined once: ARR, the partners' part of it, revenue per partner.

A scenario of the plan and the live figures of the cockpit are both lists of revenue lines, and
nothing else computes these numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from billing.rules.cycles import round_fraction

PARTNER, DIRECT = "partner", "direct"
CHANNELS = (PARTNER, DIRECT)


@dataclass(frozen=True, slots=True)
class RevenueLine:
    """Our yearly revenue from one source: `count` times `each_minor`.

    `partners` is how many partners the line brings that no other line of the list has counted;
    `brings` names what it wins for the goals (`cloud`, `openai_or_anthropic`).
    """

    label: str
    channel: str
    count: int
    each_minor: int
    partners: int = 0
    brings: tuple[str, ...] = ()
    source: str = ""

    @property
    def yearly_minor(self) -> int:
        """The line's revenue of a year."""
        return self.count * self.each_minor


@dataclass(frozen=True, slots=True)
class Metrics:
    """ARR is what is ours in a year: a partner's share and what a partner bills are not in it."""

    currency: str
    partner_minor: int
    direct_minor: int
    partners: int
    brings: frozenset[str]

    @property
    def arr_minor(self) -> int:
        """Partners' and our own customers' together."""
        return self.partner_minor + self.direct_minor

    @property
    def partner_share(self) -> Fraction | None:
        """The part of ARR that partners drive, 0 to 1; None without ARR."""
        return Fraction(self.partner_minor, self.arr_minor) if self.arr_minor else None

    @property
    def per_partner_minor(self) -> int | None:
        """Partner ARR over the partners signed, rounded; None without partners."""
        if not self.partners:
            return None
        return round_fraction(Fraction(self.partner_minor, self.partners))


def channel_metrics(lines: Iterable[RevenueLine], currency: str) -> Metrics:
    """The figures of a list of lines in one currency."""
    rows = list(lines)
    sums = {
        channel: sum(row.yearly_minor for row in rows if row.channel == channel)
        for channel in CHANNELS
    }
    return Metrics(
        currency, sums[PARTNER], sums[DIRECT], sum(row.partners for row in rows),
        frozenset(mark for row in rows for mark in row.brings),
    )  # fmt: skip


def annualised(amount_minor: int, months: int) -> int:
    """What some months make in a year, rounded half up; 0 for none."""
    return round_fraction(Fraction(amount_minor * 12, months)) if months else 0
