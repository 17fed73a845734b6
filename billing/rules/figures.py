"""The figures of the terms as people write them: every one that an amendment may change."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from billing.rules.errors import BadTerms
from billing.rules.fields import decimal_text
from billing.rules.money import Money, to_major
from billing.rules.money_text import format_money, format_price, parse_money
from billing.rules.price_lines import written
from billing.rules.rates import PER_UNIT, Rate, dump_rate, parse_rate
from billing.rules.templates import OEM_RATE_KEY
from billing.rules.terms import (
    COLLECTORS,
    DEDUCTIONS,
    DISCOUNT_MODES,
    INTERVALS,
    KINDS,
    SALES,
    SHARE_BASES,
    TAXES,
    BaseFee,
    Cap,
    Component,
    DiscountTier,
    Minimum,
    PerUnit,
    PlanFee,
    RevenueShare,
    SavingsShare,
    Terms,
    Wholesale,
)
from tenants.rules.sayings import Said

MONEY, PERCENT, PRICE, DAYS, CHOICE = "money", "percent", "price", "days", "choice"
MONTHS, FLAG, INSTANT, STEPS, PLAN = "months", "flag", "instant", "steps", "plan"
_FLAGS = ("no", "yes")
# Where a form shows what is seldom amended.
DEAL, SHARE, MORE = "deal", "share", "more"
GROUPS = (DEAL, SHARE, MORE)
OFF = "after."  # before the name of what is taken off before the share


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the terms that can be amended; `text` is its value as people write it.

    `key` is stable: the component's position and member ("0.partner_bps"), the term's own name,
    "after." and what is taken off before the share, or "+" and the name of a component that is not
    there yet. `is_optional`: '' says that there is none, and takes a component out; `group`: where
    it is shown, '' among those that are often amended.
    """

    key: str
    label: Said
    unit: str
    text: str
    choices: tuple[str, ...] = ()
    is_optional: bool = False
    group: str = ""

    @property
    def is_rare(self) -> bool:
        """Seldom amended."""
        return bool(self.group)


# Component → (member, label, unit); without its first member a component is taken out.
MEMBERS: dict[type, tuple[tuple[str, Said, str], ...]] = {
    BaseFee: (
        ("yearly_minor", Said("Base fee a year"), MONEY),
        ("interval", Said("Base fee invoiced"), CHOICE),
    ),
    PerUnit: (("rate", Said("Price per unit"), PRICE),),
    RevenueShare: (("partner_bps", Said("Partner's share"), PERCENT),),
    Wholesale: (
        ("factor_bps", Said("Wholesale factor"), PERCENT),
        ("discount_tiers", Said("Wholesale discounts"), STEPS),
        ("discount_mode", Said("A discount is of"), CHOICE),
    ),
    PlanFee: (
        ("yearly_minor", Said("Fee a year"), MONEY),
        ("interval", Said("Fee invoiced"), CHOICE),
    ),
    SavingsShare: (
        ("percentage_bps", Said("Part of the savings"), PERCENT),
        ("cap_minor", Said("At most a month"), MONEY),
    ),
    Minimum: (("monthly_minor", Said("Minimum a month"), MONEY),),
    Cap: (("monthly_minor", Said("Usage at most a month"), MONEY),),
}
# The term counts from the agreement's start: a longer one renews it.
_OWN = (
    ("payment_days", Said("Payment within days"), DAYS, ""),
    ("min_payout_minor", Said("Minimum payout"), MONEY, ""),
    ("kind", Said("Kind of deal"), CHOICE, DEAL),
    ("collects", Said("Customers are invoiced by"), CHOICE, DEAL),
    ("principal", Said("We collect in our own name (no: as the partner's agent)"), FLAG, DEAL),
    ("sales", Said("Sales to customers are"), CHOICE, DEAL),
    ("share_base", Said("The share is taken of"), CHOICE, SHARE),
    ("tie", Said("Half a cent goes to"), CHOICE, SHARE),
    ("poc_ends_at", Said("Proof of concept until (UTC)"), INSTANT, MORE),
    ("term_months", Said("Term in months from the start"), MONTHS, MORE),
    ("tax", Said("Tax on documents"), CHOICE, MORE),
    ("netting", Said("Claims of both sides are netted"), FLAG, MORE),
    ("self_billing", Said("Statements are self-billed invoices"), FLAG, MORE),
    ("cutoff_days", Said("Usage awaited for days"), DAYS, MORE),
    ("lock_days", Said("Statements can be disputed for days (0: as usual)"), DAYS, MORE),
)
LABELS = {member: label for member, label, _unit, _group in _OWN}
_TAKEN_OFF = {
    "credits": Said("Credit notes are taken off before the share"),
    "fees": Said("Payment fees are taken off before the share"),
    "refunds": Said("Refunds are taken off before the share"),
    "tax": Said("Tax is taken off before the share"),
}
_CHOICES = {
    "interval": INTERVALS,
    "discount_mode": DISCOUNT_MODES,
    "kind": KINDS,
    "collects": COLLECTORS,
    "sales": SALES,
    "share_base": SHARE_BASES,
    "tie": COLLECTORS,
    "tax": TAXES,
}


