"""Kinds of what finance enters or gives up by two people, and how each is called in refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any
from uuid import UUID

from billing.rules.fields import decimal_text
from tenants.rules.sayings import Said

FX_RATE, TAX_RATE, TAX_STATUS, WRITE_OFF = "fx_rate", "tax_rate", "tax_status", "write_off"
PRICES, WAIVER = "prices", "waiver"
CALLED = {
    FX_RATE: Said("exchange rate"),
    TAX_RATE: Said("tax rate"),
    TAX_STATUS: Said("tax status"),
    WRITE_OFF: Said("write-off"),
    PRICES: Said("price list"),
    WAIVER: Said("waiver"),
}
_FACTS = {
    "audience": Said("audience"), "base": Said("base"), "charges": Said("charges"),
    "code": Said("code"), "country": Said("country"), "currency": Said("currency"),
    "day": Said("day"), "label": Said("tax"), "name": Said("name"), "percent": Said("percent"),
    "quote": Said("quote"), "rate": Said("rate"), "reason": Said("reason"),
    "treatment": Said("taxed"), "valid_from": Said("valid from"),
}  # fmt: skip
KINDS = tuple(CALLED)
RATES = (FX_RATE, TAX_RATE, TAX_STATUS)
_READ: dict[str, Callable[[str], Any]] = {
    "partner_id": UUID,
    "customer_id": UUID,
    "day": date.fromisoformat,
    "valid_from": date.fromisoformat,
    "rate": Decimal,
    "percent": Decimal,
}


def told(facts: Mapping[str, Any]) -> Said:
    """`day 2026-09-30, rate 0.92, …`: what was asked for, without ids, for lists."""
    parts = []
    for name, text in sorted(facts.items()):
        if text and isinstance(text, str) and not name.endswith("_id"):
            number = _READ.get(name) is Decimal
            value = decimal_text(Decimal(text)) if number else text
            parts.append(Said("%(fact)s %(value)s", fact=_FACTS.get(name, name), value=value))
    return reduce(_and, parts) if parts else Said("–")


def _and(before: Said, after: Said) -> Said:
    return Said("%(before)s, %(after)s", before=before, after=after)


def columns(facts: Mapping[str, str | None]) -> dict[str, Any]:
    """The columns of the row that was asked for, read from their texts."""
    return {
        name: _READ[name](text) if name in _READ and text is not None else text
        for name, text in facts.items()
    }
