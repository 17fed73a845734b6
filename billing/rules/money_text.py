"""Money as people write and read it, by locale (babel). The only rules file that knows locales."""

from __future__ import annotations

from copy import copy
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import (
    NumberFormatError,
    NumberPattern,
    get_currency_symbol,
    parse_decimal,
)

from billing.rules.errors import BadMoney
from billing.rules.money import Money, exponent
from tenants.rules.sayings import Said


@lru_cache(maxsize=64)
def _checked(locale: str) -> Locale:
    try:
        return Locale.parse(locale)
    except (UnknownLocaleError, ValueError):
        raise BadMoney(f"Locale {locale!r} is not known. Use one such as 'en_US'.") from None


@lru_cache(maxsize=256)
def _pattern(locale: str, least: int, most: int) -> NumberPattern:
    # babel's own decimals follow CLDR, which differs from ISO 4217 for a dozen currencies.
    pattern: NumberPattern = copy(_checked(locale).currency_formats["standard"])
    pattern.frac_prec = (least, most)
    return pattern


# A month prints the same prices and small amounts thousands of times.
@lru_cache(maxsize=8192)
def _format(amount: Decimal, currency: str, locale: str, least: int, most: int) -> str:
    pattern = _pattern(locale, least, most)
    return str(
        pattern.apply(
            amount or Decimal(0), _checked(locale), currency=currency, currency_digits=False
        )
    )


def format_money(money: Money, locale: str = "en_US") -> str:
    """`Money(123456, "USD")` → `$1,234.56`; the decimals are the currency's own, ISO 4217."""
    digits = exponent(money.currency)
    return _format(money.to_decimal(), money.currency, locale, digits, digits)


def format_price(price: Decimal, currency: str, locale: str = "en_US") -> str:
    """A unit price or exact amount with every digit it has (up to 12): `$0.002`, `$0.02`."""
    least = exponent(currency)
    return _format(price, currency, locale, least, 12)


def parse_money(text: str, currency: str, locale: str = "en_US") -> Money:
    """`"1,234.56"`, `"$1,234.56"` → Money. Raises BadMoney naming what was wrong."""
    cleaned = text.replace("\u2212", "-").strip()
    symbol = get_currency_symbol(currency, _checked(locale))
    for mark in (symbol, currency):
        cleaned = cleaned.replace(mark, "")
    try:
        amount = parse_decimal(cleaned.strip(), locale=locale, strict=True)
    except NumberFormatError:
        raise BadMoney(
            Said("%(text)s is not an amount. Write it like 1204.10.", text=f"{text!r}")
        ) from None
    return Money.from_decimal(amount, currency)
