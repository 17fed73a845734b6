"""The arithmetic of a line in words and figures, as documents print it."""

from __future__ import annotations

from decimal import Decimal

from billing.rules.facts import Receipt
from billing.rules.lines import POC_DISCOUNT, WHOLESALE_FACTOR, RatedLine
from billing.rules.money import Money, to_major
from billing.rules.money_text import format_money, format_price
from billing.rules.rates import PERCENTAGE
from billing.rules.rating import Step
from billing.rules.sharing import CustomerShare

_FACTORS = (POC_DISCOUNT, WHOLESALE_FACTOR, "volume_discount")


def grouped(number: str | Decimal) -> str:
    """`12345678` → `12,345,678`, decimals kept."""
    return f"{Decimal(number):,f}"


def percent(fraction: str | Decimal) -> str:
    """`0.3` → `30 %`."""
    value = (Decimal(fraction) * 100).normalize()
    return _minus(f"{value:f} %")


def bps_percent(bps: int) -> str:
    """`3000` → `30 %`."""
    return percent(Decimal(bps).scaleb(-4))


def money(amount_minor: int, currency: str) -> str:
    """Minor units as documents print them: `$1,234.56`, with a true minus sign."""
    return _minus(format_money(Money(amount_minor, currency)))


def price(exact: str | Decimal, currency: str) -> str:
    """An exact amount or a unit price with every digit it has."""
    return _minus(format_price(Decimal(exact), currency))


def _minus(text: str) -> str:
    # A hyphen lets a line break after it, and a figure must not lose its sign.
    return text.replace("-", "\u2212")


def _step_text(step: Step, line: RatedLine) -> str:
    currency = line.currency
    amount = price(step.amount, currency)
    if step.quantity is None or step.price is None:
        return f"{step.label}: {amount}"
    if line.kind in _FACTORS or step.label == PERCENTAGE:
        base = price(step.quantity, currency)
        return f"{step.label}: {base} × {percent(step.price)} = {amount}"
    told = f"{grouped(step.quantity)} × {price(step.price, currency)} = {amount}"
    return told if step.label == "per unit" else f"{step.label}: {told}"


def explain_line(line: RatedLine) -> tuple[str, ...]:
    """Steps of one rated line, its rounding, and what earlier documents already charged."""
    texts = [_step_text(step, line) for step in line.steps]
    # A wholesale factor line is a difference of two rounded amounts and says so in its steps.
    rounded = line.exact != to_major(line.rounded_minor, line.currency)
    if rounded and line.kind != WHOLESALE_FACTOR:
        texts.append(f"rounded: {money(line.rounded_minor, line.currency)}")
    if line.was_booked:
        texts.append(
            f"period so far {money(line.rounded_minor, line.currency)}, already charged "
            f"{money(line.booked_minor, line.currency)}"
        )
    return tuple(texts)


_REASONS = {
    "poc_offer": "share agreed in the proof-of-concept offer",
    "negotiated": "negotiated share",
    "type_default": "",
}


def explain_share(
    share: CustomerShare,
    side_bps: int,
    minor: int,
    currency: str,
    reason: str,
    noun: str = "the invoice's",
) -> tuple[str, ...]:
    """How one customer's document was split; every line of it shows an allocation of this."""
    base = money(share.delta_base_minor, currency)
    taxed = " with tax" if share.tax_minor else ""
    texts = [f"{bps_percent(side_bps)} of {noun} {base}{taxed} = {money(minor, currency)}"]
    if _REASONS.get(reason):
        texts.append(_REASONS[reason])
    return tuple(texts)


def told_receipt(share: CustomerShare, receipt: Receipt, currency: str, fees: bool) -> str:
    """What the share of a receipt is taken from."""
    if fees:
        return f"payment fees so far {money(-share.base_minor, currency)}, taken off"
    whole = money(receipt.base_minor + receipt.tax_minor, currency)
    named = f"the invoice's {whole}{' with tax' if receipt.tax_minor else ''}"
    if receipt.reopened_minor:
        return f"{money(-share.base_minor, currency)} of {named} was paid back and is open again"
    return f"{money(share.base_minor, currency)} of {named} is paid"


def explain_collected(share: CustomerShare, base_told: str, currency: str) -> tuple[str, ...]:
    """How the share of money received comes about: in all so far, less what was shown before."""
    texts = [base_told]
    texts.append(f"{bps_percent(share.partner_bps)} of it = {money(share.partner_minor, currency)}")
    before = share.partner_minor - share.delta_partner_minor
    if before:
        texts.append(f"less {money(before, currency)} on earlier statements")
    return tuple(texts)
