"""Volume discounts by the month's wholesale value, as the contract's mode says."""

from __future__ import annotations

from decimal import Decimal

from billing.rules.fields import decimal_text
from billing.rules.money import EXACT, to_major
from billing.rules.rating import Step, cut
from billing.rules.terms import Wholesale


def _part(value: Decimal, discount_bps: int, label: str) -> tuple[Decimal, Step]:
    factor = Decimal(discount_bps).scaleb(-4)
    amount = cut(EXACT.multiply(value, factor))
    return amount, Step(label, decimal_text(value), decimal_text(factor), decimal_text(amount))


def discount_exact(
    wholesale: Wholesale, value_minor: int, currency: str
) -> tuple[Decimal, tuple[Step, ...]]:
    """Discount in major units (not negative) and its arithmetic.

    'volume': the reached tier's discount on the whole value; 'graduated': each tier's on its
    slice. Bounds are inclusive.
    """
    total, steps, lower = Decimal(0), [], 0
    for tier in wholesale.discount_tiers:
        bound = value_minor if tier.up_to_minor is None else min(value_minor, tier.up_to_minor)
        reached = tier.up_to_minor is None or value_minor <= tier.up_to_minor
        if wholesale.discount_mode == "volume" and not reached:
            continue
        base = value_minor if wholesale.discount_mode == "volume" else bound - lower
        label = "whole value" if wholesale.discount_mode == "volume" else "slice"
        amount, step = _part(to_major(base, currency), tier.discount_bps, label)
        total = EXACT.add(total, amount)
        steps.append(step)
        if reached:
            break
        lower = bound
    return total, tuple(steps)
