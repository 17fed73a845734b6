"""A rate: how a metered quantity becomes an amount. A rate card: the rates of one version."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise
from typing import Any

from billing.rules.errors import BadTerms
from billing.rules.fields import PLACES, Fields, decimal_text
from billing.rules.meters import meter_of
from billing.rules.money import EXACT, exponent
from tenants.rules.sayings import Said

FLAT, PER_UNIT, GRADUATED = "flat", "per_unit", "graduated"
VOLUME, PACKAGE, PERCENTAGE = "volume", "package", "percentage"
MODES = (FLAT, PER_UNIT, GRADUATED, VOLUME, PACKAGE, PERCENTAGE)
_ZERO = Decimal(0)
_ONE = Decimal(1)
DIMENSIONS = ("model",)


@dataclass(frozen=True, slots=True)
class Tier:
    """Up to and including `up_to` (None: no end): `unit_price` per started `block`, plus
    `flat_price` once the tier is reached. Prices in major units."""

    up_to: Decimal | None
    unit_price: Decimal = _ZERO
    flat_price: Decimal = _ZERO
    block: Decimal = _ONE


@dataclass(frozen=True, slots=True)
class Rate:
    """Prices in major units, at most 12 decimals; `minimum` and `cap` bound the result."""

    key: str
    meter: str
    mode: str
    unit_price: Decimal = _ZERO
    tiers: tuple[Tier, ...] = ()
    package_size: Decimal = _ONE
    percentage_bps: int = 0
    included: Decimal = _ZERO
    minimum: Decimal | None = None
    cap: Decimal | None = None
    where: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RateCard:
    """One immutable version of a price list."""

    version_id: str
    name: str
    currency: str
    rates: tuple[Rate, ...] = field(default_factory=tuple)


def _parse_tier(data: object, where: str) -> Tier:
    read = Fields(data, where)
    tier = Tier(
        read.decimal_or_none("up_to"),
        read.decimal("unit_price", "0"),
        read.decimal("flat_price", "0"),
        read.decimal("block", "1"),
    )
    read.close()
    if tier.block <= 0:
        raise BadTerms(Said("%(where)s: 'block' must be more than zero.", where=where))
    return tier


def check_bounds(bounds: list[Any], where: str) -> None:
    """Upper bounds must rise and only the last is open. Raises BadTerms."""
    if not bounds:
        raise BadTerms(Said("%(where)s: give at least one tier.", where=where))
    closed = bounds[:-1]
    if any(bound is None for bound in closed) or bounds[-1] is not None:
        raise BadTerms(
            Said("%(where)s: only the last tier is open, with the upper bound null.", where=where)
        )
    if any(later <= earlier for earlier, later in pairwise(closed)):
        raise BadTerms(Said("%(where)s: the upper bounds of the tiers must rise.", where=where))
    if closed and closed[0] <= 0:
        raise BadTerms(
            Said("%(where)s: the first upper bound must be more than zero.", where=where)
        )


def _parse_where(data: object, where: str) -> tuple[tuple[str, str], ...]:
    read = Fields(data, where)
    pairs = [(name, read.text(name, "")) for name in DIMENSIONS]
    read.close()
    return tuple((name, value) for name, value in pairs if value)


def _check_rate(rate: Rate, where: str) -> None:
    meter_of(rate.meter)
    if rate.mode in (GRADUATED, VOLUME):
        check_bounds([tier.up_to for tier in rate.tiers], where)
    elif rate.tiers:
        raise BadTerms(
            Said("%(where)s: mode %(mode)s takes no tiers.", where=where, mode=f"{rate.mode!r}")
        )
    if rate.package_size <= 0:
        raise BadTerms(Said("%(where)s: 'package_size' must be more than zero.", where=where))
    if rate.minimum is not None and rate.cap is not None and rate.minimum > rate.cap:
        raise BadTerms(
            Said(
                "%(where)s: the minimum %(minimum)s is above the cap %(cap)s.",
                where=where,
                minimum=rate.minimum,
                cap=rate.cap,
            )
        )


def parse_rate(data: object) -> Rate:
    """JSON object → Rate, every member checked. Raises BadTerms naming rate and member."""
    label = data.get("key", "?") if isinstance(data, dict) else "?"
    where = Said("Rate %(key)s", key=f"{label!r}")
    read = Fields(data, where)
    rate = Rate(
        key=read.text("key"),
        meter=read.text("meter"),
        mode=read.choice("mode", MODES),
        unit_price=read.decimal("unit_price", "0"),
        tiers=tuple(
            _parse_tier(item, Said("%(where)s, tier %(number)s", where=where, number=number))
            for number, item in enumerate(read.items("tiers", ()), 1)
        ),
        package_size=read.decimal("package_size", "1"),
        percentage_bps=read.whole("percentage_bps", 0, most=10_000),
        included=read.decimal("included", "0"),
        minimum=read.decimal_or_none("minimum"),
        cap=read.decimal_or_none("cap"),
        where=_parse_where(read.take("where", {}), where),
    )
    read.close()
    _check_rate(rate, where)
    return rate


def parse_rate_card(data: object) -> RateCard:
    """JSON object → RateCard. Raises BadTerms; rate keys are unique within a card."""
    read = Fields(data, Said("Rate card"))
    card = RateCard(
        read.text("version_id"),
        read.text("name"),
        read.text("currency"),
        tuple(parse_rate(item) for item in read.items("rates")),
    )
    read.close()
    exponent(card.currency)
    keys = [rate.key for rate in card.rates]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise BadTerms(
            Said(
                "Rate card %(name)s has the rate %(key)s twice.",
                name=f"{card.name!r}",
                key=f"{twice[0]!r}",
            )
        )
    # A fixed amount may stand beside a usage price; two usage prices would charge twice.
    priced = [(rate.meter, rate.where) for rate in card.rates if rate.mode != FLAT]
    if len(set(priced)) < len(priced):
        raise BadTerms(
            Said(
                "Rate card %(name)s prices one meter twice for the same usage.",
                name=f"{card.name!r}",
            )
        )
    return card


def part_of_card(card: RateCard, hours: int, of_hours: int) -> RateCard:
    """The card for a part of the period that its fees and inclusions are meant for.

    Fixed fees and what is included shrink in proportion, cut to 12 places; unit prices stay.
    """
    if hours == of_hours:
        return card

    def part(value: Decimal) -> Decimal:
        share = EXACT.divide(EXACT.multiply(value, Decimal(hours)), Decimal(of_hours))
        return share.quantize(Decimal(1).scaleb(-PLACES), rounding=ROUND_DOWN, context=EXACT)

    rates = tuple(
        replace(rate, included=part(rate.included),
                unit_price=part(rate.unit_price) if rate.mode == FLAT else rate.unit_price)
        for rate in card.rates
    )  # fmt: skip
    return replace(card, rates=rates)


def _optional(value: Decimal | None) -> str | None:
    return None if value is None else decimal_text(value)


def dump_rate(rate: Rate) -> dict[str, Any]:
    """Rate → JSON object that `parse_rate` reads back unchanged."""
    return {
        "key": rate.key,
        "meter": rate.meter,
        "mode": rate.mode,
        "unit_price": decimal_text(rate.unit_price),
        "tiers": [
            {
                "up_to": _optional(tier.up_to),
                "unit_price": decimal_text(tier.unit_price),
                "flat_price": decimal_text(tier.flat_price),
                "block": decimal_text(tier.block),
            }
            for tier in rate.tiers
        ],
        "package_size": decimal_text(rate.package_size),
        "percentage_bps": rate.percentage_bps,
        "included": decimal_text(rate.included),
        "minimum": _optional(rate.minimum),
        "cap": _optional(rate.cap),
        "where": dict(rate.where),
    }


def dump_rate_card(card: RateCard) -> dict[str, Any]:
    """RateCard → JSON object that `parse_rate_card` reads back unchanged."""
    return {
        "version_id": card.version_id,
        "name": card.name,
        "currency": card.currency,
        "rates": [dump_rate(rate) for rate in card.rates],
    }
