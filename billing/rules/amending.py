"""An amendment as a person makes it: the figures of the terms, changed, and what that changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from billing.rules.errors import BadTerms
from billing.rules.fields import decimal_text
from billing.rules.money import Money
from billing.rules.money_text import format_money, format_price, parse_money
from billing.rules.terms import (
    INTERVALS,
    TAXES,
    BaseFee,
    Cap,
    Component,
    Minimum,
    PerUnit,
    PlanFee,
    RevenueShare,
    SavingsShare,
    Terms,
    Wholesale,
)
from billing.rules.terms_json import check_terms

MONEY, PERCENT, PRICE, DAYS, CHOICE = "money", "percent", "price", "days", "choice"
MONTHS, FLAG, INSTANT = "months", "flag", "instant"
_FLAGS = ("no", "yes")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the terms that can be amended; `text` is its value as people write it.

    `key` is stable: the component's position and member ("0.partner_bps"), the term's own name, or
    "+" and the name of a component that is not there yet. `is_optional`: '' says that there is
    none; `is_rare`: seldom amended.
    """

    key: str
    label: str
    unit: str
    text: str
    choices: tuple[str, ...] = ()
    is_optional: bool = False
    is_rare: bool = False


# Component → (member, label, unit) of what may change without another kind of deal.
_MEMBERS: dict[type, tuple[tuple[str, str, str], ...]] = {
    BaseFee: (
        ("yearly_minor", "Base fee a year", MONEY),
        ("interval", "Base fee invoiced", CHOICE),
    ),
    PerUnit: (("rate", "Price per unit", PRICE),),
    RevenueShare: (("partner_bps", "Partner's share", PERCENT),),
    Wholesale: (("factor_bps", "Wholesale factor", PERCENT),),
    PlanFee: (("yearly_minor", "Fee a year", MONEY),),
    SavingsShare: (
        ("percentage_bps", "Part of the savings", PERCENT),
        ("cap_minor", "At most a month", MONEY),
    ),
    Minimum: (("monthly_minor", "Minimum a month", MONEY),),
    Cap: (("monthly_minor", "Usage at most a month", MONEY),),
}
_OWN = (
    ("payment_days", "Payment within days", DAYS),
    ("min_payout_minor", "Minimum payout", MONEY),
)
# Seldom amended. The term counts from the agreement's start: a longer one renews it.
_RARE = (
    ("poc_ends_at", "Proof of concept until (UTC)", INSTANT),
    ("term_months", "Term in months from the start", MONTHS),
    ("tax", "Tax on documents", CHOICE),
    ("netting", "Claims of both sides are netted", FLAG),
    ("self_billing", "Statements are self-billed invoices", FLAG),
    ("cutoff_days", "Usage awaited for days", DAYS),
    ("lock_days", "Statements can be disputed for days (0: as usual)", DAYS),
)
# What a deal may be mixed with later: of a kind that is not there yet.
_ADDED: dict[str, tuple[type, str, str, Callable[[int], Component]]] = {
    "+base_fee": (BaseFee, "Base fee a year", MONEY, lambda n: BaseFee(n, "monthly")),
    "+revenue_share": (RevenueShare, "Partner's share", PERCENT, RevenueShare),
    "+savings_share": (SavingsShare, "Part of the savings", PERCENT, SavingsShare),
    "+minimum": (Minimum, "Minimum a month", MONEY, Minimum),
    "+cap": (Cap, "Usage at most a month", MONEY, Cap),
}
_MOST_DAYS = {"cutoff_days": 60}
_OPTIONAL = ("cap_minor", "poc_ends_at", "term_months")


def figures(terms: Terms) -> tuple[Figure, ...]:
    """The figures of these terms in the order of the components."""
    found = []
    for position, part in enumerate(terms.components):
        for member, label, unit in _MEMBERS[type(part)]:
            name = f"{label} ({part.plan})" if isinstance(part, PlanFee) else label
            text = _text(getattr(part, member), unit, terms.currency)
            found.append(Figure(f"{position}.{member}", name, unit, text,
                                INTERVALS if unit == CHOICE else (),
                                member in _OPTIONAL))  # fmt: skip
    for member, label, unit in (*_OWN, *_RARE):
        text = _text(getattr(terms, member), unit, terms.currency)
        choices = {CHOICE: TAXES, FLAG: _FLAGS}.get(unit, ())
        rare = (member, label, unit) in _RARE
        found.append(Figure(member, label, unit, text, choices, member in _OPTIONAL, rare))
    there = {type(part) for part in terms.components}
    found += [
        Figure(key, label, unit, "", (), True, True)
        for key, (kind, label, unit, _make) in _ADDED.items()
        if kind not in there
    ]
    return tuple(found)


