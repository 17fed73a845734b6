"""What an agreement's usage cost us, at our internal rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from billing.rules.errors import BillingError
from billing.rules.groups import rows_by_rate
from billing.rules.inputs import RunInputRow
from billing.rules.meters import quantity_of
from billing.rules.money import EXACT, round_minor
from billing.rules.periods import Period, Segment
from billing.rules.rates import RateCard, part_of_card
from billing.rules.rating import rate_quantity
from tenants.rules.sayings import Said

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CostPrices:
    """The internal prices in force during [start, end); `end` None: until further notice."""

    card: RateCard
    start: datetime
    end: datetime | None

    def holds(self, at: datetime) -> bool:
        """They are in force at an instant."""
        return self.start <= at and (self.end is None or at < self.end)

    def hours(self, spans: Iterable[Segment]) -> int:
        """How many hours of these spans they are in force."""
        found = 0
        for span in spans:
            end = span.end if self.end is None else min(span.end, self.end)
            found += max(0, (end - max(span.start, self.start)) // _HOUR)
        return found


def cost_cuts(prices: Iterable[CostPrices], spans: Sequence[Segment]) -> tuple[datetime, ...]:
    """Where prices change inside a span: its usage has to be told apart there."""
    ends = {at for one in prices for at in (one.start, one.end) if at is not None}
    return tuple(sorted(at for at in ends if any(s.start < at < s.end for s in spans)))


def cost_minor(
    prices: Sequence[CostPrices], spans: Sequence[Segment],
    used: Iterable[tuple[datetime, RunInputRow]], period: Period, currency: str,
) -> int:  # fmt: skip
    """Cost in minor units, rounded once over the whole period.

    `used`: each row with an instant of the part of a span that it was used in, within which no
    price changes. Tiers run over all that was used at the same prices; fixed rates and what is
    included count by the hours that the prices were in force. Raises BillingError when no prices
    were in force for usage, or some in another currency; MissingRate when a meter is priced but
    not all of its usage.
    """
    parts: dict[int, list[RunInputRow]] = {}
    for at, row in used:
        if row.counts:
            parts.setdefault(_in_force(prices, at), []).append(row)
    total = Decimal(0)
    for number, one in enumerate(prices):
        if not (hours := one.hours(spans)):
            continue
        card = part_of_card(one.card, hours, period.hours)
        cost = _cost(card, parts.get(number, ()))
        if cost and card.currency != currency:
            raise BillingError(
                Said(
                    "The internal cost card is in %(currency)s, not %(wanted)s.",
                    currency=card.currency,
                    wanted=currency,
                )
            )
        total = EXACT.add(total, cost)
    return round_minor(total, currency)


def _cost(card: RateCard, rows: Sequence[RunInputRow]) -> Decimal:
    taken, total = rows_by_rate(card.rates, rows), Decimal(0)
    for rate in card.rates:
        quantity = quantity_of(rate.meter, taken.get(rate.key, ()))
        total = EXACT.add(total, rate_quantity(rate, quantity, card.currency).exact)
    return total


def margin_bps(net_minor: int, cost_minor: int) -> int | None:
    """(net − cost) / net in basis points, cut toward zero; None when nothing was earned."""
    if net_minor <= 0:
        return None
    return int(Decimal(net_minor - cost_minor) * 10_000 / net_minor)


def _in_force(prices: Sequence[CostPrices], at: datetime) -> int:
    for number, one in enumerate(prices):
        if one.holds(at):
            return number
    raise BillingError(Said("No internal cost card is in force. Publish one, then look again."))
