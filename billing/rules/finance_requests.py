"""Kinds of what finance enters or gives up by two people, and how each is called in refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.rules.fields import decimal_text

FX_RATE, TAX_RATE, TAX_STATUS, WRITE_OFF = "fx_rate", "tax_rate", "tax_status", "write_off"
PRICES, WAIVER = "prices", "waiver"
CALLED = {
    FX_RATE: "exchange rate",
    TAX_RATE: "tax rate",
    TAX_STATUS: "tax status",
    WRITE_OFF: "write-off",
    PRICES: "price list",
    WAIVER: "waiver",
}
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


def told(facts: Mapping[str, Any]) -> str:
    """`day 2026-09-30, rate 0.92, …`: what was asked for, without ids, for lists."""
    parts = []
    for name, text in sorted(facts.items()):
        if text and isinstance(text, str) and not name.endswith("_id"):
            number = _READ.get(name) is Decimal
            parts.append(
                f"{name.replace('_', ' ')} {decimal_text(Decimal(text)) if number else text}"
            )
    return ", ".join(parts)


def columns(facts: Mapping[str, str | None]) -> dict[str, Any]:
    """The columns of the row that was asked for, read from their texts."""
    return {
        name: _READ[name](text) if name in _READ and text is not None else text
        for name, text in facts.items()
    }
