"""Small builders of frozen inputs for the tests of billing rules."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import settings

from billing.rules.inputs import RunInput, RunInputRow, SegmentTerms
from billing.rules.periods import parse_month, segments
from billing.rules.rates import PER_UNIT, Rate, RateCard
from billing.rules.templates import Deal, agreement_terms

# Enough examples to find a broken rule in seconds, not enough to slow the suite.
few = settings(max_examples=12, deadline=None)
many = settings(max_examples=50, deadline=None)

OCTOBER = parse_month("2026-10")
RETAIL = RateCard("card-1", "Retail", "USD", (
    Rate("cached", "cached_requests", PER_UNIT, Decimal("0.002")),
    Rate("served", "gb_served", PER_UNIT, Decimal("0.02")),
))  # fmt: skip


def hour(text):
    """`2026-10-15T12` → that UTC hour."""
    return datetime.strptime(text, "%Y-%m-%dT%H").replace(tzinfo=UTC)


def row(customer, requests=0, gb="0", segment=0, **extra):
    return RunInputRow(
        segment=segment,
        customer_id=f"id-{customer}",
        external_id=customer,
        name=customer.title(),
        cached_requests=requests,
        bytes_served=int(Decimal(gb) * 10**9),
        **extra,
    )


def terms(
    template="revenue_share_platform", kind="general_cache", starts="2026-01-01T00",
    currency="USD", **deal,
):  # fmt: skip
    return agreement_terms(
        template, partner_kind=kind, currency=currency, starts_at=hour(starts), deal=Deal(**deal)
    )


def run(*rows, agreed=None, retail=RETAIL, period=OCTOBER, **extra):
    agreed = agreed or terms()
    cuts = [at for at in (agreed.poc_ends_at, agreed.anchor_at) if at]
    parts = tuple(
        SegmentTerms(part, "v1", agreed, retail)
        for part in segments(period, cuts)
        if part.end > agreed.anchor_at
    )
    return RunInput("agreement-1", period, parts, tuple(rows), **extra)
