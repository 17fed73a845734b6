"""Meters: what can be billed, its unit, and how it is read off the frozen quantities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.rules.cycles import fraction_to_decimal
from billing.rules.errors import BadTerms
from billing.rules.fields import PLACES
from tenants.rules.sayings import Said


@dataclass(frozen=True, slots=True)
class Meter:
    """`column` of a frozen row, divided by `divisor`, is a quantity in `unit`."""

    name: str
    column: str
    divisor: int
    unit: str
    label: str
    money_currency: str = ""


_ALL = (
    Meter("cached_requests", "cached_requests", 1, "requests", "Cached requests"),
    Meter("lookups", "lookups", 1, "lookups", "Lookups"),
    Meter("stores", "stores", 1, "stores", "Stores"),
    Meter("gb_served", "bytes_served", 10**9, "GB", "Data served"),
    Meter("gb_hours", "byte_seconds", 3600 * 10**9, "GB-hours", "Reserved storage"),
    Meter("tokens_saved", "tokens_saved", 1, "tokens", "Tokens saved"),
    Meter("cost_saved", "cost_saved_micros", 10**6, "USD", "Model cost saved", "USD"),
)
METERS: dict[str, Meter] = {meter.name: meter for meter in _ALL}


def meter_of(name: str) -> Meter:
    """Raises BadTerms naming the meters that exist."""
    try:
        return METERS[name]
    except KeyError:
        raise BadTerms(
            Said(
                "Meter %(name)s is not known. Use one of %(known)s.",
                name=f"{name!r}",
                known=", ".join(METERS),
            )
        ) from None


def quantity_of(name: str, rows: Iterable[object]) -> Decimal:
    """Sum of a meter over rows, in the meter's unit; GB-hours are cut at 12 places.

    `rows`: anything with the whole-number columns of a run input row."""
    meter = meter_of(name)
    raw = sum(getattr(row, meter.column) for row in rows)
    return fraction_to_decimal(Fraction(raw, meter.divisor), PLACES)
