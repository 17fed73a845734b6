"""Money in templates: integer minor units and an ISO currency, never a float."""

from __future__ import annotations

import re
from decimal import Decimal

from babel.numbers import format_compact_currency, format_currency, get_currency_precision
from django import template

from portal.local import code, marked

register = template.Library()
# Languages in which nobody shortens 12,345 to a number of thousands.
NO_SHORT_THOUSANDS = {"de"}
THOUSAND = re.compile(r"(?<=\d)K$")


def money_text(amount_minor: int | None, currency: str) -> str:
    """`$1,204.10`, `-€12.00`, `¥1,500`: the language's own way; an en dash when there is none.

    Raises TypeError for anything but an integer number of minor units.
    """
    if amount_minor is None:
        return "–"
    return format_currency(_major(amount_minor, currency), currency, locale=code())


@register.filter("price")
def price_text(price: Decimal, currency: str = "USD") -> str:
    """A unit price in major units with as many places as it has: `$1.80`, `$0.002`."""
    places = max(get_currency_precision(currency), -int(price.normalize().as_tuple().exponent))
    pattern = f"¤#,##0.{'0' * places}" if code() == "en" else None
    if pattern is None or places == get_currency_precision(currency):
        return format_currency(price, currency, locale=code(), decimal_quantization=False)
    return format_currency(price, currency, pattern, locale=code(), currency_digits=False)


@register.filter
def money(amount_minor: int | None, currency: str = "USD") -> str:
    """Full amount, to the cent."""
    return money_text(amount_minor, currency)


@register.filter
def money_short(amount_minor: int | None, currency: str = "USD") -> str:
    """A large amount in few digits, `$4.1M`; below 10,000 the full amount."""
    if amount_minor is None:
        return "–"
    major = _major(amount_minor, currency)
    if abs(major) < 10_000:
        return format_currency(major, currency, locale=code())
    if abs(major) < 1_000_000 and code() in NO_SHORT_THOUSANDS:
        return format_currency(major, currency, "#,##0 ¤", code(), currency_digits=False)
    places = 0 if abs(major) < 100_000 and abs(major) >= 10_000 and major % 1000 == 0 else 1
    text = format_compact_currency(major, currency, locale=code(), fraction_digits=places)
    return THOUSAND.sub("k", text)  # as counts and axes write it


@register.filter
def micros(amount_micros: int | None, currency: str = "USD") -> str:
    """An estimate kept in millionths of a unit (cost saved), shown to the cent."""
    if amount_micros is None:
        return "–"
    return format_currency(Decimal(amount_micros) / 1_000_000, currency, locale=code())


@register.filter
def micros_short(amount_micros: int | None, currency: str = "USD") -> str:
    """An estimate kept in millionths of a unit, in few digits."""
    if amount_micros is None:
        return "–"
    digits = get_currency_precision(currency)
    return money_short(round(Decimal(amount_micros) / 10 ** (6 - digits)), currency)


@register.filter
def bps(share_bps: int | None) -> str:
    """A share in basis points as a percentage: 3000 is `30 %`, 1250 is `12.5 %`."""
    if share_bps is None:
        return "–"
    whole, rest = divmod(int(share_bps), 100)
    return marked(f"{whole}.{rest:02d}".rstrip("0")) + " %" if rest else f"{whole} %"


def _major(amount_minor: int, currency: str) -> Decimal:
    if isinstance(amount_minor, bool) or not isinstance(amount_minor, int):
        raise TypeError(
            f"{amount_minor!r} is not an amount: pass integer minor units (cents), not "
            f"{type(amount_minor).__name__}."
        )
    return Decimal(amount_minor).scaleb(-get_currency_precision(currency))
