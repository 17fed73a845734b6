from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.errors import BadMoney, CurrencyMismatch
from billing.rules.money import EXPONENTS, Money, exponent, round_minor, to_major
from billing.rules.money_text import format_money, format_price, parse_money
from tests.billing.rules.build import many

CURRENCIES = ("JPY", "USD", "KWD")


def test_decimals_of_currencies():
    assert [exponent(code) for code in CURRENCIES] == [0, 2, 3]
    assert set(EXPONENTS.values()) == {0, 2, 3}
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)


@pytest.mark.parametrize("code", ["usd", "XXX", "", None, "CLF", 840])
def test_unknown_currency(code):
    with pytest.raises(BadMoney, match="ISO 4217"):
        Money(1, code)


@pytest.mark.parametrize("amount", [1.0, 0.1, "1", None, True, Decimal(1)])
def test_only_whole_minor_units(amount):
    with pytest.raises(BadMoney, match="minor units"):
        Money(amount, "USD")


def test_arithmetic_within_one_currency():
    assert Money(150, "USD") + Money(-50, "USD") - Money(25, "USD") == Money(75, "USD")
    assert -Money(5, "USD") == Money(-5, "USD")
    assert abs(Money(-5, "USD")) == Money(5, "USD")
    assert 3 * Money(5, "USD") == Money(15, "USD")
    assert Money(1, "USD") < Money(2, "USD") <= Money(2, "USD")
    assert not Money.zero("USD")
    assert Money(1, "JPY")


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__"])
def test_currencies_never_mix(operation):
    with pytest.raises(CurrencyMismatch, match="USD and EUR"):
        getattr(Money(1, "USD"), operation)(Money(1, "EUR"))


@pytest.mark.parametrize("operation", [lambda m: m + 1, lambda m: m * 1.5, lambda m: m - 0.5])
def test_money_refuses_plain_numbers(operation):
    with pytest.raises(BadMoney):
        operation(Money(1, "USD"))


@pytest.mark.parametrize(
    ("exact", "currency", "minor"),
    [
        ("0.005", "USD", 1), ("-0.005", "USD", -1), ("0.0049999", "USD", 0),
        ("2.5", "JPY", 3), ("0.0005", "KWD", 1), ("1.23449999", "KWD", 1234),
        ("8.875", "USD", 888), ("12345678901234567890.125", "USD", 1234567890123456789013),
    ],
)  # fmt: skip
def test_half_goes_up(exact, currency, minor):
    assert round_minor(Decimal(exact), currency) == minor


@pytest.mark.parametrize("bad", [1.5, "1", Decimal("NaN"), Decimal("Infinity")])
def test_rounding_takes_finite_decimals(bad):
    with pytest.raises(BadMoney):
        round_minor(bad, "USD")


def test_from_decimal_refuses_to_lose_digits():
    assert Money.from_decimal(Decimal("12.30"), "USD") == Money(1230, "USD")
    with pytest.raises(BadMoney, match="more decimals"):
        Money.from_decimal(Decimal("12.345"), "USD")


@pytest.mark.parametrize(
    ("money", "locale", "text"),
    [
        (Money(123456, "USD"), "en_US", "$1,234.56"),
        (Money(-5, "USD"), "en_US", "-$0.05"),
        (Money(1000, "JPY"), "en_US", "¥1,000"),
        (Money(1234567, "KWD"), "en_US", "KWD1,234.567"),
        (Money(123456, "EUR"), "de_DE", "1.234,56\xa0€"),
    ],
)
def test_written(money, locale, text):
    assert format_money(money, locale) == text


def test_prices_keep_their_digits():
    assert format_price(Decimal("0.002"), "USD") == "$0.002"
    assert format_price(Decimal("0.000000000001"), "USD") == "$0.000000000001"
    assert format_price(Decimal("10"), "USD") == "$10.00"


@pytest.mark.parametrize(
    ("text", "currency", "locale", "minor"),
    [("1,234.56", "USD", "en_US", 123456), ("$1,234.56", "USD", "en_US", 123456),
     ("1.234,5", "EUR", "de_DE", 123450), ("-0.05", "USD", "en_US", -5),
     ("1000", "JPY", "en_US", 1000)],
)  # fmt: skip
def test_read(text, currency, locale, minor):
    assert parse_money(text, currency, locale) == Money(minor, currency)


@pytest.mark.parametrize("text", ["", "abc", "1,23.4", "1.234", "12 34"])
def test_unreadable(text):
    with pytest.raises(BadMoney):
        parse_money(text, "USD")


def test_unknown_locale():
    with pytest.raises(BadMoney, match="Locale"):
        format_money(Money(1, "USD"), "xx_nowhere")


@many
@given(st.integers(-(10**15), 10**15), st.sampled_from(CURRENCIES), st.sampled_from(["en_US"]))
def test_write_then_read(minor, currency, locale):
    money = Money(minor, currency)
    assert parse_money(format_money(money, locale), currency, locale) == money
    assert round_minor(to_major(minor, currency), currency) == minor


@many
@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-1e9, max_value=1e9))
def test_rounding_is_symmetric_and_near(exact):
    minor = round_minor(exact, "USD")
    assert round_minor(-exact, "USD") == -minor
    assert abs(to_major(minor, "USD") - exact) <= Decimal("0.005")
