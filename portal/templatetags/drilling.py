"""Exact quantities of the drill-down in templates."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from django import template

from billing.rules.cycles import fraction_to_decimal
from billing.rules.fields import PLACES, decimal_text
from billing.rules.trust.basis import Basis
from portal.local import marked
from portal.templatetags.money import money_text

register = template.Library()


@register.filter
def figure_text(value: Decimal | int | str | None) -> str:
    """A quantity with every digit it has, in groups of three: nothing is rounded away."""
    if value is None or value == "":
        return "–"
    return marked(f"{Decimal(decimal_text(Decimal(str(value)))):,f}")


@register.filter
def counted(raw: int, basis: Basis) -> str:
    """A count of the meter's base units in its unit: bytes as GB."""
    return figure_text(fraction_to_decimal(Fraction(raw, basis.meter.divisor), PLACES))


@register.filter
def humane(name: str) -> str:
    """`semantic_hit` → `semantic hit`."""
    return name.replace("_", " ")


@register.filter
def signed(value: int) -> str:
    """A difference with its sign: `+1,204`, `−3`, `0`."""
    return "0" if not value else marked(f"{value:+,d}").replace("-", "\u2212")


@register.filter
def money_change(amount_minor: int, currency: str) -> str:
    """A difference in money with its sign: `+$1.20`, `−$3.00`; an en dash for none."""
    if not amount_minor:
        return "–"
    return ("+" if amount_minor > 0 else "\u2212") + money_text(abs(amount_minor), currency)


@register.filter
def money_plain(amount_minor: int, currency: str) -> str:
    """A large amount without its cents where they are zero: `$7,050,000`."""
    return re.sub(r"[.,]00(?=\D*$)", "", money_text(amount_minor, currency))
