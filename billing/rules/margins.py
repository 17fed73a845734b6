"""What an agreement's usage cost us, at our internal rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from billing.rules.groups import rows_by_rate
from billing.rules.inputs import RunInputRow
from billing.rules.meters import quantity_of
from billing.rules.money import EXACT, round_minor
from billing.rules.rates import Rate
from billing.rules.rating import rate_quantity


def cost_minor(parts: Iterable[tuple[Sequence[Rate], Sequence[RunInputRow]]], currency: str) -> int:
    """Cost in minor units, rounded once over all parts (prices, the usage under them).

    Raises MissingRate when the rates price a meter but not all of its usage.
    """
    total = Decimal(0)
    for rates, rows in parts:
        taken = rows_by_rate(rates, rows)
        for rate in rates:
            quantity = quantity_of(rate.meter, taken.get(rate.key, ()))
            total = EXACT.add(total, rate_quantity(rate, quantity, currency).exact)
    return round_minor(total, currency)


def margin_bps(net_minor: int, cost_minor: int) -> int | None:
    """(net − cost) / net in basis points, cut toward zero; None when nothing was earned."""
    if net_minor <= 0:
        return None
    return int(Decimal(net_minor - cost_minor) * 10_000 / net_minor)
