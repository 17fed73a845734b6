"""Money: integer minor units and an ISO 4217 currency. No float, no mixing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

from billing.rules.errors import BadMoney, CurrencyMismatch
from tenants.rules.sayings import Said

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_TWO_DECIMALS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
    "HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA "
    "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN "
    "QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP "
    "TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"

EXPONENTS: dict[str, int] = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
}

# Wide enough for any product of a quantity and a 12-place price: nothing is rounded on the way.
EXACT = Context(prec=100, rounding=ROUND_HALF_UP)


def exponent(currency: str) -> int:
    """Decimals of a currency (0, 2 or 3). Raises BadMoney for a code that is not known."""
    try:
        return EXPONENTS[currency]
    except (KeyError, TypeError):
        raise BadMoney(
            Said(
                "Currency %(currency)s is not known. Use an ISO 4217 code such as 'USD'.",
                currency=f"{currency!r}",
            )
        ) from None


def round_minor(exact: Decimal, currency: str) -> int:
    """Major units to minor units, rounded half up (a half goes away from zero, both signs)."""
    if not isinstance(exact, Decimal) or not exact.is_finite():
        raise BadMoney(f"Only a finite Decimal can be rounded to money, not {exact!r}.")
    return int(exact.scaleb(exponent(currency), EXACT).quantize(Decimal(1), context=EXACT))


def to_major(amount_minor: int, currency: str) -> Decimal:
    """Minor units to an exact Decimal of major units, with the currency's decimals."""
    return Decimal(amount_minor).scaleb(-exponent(currency), EXACT)


_MOST = 10**12  # major units; with three decimals still far from what a column holds


def parse_amount(text: str, currency: str) -> int:
    """What a person typed (`12.50`, `1,204.10`) as minor units. Raises BadMoney."""
    if not text.strip():
        raise BadMoney(Said("Write the amount, like 1204.10."))
    try:
        amount = Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        raise BadMoney(
            Said("%(text)s is not an amount. Write it like 1204.10.", text=repr(text.strip()))
        ) from None
    if not amount.is_finite() or amount.copy_abs() > _MOST:
        raise BadMoney(
            Said("%(text)s is not an amount up to %(most)s. Write it like 1204.10.",
                 text=repr(text.strip()), most=_MOST)
        )  # fmt: skip
    return Money.from_decimal(amount, currency).amount_minor


@dataclass(frozen=True, slots=True)
class Money:
    """`amount_minor` integer minor units of `currency`. Arithmetic only within one currency."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int:
            raise BadMoney(
                f"Money takes whole minor units (int), not {self.amount_minor!r}. "
                "Use Money.from_decimal for major units."
            )
        exponent(self.currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in a currency."""
        return cls(0, currency)

    @classmethod
    def from_decimal(cls, amount: Decimal, currency: str) -> Money:
        """Exact major units to Money. Raises BadMoney when digits would be lost."""
        minor = round_minor(amount, currency)
        if to_major(minor, currency) != amount:
            raise BadMoney(
                Said(
                    "%(amount)s has more decimals than %(currency)s (%(places)s). Round it "
                    "first, once, where the rule says so.",
                    amount=amount,
                    currency=currency,
                    places=exponent(currency),
                )
            )
        return cls(minor, currency)

    def to_decimal(self) -> Decimal:
        """Major units, with the currency's decimals."""
        return to_major(self.amount_minor, self.currency)

    def _same(self, other: object) -> int:
        if not isinstance(other, Money):
            raise BadMoney(f"Money combines with Money only, not with {other!r}.")
        if other.currency != self.currency:
            raise CurrencyMismatch(
                Said(
                    "%(currency)s and %(other)s cannot be mixed. Convert by a dated rate.",
                    currency=self.currency,
                    other=other.currency,
                )
            )
        return other.amount_minor

    def __add__(self, other: Money) -> Money:
        return Money(self.amount_minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount_minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount_minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.amount_minor), self.currency)

    def __mul__(self, factor: int) -> Money:
        if type(factor) is not int:
            raise BadMoney(f"Money is multiplied by whole numbers only, not {factor!r}.")
        return Money(self.amount_minor * factor, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        return self.amount_minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount_minor <= self._same(other)

    def __bool__(self) -> bool:
        return self.amount_minor != 0
