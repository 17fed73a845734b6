"""Figures of the terms as people change them: read back unchanged, refused by name."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils import translation
from django.utils.translation import gettext

from billing.rules.amending import amended, differences, refuse_amendment
from billing.rules.errors import BadTerms
from billing.rules.figures import figures, labelled, parse_discounts
from billing.rules.templates import TEMPLATES, Deal, agreement_terms
from billing.rules.terms import (
    BaseFee,
    Cap,
    DiscountTier,
    Minimum,
    PerUnit,
    PlanFee,
    RevenueShare,
    Wholesale,
)
from billing.rules.terms_json import dump_terms, parse_terms
from portal.words.told import told
from tenants.rules.sayings import Said
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
    with translation.override("de"):
        assert all(told(one.label) != one.label for one in figures(terms))
        assert told(labelled(Said("Fee a year"), "pro")) == f"{gettext('Fee a year')} (pro)"


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
    "We collect in our own name (no: as the partner's agent)": ("no", "principal", False),
    "The share is taken of": ("collected", "share_base", "collected"),
    "Half a cent goes to": ("partner", "tie", "partner"),
    "Payment fees are taken off before the share": (
        "yes", "share_after", ("credits", "fees", "tax")),
    "Credit notes are taken off before the share": ("no", "share_after", ("tax",)),
}  # fmt: skip


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
    ("Partner's share", "1.005"), ("Partner's share", "NaN"), ("Payment within days", ""),
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


def test_who_invoices_and_the_kind_of_deal_are_amended():
    """We collect; then the partner does and reports; then it is a licence, then wholesale."""
    ours = replace(terms_of("revenue_share_platform", Deal()), share_after=("tax",))
    keys = {one.label: one.key for one in figures(ours)}

    theirs = amended(ours, {"collects": "partner", "sales": "reported", "+base_fee": "12,000",
                            keys["Partner's share"]: "60"})  # fmt: skip
    # What is taken off before we share is said where we share.
    assert (theirs.collects, theirs.sales, theirs.share_after) == ("partner", "reported", None)
    assert ("Customers are invoiced by", "platform", "partner") in differences(ours, theirs)

    licence = amended(theirs, {"kind": "oem", "sales": "portal", "0.partner_bps": "",
                               "+per_unit": "0.001"})  # fmt: skip
    assert licence.components == (BaseFee(12_000_00), terms_of("oem").components[1])
    assert ("Partner's share", "60 %", "") in differences(theirs, licence)

    steps = amended(licence, {"kind": "wholesale", "1.rate": "", "+wholesale": "50"})
    steps = amended(steps, {"1.discount_tiers": "10000: 0, more: 5", "1.discount_mode": "volume"})
    tiers = (DiscountTier(10_000_00, 0), DiscountTier(None, 500))
    assert steps.components == (BaseFee(12_000_00), Wholesale(5_000, "volume", tiers))
    assert amended(steps, {one.key: one.text for one in figures(steps)}) == steps
    with pytest.raises(BadTerms, match="say whether a discount is of the whole value"):
        amended(steps, {"1.discount_mode": "none"})
    for text, why in ((("0.partner_bps", ""), "needs the partner's share"),
                      (("kind", "oem"), "needs a price per unit")):  # fmt: skip
        with pytest.raises(BadTerms, match=why):
            amended(ours, dict([text]))
    with pytest.raises(BadTerms, match="needs us to collect in our own name"):
        amended(ours, {"collects": "partner", "share_base": "collected"})


def test_a_price_in_tiers_and_another_plan():
    terms = terms_of("oem")
    tiers = [{"up_to": "1000", "unit_price": "0.002"}, {"up_to": None, "unit_price": "0.001"}]
    tiered = json.dumps({"key": "hits", "meter": "cached_requests", "mode": "graduated",
                         "tiers": tiers})  # fmt: skip
    after = amended(terms, {"1.rate": tiered})
    assert isinstance(after.components[1], PerUnit)
    assert [str(tier.unit_price) for tier in after.components[1].rate.tiers] == ["0.002", "0.001"]
    assert amended(after, {one.key: one.text for one in figures(after)}) == after
    for wrong in ('{"key": 1}', "{", '{"key": "x", "meter": "wishes", "mode": "per_unit"}'):
        with pytest.raises(BadTerms):
            amended(terms, {"1.rate": wrong})

    direct = terms_of("direct", Deal())
    more = amended(direct, {"+plan_fee": "start-up: 1,200", "0.yearly_minor": ""})
    assert more.components == (PlanFee("mid-market", 10_000_00), PlanFee("start-up", 1_200_00))
    with pytest.raises(BadTerms, match="the plan, a colon and its fee"):
        amended(direct, {"+plan_fee": "1,200"})


YEARLY = terms_of("oem", Deal(base_yearly_minor=120_000_00, base_interval="yearly"))
OURS = terms_of("revenue_share_platform", Deal())
DIRECT = terms_of("direct", Deal())


@pytest.mark.parametrize(("before", "after", "starts", "why"), [
    (OURS, replace(OURS, currency="EUR"), "2026-10-01",
     "stays USD: its statements carry one balance.* sign a new one in EUR"),
    (OURS, replace(OURS, anchor_at=utc("2026-02-01")), "2026-10-01", "start .* stays 2026-01-01"),
    (OURS, replace(OURS, collects="partner"), "2026-10-15",
     "“Customers are invoiced by” changes with a month.*begin on 2026-11-01"),
    (OURS, replace(OURS, principal=False), "2026-10-01T01:00", "changes with a month"),
    (OURS, replace(OURS, tax="charged"), "2026-12-31", "“Tax on documents”.*2027-01-01"),
    (YEARLY, replace(YEARLY, components=YEARLY.components[1:]), "2026-10-01",
     "“Base fee a year” is invoiced in advance .yearly.*on 2027-01-01 00:00"),
    (YEARLY, amended(YEARLY, {"0.interval": "quarterly"}), "2026-10-01", "in advance .yearly"),
    (amended(YEARLY, {"0.interval": "quarterly"}), YEARLY, "2026-10-01", "on 2027-01-01"),
    (DIRECT, amended(DIRECT, {"0.interval": "yearly"}), "2026-11-01",
     r"\(enterprise\) is invoiced in advance \(yearly\)"),
])  # fmt: skip
def test_what_stays_or_waits_is_refused_with_what_to_do(before, after, starts, why):
    with pytest.raises(BadTerms, match=why):
        refuse_amendment(before, after, utc(starts))


@pytest.mark.parametrize(("before", "after", "starts"), [
    (OURS, amended(OURS, {"collects": "partner", "0.partner_bps": "60"}), "2026-10-01"),
    (OURS, amended(OURS, {"share_base": "collected", "tie": "partner"}), "2026-10-15T06:00"),
    (YEARLY, amended(YEARLY, {"0.yearly_minor": "150,000"}), "2027-01-01"),
    (YEARLY, amended(YEARLY, {"1.rate": "0.002"}), "2026-10-15"),
])  # fmt: skip
def test_the_rest_may_change(before, after, starts):
    refuse_amendment(before, after, utc(starts))


def test_an_unknown_figure_is_refused():
    with pytest.raises(BadTerms, match="no figure"):
        amended(terms_of("oem"), {"7.partner_bps": "1"})
