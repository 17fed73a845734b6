"""Whom security.txt names, and when it ends."""

from datetime import UTC, datetime

import pytest

from tenants.rules.brand import Brand
from tenants.rules.security_txt import contacts, security_txt

US, MAIL, PAGE = "security@agentcache.example", "help@redis.example", "https://redis.example/help"


def brand(**facts):
    return Brand(**{"product_name": "Flash", "tagline": "", "legal_name": "", "support_email": "",
                    "css_hash": "", **facts})  # fmt: skip


@pytest.mark.parametrize(("facts", "fallback", "named"), [
    ({"support_email": MAIL, "support_url": PAGE}, US, [f"mailto:{MAIL}", PAGE]),
    ({"support_email": MAIL}, "", [f"mailto:{MAIL}"]),
    ({"support_url": PAGE}, US, [PAGE]),
    ({}, US, [f"mailto:{US}"]),
    ({}, "", []),
])  # fmt: skip
def test_the_brands_own_contacts_come_first(facts, fallback, named):
    assert contacts(brand(**facts), fallback) == named


@pytest.mark.parametrize(("now", "expires"), [
    (datetime(2026, 10, 5, 14, 20, tzinfo=UTC), "2027-04-03T00:00:00Z"),
    (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), "2027-06-29T00:00:00Z"),
])  # fmt: skip
def test_it_ends_within_a_year_and_at_no_fraction_of_a_day(now, expires):
    text = security_txt(contacts=[PAGE], languages=["en", "de"], canonical="https://a.b/c", now=now)
    assert text == (
        f"Contact: {PAGE}\nExpires: {expires}\nPreferred-Languages: en, de\n"
        "Canonical: https://a.b/c\n"
    )
