"""Quantity × rate → amount: exact to 12 places, rounded once, with the arithmetic written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, Decimal, localcontext

from billing.rules.errors import BadRunInput
from billing.rules.fields import PLACES, decimal_text
from billing.rules.money import EXACT, round_minor
from billing.rules.rates import (
    FLAT,
    GRADUATED,
    PACKAGE,
    PER_UNIT,
    PERCENTAGE,
    VOLUME,
    Rate,
    Tier,
)

_ZERO = Decimal(0)
_TWELFTH = Decimal(1).scaleb(-PLACES)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of arithmetic: `quantity × price = amount`, all as text, major units."""

    label: str
    quantity: str | None
    price: str | None
    amount: str


@dataclass(frozen=True, slots=True)
class RatedAmount:
    """`exact` major units (12 places), `rounded_minor` its one rounding, `steps` the reason."""

    exact: Decimal
    rounded_minor: int
    currency: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    label: str
    quantity: Decimal | None
    price: Decimal | None
    amount: Decimal

    def step(self) -> Step:
        quantity = None if self.quantity is None else decimal_text(self.quantity)
        price = None if self.price is None else decimal_text(self.price)
        return Step(self.label, quantity, price, decimal_text(cut(self.amount)))


def cut(value: Decimal) -> Decimal:
    """To 12 places, toward zero: a half-up rounding afterwards gives what it would have given
    on the uncut number, so the stored exact amount always explains the rounded one."""
    return value.quantize(_TWELFTH, rounding=ROUND_DOWN, context=EXACT)


def _times(label: str, quantity: Decimal, price: Decimal) -> _Piece:
    return _Piece(label, quantity, price, EXACT.multiply(quantity, price))


def _blocks(quantity: Decimal, block: Decimal) -> Decimal:
    if block == 1:
        return quantity
    return EXACT.divide(quantity, block).to_integral_value(ROUND_CEILING)


def _flat(rate: Rate, _quantity: Decimal) -> Iterator[_Piece]:
    yield _Piece("fixed", None, None, rate.unit_price)


def _per_unit(rate: Rate, quantity: Decimal) -> Iterator[_Piece]:
    yield _times("per unit", quantity, rate.unit_price)


def _package(rate: Rate, quantity: Decimal) -> Iterator[_Piece]:
    label = f"started packages of {decimal_text(rate.package_size)}"
    yield _times(label, _blocks(quantity, rate.package_size), rate.unit_price)


def _percentage(rate: Rate, quantity: Decimal) -> Iterator[_Piece]:
    yield _times("percentage", quantity, Decimal(rate.percentage_bps).scaleb(-4))


def _tier_pieces(tier: Tier, name: str, quantity: Decimal) -> Iterator[_Piece]:
    if tier.unit_price or not tier.flat_price:
        label = name if tier.block == 1 else f"{name}, blocks of {decimal_text(tier.block)}"
        yield _times(label, _blocks(quantity, tier.block), tier.unit_price)
    if tier.flat_price:
        yield _Piece(f"{name}, fixed", None, None, tier.flat_price)


def _tier_name(lower: Decimal, tier: Tier) -> str:
    if tier.up_to is None:
        return f"above {decimal_text(lower)}" if lower else "all units"
    return f"over {decimal_text(lower)} up to {decimal_text(tier.up_to)}"


def _graduated(rate: Rate, quantity: Decimal) -> Iterator[_Piece]:
    lower = _ZERO
    for tier in rate.tiers:
        if lower and quantity <= lower:
            return
        upper = quantity if tier.up_to is None else min(quantity, tier.up_to)
        yield from _tier_pieces(tier, _tier_name(lower, tier), upper - lower)
        lower = tier.up_to if tier.up_to is not None else upper


def _volume(rate: Rate, quantity: Decimal) -> Iterator[_Piece]:
    lower = _ZERO
    for tier in rate.tiers:
        if tier.up_to is None or quantity <= tier.up_to:
            yield from _tier_pieces(tier, f"all units, tier {_tier_name(lower, tier)}", quantity)
            return
        lower = tier.up_to


_BY_MODE: dict[str, Callable[[Rate, Decimal], Iterator[_Piece]]] = {
    FLAT: _flat,
    PER_UNIT: _per_unit,
    GRADUATED: _graduated,
    VOLUME: _volume,
    PACKAGE: _package,
    PERCENTAGE: _percentage,
}


def _bounded(rate: Rate, total: Decimal) -> Iterator[_Piece]:
    if rate.minimum is not None and total < rate.minimum:
        label = f"true-up to the minimum {decimal_text(rate.minimum)}"
        yield _Piece(label, None, None, rate.minimum - total)
    if rate.cap is not None and total > rate.cap:
        yield _Piece(f"cap {decimal_text(rate.cap)}", None, None, rate.cap - total)


def rate_quantity(rate: Rate, quantity: Decimal, currency: str) -> RatedAmount:
    """Rate the period's whole (cumulative) quantity of one meter.

    `quantity` in the meter's unit, not negative; for percentage, major units of `currency`.
    Raises BadRunInput for a negative or non-Decimal quantity. Pure: same input, same output.
    """
    if not isinstance(quantity, Decimal) or not quantity.is_finite() or quantity < 0:
        raise BadRunInput(
            f"Rate {rate.key!r} needs the period's whole quantity as a Decimal of zero or more, "
            f"not {quantity!r}. Corrections come out of the difference to what was booked."
        )
    # The caller's decimal context must not decide money.
    with localcontext(EXACT):
        return _rated(rate, quantity, currency)


def _rated(rate: Rate, quantity: Decimal, currency: str) -> RatedAmount:
    steps: list[Step] = []
    charged = max(quantity - rate.included, _ZERO)
    if rate.included:
        left_out = decimal_text(min(quantity, rate.included))
        steps.append(Step("included, free of charge", left_out, "0", "0"))
    pieces = list(_BY_MODE[rate.mode](rate, charged))
    total = sum((piece.amount for piece in pieces), _ZERO)
    pieces += _bounded(rate, total)
    exact = cut(sum((piece.amount for piece in pieces), _ZERO))
    steps += [piece.step() for piece in pieces]
    return RatedAmount(exact, round_minor(exact, currency), currency, tuple(steps))
