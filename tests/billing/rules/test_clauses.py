"""The written agreement says what the terms say, figure by figure, for every kind of deal."""

import re
from decimal import Decimal

import pytest

from billing.rules.clauses import Dated, agreement_text
from billing.rules.rates import Rate, RateCard
from billing.rules.templates import TEMPLATES, Deal, agreement_terms
from tests.billing.people import utc

START = utc("2026-01-01")
PARTY = {"legal_name": "X Ltd", "address": [], "country": "GB", "tax_id": "", "email": ""}
PARTIES = {
    "platform": {**PARTY, "legal_name": "AgentCache Inc."}, "partner": PARTY,
    "brand": {"name": "Redis Edge Cache", "primary_hex": "#FF4438", "tagline": "",
              "support_email": ""},
}  # fmt: skip
CARD = RateCard("v1", "Retail v1", "USD", (
    Rate("cached", "cached_requests", "per_unit", unit_price=Decimal("0.002")),
    Rate("lookups", "lookups", "per_unit"),
))  # fmt: skip


def text(template: str, deal: Deal | None = None, until=None) -> str:
    terms = agreement_terms(template, partner_kind="cloud", currency="USD", starts_at=START,
                            deal=deal or Deal())  # fmt: skip
    paper = agreement_text(terms, Dated("redis-1", 1, START, until), CARD, PARTIES)
    assert [clause["number"] for clause in paper["clauses"]] == list(
        range(1, len(paper["clauses"]) + 1)
    )
    return "\n".join(line for clause in paper["clauses"] for line in clause["sentences"])


@pytest.mark.parametrize(("template", "deal", "said"), [
    ("revenue_share_platform", Deal(), ["40 % is the partner's and 60 % is AgentCache's",
     "in its own name", "statement of the partner's share", "within 30 days, in USD"]),
    ("revenue_share_platform", Deal(principal=False, self_billing=True, min_payout_minor=50_00),
     ["as the partner's agent", "self-billed invoice", "below $50.00 is carried forward"]),
    ("revenue_share_partner", Deal(share_bps=5_550), ["55.5 % is the partner's and 44.5 %",
     "pays AgentCache its part", "one invoice to the partner"]),
    ("poc", Deal(), ["Until 01 July 2026, 00:00 UTC", "30 % is the partner's"]),
    ("oem", Deal(base_yearly_minor=120_000_00), ["$120,000.00 a year", "$0.001 each",
     "a term of 36 months"]),
    ("wholesale", Deal(discount_mode="graduated", discount_tiers=((10_000_00, 500), (None, 1_000))),
     ["50 % of AgentCache's retail prices", "tier by tier: 5 % up to $10,000.00; 10 % above"]),
    ("direct", Deal(), ["“enterprise” pays $75,000.00 a year", "contracts with the customers"]),
    ("revenue_share_platform", Deal(base_yearly_minor=100_000_00, minimum_minor=5_000_00),
     ["$100,000.00 a year", "at least $5,000.00 for each full month"]),
])  # fmt: skip
def test_the_paper_states_the_terms(template, deal, said):
    written = text(template, deal)

    assert [part for part in said if part not in written] == []
    assert "cached requests $0.002 per request; lookups free" in written


def test_every_template_can_be_written_and_says_who_pays_what():
    for template in TEMPLATES:
        written = text(template, until=utc("2029-01-01"))
        assert re.search(r"hold from 01 January 2026, 00:00 UTC until 01 January 2029", written)
        assert "None" not in written and "{" not in written