def _oem_unit(price: Decimal | Rate) -> Component:
    rate = Rate(OEM_RATE_KEY, "cached_requests", PER_UNIT)
    return PerUnit(price if isinstance(price, Rate) else replace(rate, unit_price=price))


# What a deal may be mixed with later: of a kind that is not there yet, and further plans.
ADDED: dict[str, tuple[type, Said, str, Callable[[Any], Component]]] = {
    "+base_fee": (BaseFee, Said("Base fee a year"), MONEY, lambda n: BaseFee(n, "monthly")),
    "+per_unit": (PerUnit, Said("Price per unit"), PRICE, _oem_unit),
    "+revenue_share": (RevenueShare, Said("Partner's share"), PERCENT, RevenueShare),
    "+wholesale": (Wholesale, Said("Wholesale factor"), PERCENT, Wholesale),
    "+plan_fee": (
        PlanFee,
        Said("Another plan and its fee a year"),
        PLAN,
        lambda new: PlanFee(*new),
    ),
    "+savings_share": (SavingsShare, Said("Part of the savings"), PERCENT, SavingsShare),
    "+minimum": (Minimum, Said("Minimum a month"), MONEY, Minimum),
    "+cap": (Cap, Said("Usage at most a month"), MONEY, Cap),
}
_MOST_DAYS = {"cutoff_days": 60}
_OPTIONAL = ("cap_minor", "discount_tiers", "poc_ends_at", "term_months")


def figures(terms: Terms) -> tuple[Figure, ...]:
    """The figures of these terms: the components', the terms' own, what may be mixed in."""
    found = [
        one for position, part in enumerate(terms.components)
        for one in _of_component(position, part, terms.currency)
    ]  # fmt: skip
    for member, label, unit, group in _OWN:
        text = _text(getattr(terms, member), unit, terms.currency)
        choices = _FLAGS if unit == FLAG else _CHOICES.get(member, ())
        found.append(Figure(member, label, unit, text, choices, member in _OPTIONAL, group))
    if terms.shares_revenue:
        found += [
            Figure(OFF + name, _TAKEN_OFF[name], FLAG, _FLAGS[name in terms.deductions], _FLAGS,
                   group=SHARE)
            for name in DEDUCTIONS
        ]  # fmt: skip
    there = {type(part) for part in terms.components} - {PlanFee}
    found += [
        Figure(key, label, unit, "", (), True, MORE)
        for key, (kind, label, unit, _make) in ADDED.items()
        if kind not in there
    ]
    return tuple(found)


def named(component: Component) -> str:
    """What tells a component from others of its kind: a plan, a rate that is not the usual one."""
    if isinstance(component, PlanFee):
        return component.plan
    if isinstance(component, PerUnit) and component.rate.key != OEM_RATE_KEY:
        return component.rate.key
    return ""


def labelled(label: Said, name: str) -> Said:
    """A figure's label, with the name of its component where it has one."""
    return Said("%(label)s (%(name)s)", label=label, name=name) if name else label


def _of_component(position: int, part: Component, currency: str) -> list[Figure]:
    name = named(part)
    return [
        Figure(f"{position}.{member}", labelled(label, name), unit,
               _text(getattr(part, member), unit, currency), _CHOICES.get(member, ()),
               place == 0 or member in _OPTIONAL)
        for place, (member, label, unit) in enumerate(MEMBERS[type(part)])
    ]  # fmt: skip


