"""Terms in plain words: each kind of deal says who pays what to whom."""

from decimal import Decimal

import pytest

from billing.rules.templates import Deal, agreement_terms
from portal.plain_terms import plain_terms
from tests.billing.people import utc


def words(template, kind="general_cache", **deal):
    terms = agreement_terms(template, partner_kind=kind, currency="USD",
                            starts_at=utc("2026-01-01"), deal=Deal(**deal))  # fmt: skip
    return " ".join(plain_terms(terms))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("revenue_share_platform",), "gets 30 % of each customer invoice's net, we keep 70 %."),
        (("revenue_share_platform",), "We invoice the partner's customers, in our own name."),
        (("revenue_share_partner", "cloud"), "The partner invoices its customers and pays us"),
        (("poc", "vector_db"), "we keep 70 % (as offered with the proof of concept)."),
        (("poc", "vector_db"), "Proof of concept until 1 Jul 2026, 00:00 UTC: usage is rated"),
        (("oem", "cloud"), "A base fee of $120,000.00 a year, invoiced monthly in advance."),
        (("oem", "cloud"), "$0.001 per cached request, all customers together."),
        (("oem", "cloud"), "Term: 36 months."),
        (("wholesale", "cloud"), "The partner pays 50 % of our retail prices."),
        (("direct", "direct"), "Plan enterprise: $75,000.00 a year per customer"),
    ],
)
def test_the_templates(said, expected):
    assert expected in words(*said)


def test_what_was_negotiated_is_said():
    assert "gets 12.5 %" in words("revenue_share_platform", share_bps=1250)
    assert "(as negotiated)" in words("revenue_share_platform", share_bps=1250)
    assert "at least $5,000.00 a month" in words("oem", "cloud", minimum_minor=5_000_00)
    assert "$0.0004 per cached" in words("oem", "cloud", unit_price=Decimal("0.0004"))
    assert "Shares below $100.00 are carried" in words(
        "revenue_share_platform", min_payout_minor=100_00
    )
    assert "as the partner's agent" in words("revenue_share_platform", principal=False)
    tiers = {"discount_mode": "volume", "discount_tiers": ((10_000_00, 0), (None, 1000))}
    assert "0 % up to $10,000.00, 10 % up to any value" in words("wholesale", "cloud", **tiers)
