"""Figures of the terms as people change them: read back unchanged, refused by name."""

from decimal import Decimal

import pytest

from billing.rules.amending import amended, differences, figures
from billing.rules.errors import BadTerms
from billing.rules.templates import TEMPLATES, Deal, agreement_terms
from tests.billing.people import utc

DEAL = Deal(base_yearly_minor=100_000_00, minimum_minor=5_000_00, min_payout_minor=50_00)


def terms_of(template: str, deal: Deal = DEAL):
    return agreement_terms(template, partner_kind="cloud", currency="USD", deal=deal,
                           starts_at=utc("2026-01-01"))  # fmt: skip


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_is_shown_reads_back_as_it_was(template):
    terms = terms_of(template)

    assert amended(terms, {one.key: one.text for one in figures(terms)}) == terms
    assert differences(terms, terms) == ()
    assert len({one.label for one in figures(terms)}) == len(figures(terms))


def test_changed_figures_change_just_that_and_a_new_share_is_negotiated():
    terms = terms_of("revenue_share_platform")
    keys = {one.label: one.key for one in figures(terms)}

    after = amended(terms, {keys["Partner's share"]: "45.5 %", keys["Base fee a year"]: "120,000",
                            keys["Payment within days"]: "14"})  # fmt: skip

    assert (after.partner_share_bps, after.payment_days, after.share_reason) == (
        4_550, 14, "negotiated",
    )  # fmt: skip
    assert differences(terms, after) == (
        ("Base fee a year", "$100,000.00", "$120,000.00"),
        ("Partner's share", "40 %", "45.5 %"),
        ("Payment within days", "30", "14"),
    )


def test_a_unit_price_keeps_its_twelve_decimals():
    terms = terms_of("oem")
    key = next(one.key for one in figures(terms) if one.unit == "price")

    after = amended(terms, {key: "$0.000000000001"})

    assert after.components[1].rate.unit_price == Decimal("0.000000000001")


@pytest.mark.parametrize(("label", "text"), [
    ("Partner's share", "100.5"), ("Partner's share", "-1"), ("Partner's share", "a third"),
    ("Partner's share", "1.005"), ("Partner's share", "NaN"), ("Partner's share", ""),
    ("Base fee a year", "-5"), ("Base fee a year", "1.001"), ("Base fee invoiced", "weekly"),
    ("Payment within days", "366"), ("Payment within days", "x"), ("Minimum payout", "many"),
])  # fmt: skip
def test_a_figure_that_can_not_be_is_refused_by_name(label, text):
    terms = terms_of("revenue_share_platform")
    key = next(one.key for one in figures(terms) if one.label == label)

    with pytest.raises(BadTerms, match=label):
        amended(terms, {key: text})


def test_an_unknown_figure_is_refused():
    with pytest.raises(BadTerms, match="no figure"):
        amended(terms_of("oem"), {"7.partner_bps": "1"})