def read(figure: Figure, text: str, currency: str) -> Any:
    """What was written as the terms hold it; None where '' says that there is none.

    Raises BadTerms naming the figure.
    """
    if not text:
        if figure.is_optional:
            return () if figure.unit == STEPS else None
        raise BadTerms(Said("%(figure)s: a value is needed.", figure=figure.label))
    try:
        return _READERS[figure.unit](figure, text, currency)
    except BadTerms:
        raise
    except InvalidOperation as error:
        raise BadTerms(
            Said("%(figure)s: %(text)s is not understood.", figure=figure.label, text=f"{text!r}")
        ) from error
    except ValueError as error:
        raise BadTerms(
            Said(
                "%(figure)s: %(text)s is not understood. %(error)s",
                figure=figure.label,
                text=f"{text!r}",
                error=error,
            )
        ) from error


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
                Said(
                    "Wholesale discounts: %(step)s is not understood. Write the monthly value a "
                    "step goes up to, a colon and its percentage, such as 10000: 5.",
                    step=f"{step.strip()!r}",
                )
            ) from error
    return tuple(found)


def _text(value: Any, unit: str, currency: str) -> str:
    if value is None:
        return ""
    return _WRITERS[unit](value, currency) if unit in _WRITERS else str(value)


def _price_text(rate: Rate, currency: str) -> str:
    if rate == Rate(rate.key, rate.meter, PER_UNIT, rate.unit_price):
        return format_price(rate.unit_price, currency)
    line = written([dump_rate(rate)])
    return line if line.startswith("{") else json.dumps(dump_rate(rate))


def _steps_text(tiers: tuple[DiscountTier, ...], currency: str) -> str:
    return ", ".join(
        ("more" if tier.up_to_minor is None else decimal_text(to_major(tier.up_to_minor, currency)))
        + f": {decimal_text(Decimal(tier.discount_bps).scaleb(-2))}"
        for tier in tiers
    )


_WRITERS: dict[str, Callable[[Any, str], str]] = {
    FLAG: lambda value, _currency: _FLAGS[value],
    INSTANT: lambda value, _currency: f"{value:%Y-%m-%d %H:%M}",
    MONEY: lambda value, currency: format_money(Money(value, currency)),
    PERCENT: lambda value, _currency: f"{decimal_text(Decimal(value).scaleb(-2))} %",
    PRICE: _price_text,
    STEPS: _steps_text,
}


def _money(figure: Figure, text: str, currency: str) -> int:
    amount = parse_money(text, currency).amount_minor
    if amount < 0:
        raise ValueError(Said("It can not be negative."))
    return amount


def _percent(figure: Figure, text: str, currency: str) -> int:
    return _bps(text)


def _bps(text: str) -> int:
    bps = Decimal(text.rstrip("% ")) * 100
    if bps != bps.to_integral_value() or not 0 <= bps <= 10_000:
        raise ValueError(Said("Use 0 to 100 with at most two decimals."))
    return int(bps)


def _price(figure: Figure, text: str, currency: str) -> Decimal | Rate:
    if text.startswith("{"):
        return parse_rate(json.loads(text))
    price = Decimal(text.lstrip("$€£ "))
    if not price.is_finite() or price < 0 or price != round(price, 12):
        raise ValueError(Said("Use a price of zero or more with at most 12 decimals."))
    return price


def _days(figure: Figure, text: str, currency: str) -> int:
    most = _MOST_DAYS.get(figure.key, 365)
    if not text.isdecimal() or int(text) > most:
        raise ValueError(Said("Use 0 to %(most)s days.", most=most))
    return int(text)


def _months(figure: Figure, text: str, currency: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 120:
        raise ValueError(Said("Use 1 to 120 months."))
    return int(text)


def _instant(figure: Figure, text: str, currency: str) -> datetime:
    hint = Said("Write a day, or a day and a full hour: 2026-10-15 12:00.")
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
        raise ValueError(Said("Use one of %(known)s.", known=", ".join(figure.choices)))
    return text


def _steps(figure: Figure, text: str, currency: str) -> tuple[DiscountTier, ...]:
    return tuple(DiscountTier(*step) for step in parse_discounts(text, currency))


def _plan(figure: Figure, text: str, currency: str) -> tuple[str, int]:
    name, colon, fee = (part.strip() for part in text.partition(":"))
    if not (name and colon):
        raise ValueError(Said("Write the plan, a colon and its fee, such as enterprise: 75000."))
    return name, _money(figure, fee, currency)


_READERS: dict[str, Callable[[Figure, str, str], Any]] = {
    MONEY: _money,
    PERCENT: _percent,
    PRICE: _price,
    DAYS: _days,
    CHOICE: _choice,
    MONTHS: _months,
    INSTANT: _instant,
    FLAG: _flag,
    STEPS: _steps,
    PLAN: _plan,
}