def amended(terms: Terms, texts: Mapping[str, str]) -> Terms:
    """The terms with some figures written anew, by key. Raises BadTerms naming the figure.

    A share that differs is negotiated, whatever it was before.
    """
    known = {figure.key: figure for figure in figures(terms)}
    unknown = set(texts) - set(known)
    if unknown:
        raise BadTerms(f"These terms have no figure {sorted(unknown)[0]!r}.")
    parts, own = list(terms.components), {}
    for key, text in texts.items():
        figure = known[key]
        if text.strip() == figure.text:
            continue
        value = _value(figure, text.strip(), terms.currency)
        if key in _ADDED:
            parts.append(_ADDED[key][3](value))
        elif "." in key:
            position, member = key.split(".")
            parts[int(position)] = _changed(parts[int(position)], member, value)
        else:
            own[key] = value
    return check_terms(_negotiated(terms, replace(terms, components=tuple(parts), **own)))


def parse_discounts(text: str, currency: str) -> tuple[tuple[int | None, int], ...]:
    """`10000: 0, 50000: 5, more: 10` → (up to minor units, basis points) by step; None is open.

    Raises BadTerms naming the step; whether the steps rise is the terms' own check.
    """
    found: list[tuple[int | None, int]] = []
    for step in text.split(","):
        value, _, percent = (part.strip() for part in step.partition(":"))
        try:
            up_to = None if value == "more" else parse_money(value, currency).amount_minor
            found.append((up_to, _bps(percent)))
        except (ValueError, InvalidOperation) as error:
            raise BadTerms(
                f"Wholesale discounts: {step.strip()!r} is not understood. Write the monthly value "
                "a step goes up to, a colon and its percentage, such as 10000: 5."
            ) from error
    return tuple(found)


def differences(before: Terms, after: Terms) -> tuple[tuple[str, str, str], ...]:
    """(what, before, after) of every figure that differs; '' where one side has none."""
    old = {figure.label: figure.text for figure in figures(before)}
    new = {figure.label: figure.text for figure in figures(after)}
    return tuple(
        (label, old.get(label, ""), new.get(label, ""))
        for label in {**old, **new}
        if old.get(label) != new.get(label)
    )


def _negotiated(before: Terms, after: Terms) -> Terms:
    if before.partner_share_bps == after.partner_share_bps:
        return after
    return replace(after, share_reason="negotiated")


def _changed(part: Component, member: str, value: Any) -> Component:
    if isinstance(part, PerUnit):
        return PerUnit(replace(part.rate, unit_price=value))
    return replace(part, **{member: value})


def _text(value: Any, unit: str, currency: str) -> str:
    if value is None:
        return ""
    if unit == FLAG:
        return _FLAGS[value]
    if unit == INSTANT:
        return f"{value:%Y-%m-%d %H:%M}"
    if unit == MONEY:
        return format_money(Money(value, currency))
    if unit == PERCENT:
        return f"{decimal_text(Decimal(value).scaleb(-2))} %"
    if unit == PRICE:
        return format_price(value.unit_price, currency)
    return str(value)


def _value(figure: Figure, text: str, currency: str) -> Any:
    if not text:
        if figure.is_optional:
            return None
        raise BadTerms(f"{figure.label}: a value is needed.")
    try:
        return _READERS[figure.unit](figure, text, currency)
    except (ValueError, InvalidOperation) as error:
        raise BadTerms(f"{figure.label}: {text!r} is not understood. {error}".strip()) from error


def _money(figure: Figure, text: str, currency: str) -> int:
    amount = parse_money(text, currency).amount_minor
    if amount < 0:
        raise ValueError("It can not be negative.")
    return amount


def _percent(figure: Figure, text: str, currency: str) -> int:
    return _bps(text)


def _bps(text: str) -> int:
    bps = Decimal(text.rstrip("% ")) * 100
    if bps != bps.to_integral_value() or not 0 <= bps <= 10_000:
        raise ValueError("Use 0 to 100 with at most two decimals.")
    return int(bps)


def _price(figure: Figure, text: str, currency: str) -> Decimal:
    price = Decimal(text.lstrip("$€£ "))
    if not price.is_finite() or price < 0 or price != round(price, 12):
        raise ValueError("Use a price of zero or more with at most 12 decimals.")
    return price


def _days(figure: Figure, text: str, currency: str) -> int:
    most = _MOST_DAYS.get(figure.key, 365)
    if not text.isdecimal() or int(text) > most:
        raise ValueError(f"Use 0 to {most} days.")
    return int(text)


def _months(figure: Figure, text: str, currency: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 120:
        raise ValueError("Use 1 to 120 months.")
    return int(text)


def _instant(figure: Figure, text: str, currency: str) -> datetime:
    hint = "Write a day, or a day and a full hour: 2026-10-15 12:00."
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(hint) from None
    if found.tzinfo or found != found.replace(minute=0, second=0, microsecond=0):
        raise ValueError(hint)
    return found.replace(tzinfo=UTC)


def _flag(figure: Figure, text: str, currency: str) -> bool:
    return _choice(figure, text, currency) == _FLAGS[True]


def _choice(figure: Figure, text: str, currency: str) -> str:
    if text not in figure.choices:
        raise ValueError(f"Use one of {', '.join(figure.choices)}.")
    return text


_READERS: dict[str, Callable[[Figure, str, str], Any]] = {
    MONEY: _money,
    PERCENT: _percent,
    PRICE: _price,
    DAYS: _days,
    CHOICE: _choice,
    MONTHS: _months,
    INSTANT: _instant,
    FLAG: _flag,
}
