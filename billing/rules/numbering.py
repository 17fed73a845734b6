"""Document numbers: a series per kind and year, counted without a gap by each issuer."""

from __future__ import annotations

from billing.rules.drafts import (
    CREDIT_NOTE,
    CUSTOMER_INVOICE,
    PARTNER_INVOICE,
    PAYOUT_STATEMENT,
)

SERIES = {
    CUSTOMER_INVOICE: "INV",
    PARTNER_INVOICE: "PIN",
    PAYOUT_STATEMENT: "PST",
    CREDIT_NOTE: "CN",
}


def number_text(series: str, year: int, sequence_no: int) -> str:
    """`("INV", 2026, 42)` → `INV-2026-000042`."""
    return f"{series}-{year}-{sequence_no:06d}"
