"""Figures of the terms as people change them: read back unchanged, refused by name."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.rules.amending import amended, differences, figures, parse_discounts
from billing.rules.errors import BadTerms
from billing.rules.templates import TEMPLATES, Deal, agreement_terms
from billing.rules.terms import Cap, Minimum, RevenueShare
from billing.rules.terms_json import dump_terms, parse_terms
from portal.words.terms import FIGURES, figure
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
    assert all(one.label.partition(" (")[0] in FIGURES or one.label in FIGURES
               for one in figures(terms))  # fmt: skip
    assert figure("Fee a year (enterprise)") == "Fee a year (enterprise)"


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


RARE = {
    "Proof of concept until (UTC)": ("2026-10-15 12:00", "poc_ends_at", utc("2026-10-15T12:00")),
    "Term in months from the start": ("72", "term_months", 72),
    "Tax on documents": ("charged", "tax", "charged"),
    "Claims of both sides are netted": ("yes", "netting", True),
    "Statements are self-billed invoices": ("yes", "self_billing", True),
    "Usage awaited for days": ("5", "cutoff_days", 5),
    "Statements can be disputed for days (0: as usual)": ("30", "lock_days", 30),
}


@pytest.mark.parametrize("label", RARE)
def test_what_is_seldom_amended(label):
    text, member, value = RARE[label]
    terms = terms_of("revenue_share_platform")
    figure = next(one for one in figures(terms) if one.label == label)

    after = amended(terms, {figure.key: text})

    assert figure.is_rare and after == replace(terms, **{member: value})
    assert [found for found in differences(terms, after) if found[0] == label]
    assert parse_terms(dump_terms(after)) == after


def test_a_deal_is_mixed_with_what_it_had_not():
    """OEM base and 0.001 a request, then 40/60 of what the partner sells, a minimum, a cap."""
    terms = terms_of("oem", Deal())
    after = amended(terms, {"+revenue_share": "60", "+minimum": "1,000", "+cap": "9,000"})
    added = (RevenueShare(6_000), Minimum(1_000_00), Cap(9_000_00))
    assert after.components == (*terms.components, *added)
    signed = terms_of("oem", Deal(share_bps=6_000, minimum_minor=1_000_00, cap_minor=9_000_00))
    assert set(after.components) == set(signed.components)
    with pytest.raises(BadTerms, match="cap is below"):
        amended(terms, {"+minimum": "1,000", "+cap": "900"})
    with pytest.raises(BadTerms, match="no customer money to share"):
        amended(terms_of("wholesale"), {"+revenue_share": "60"})


def test_discounts_are_written_in_steps():
    steps = parse_discounts("10000: 0, 50000.50: 5.5 %, more: 10", "USD")
    assert steps == ((10_000_00, 0), (50_000_50, 550), (None, 1_000))
    for wrong in ("10000", "a lot: 5", "10000: 101", "more: ,"):
        with pytest.raises(BadTerms, match="Wholesale discounts"):
            parse_discounts(wrong, "USD")


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
    ("Proof of concept until", "soon"), ("Proof of concept until", "2026-10-15 12:30"),
    ("Term in months", "0"), ("Term in months", "three"), ("Tax on documents", "perhaps"),
    ("Claims of both", "maybe"), ("Usage awaited", "61"),
])  # fmt: skip
def test_a_figure_that_can_not_be_is_refused_by_name(label, text):
    terms = terms_of("revenue_share_platform")
    key = next(one.key for one in figures(terms) if one.label.startswith(label))

    with pytest.raises(BadTerms, match=label):
        amended(terms, {key: text})


def test_an_unknown_figure_is_refused():
    with pytest.raises(BadTerms, match="no figure"):
        amended(terms_of("oem"), {"7.partner_bps": "1"})
