"""What the form of a new deal says, as terms and in plain words; the password once more."""

import pytest

from billing.rules.templates import agreement_terms
from billing.rules.terms import BaseFee, Cap, DiscountTier, SavingsShare, Wholesale
from portal.forms.company import CompanyForm
from portal.forms.deals import SignForm
from portal.forms.erasing import EraseForm
from portal.forms.money import PayoutDetailsForm
from portal.plain_terms import plain_terms
from tenants.accounts.models import User
from tests.billing.rules.build import hour

FACTS = {"template": "revenue_share_platform", "day": "2026-01-01", "currency": "USD",
         "payment_days": "30"}  # fmt: skip
GIVEN = {"password": ""}


def terms_of(**more):
    form = SignForm({**FACTS, **more}, cards=[])
    assert form.is_valid(), form.errors
    start = hour("2026-01-01T00")
    return agreement_terms(form.cleaned_data["template"], partner_kind="general_cache",
                           currency="USD", starts_at=start, deal=form.deal())  # fmt: skip


@pytest.mark.parametrize(("given", "off", "said"), [
    ({}, ("credits", "tax"), "Taken off first: credit notes, tax. Not taken off: payment fees, "
                             "refunds."),
    ({"share_base": "collected"}, ("refunds", "tax"), "The share is taken of what customers paid. "
                                                      "Taken off first: refunds, tax."),
    ({"share_after": ["fees", "credits"]}, ("credits", "fees"),
     "Taken off first: credit notes, payment fees. Not taken off: refunds, tax."),
])  # fmt: skip
def test_what_the_share_is_taken_of(given, off, said):
    terms = terms_of(**given)
    assert terms.deductions == off
    assert any(said in sentence for sentence in plain_terms(terms))


def test_a_deal_with_everything_that_can_be_agreed():
    terms = terms_of(
        base_fee="100000", base_interval="quarterly", savings="20", savings_cap="500",
        tie="partner", tax_charged="on", netting="on", self_billing="on", cutoff_days="3",
        lock_days="30",
    )  # fmt: skip
    assert (terms.tax, terms.netting, terms.cutoff_days, terms.lock_days, terms.tie) == (
        "charged", True, 3, 30, "partner",
    )  # fmt: skip
    assert BaseFee(100_000_00, "quarterly") in terms.components
    assert SavingsShare(2_000, 500_00) in terms.components
    assert not terms_of(agent="on").principal
    sold = terms_of(template="wholesale", factor="45", cap="9000",
                    discounts="10000: 0, more: 5", discount_mode="graduated")  # fmt: skip
    tiers = (DiscountTier(10_000_00, 0), DiscountTier(None, 500))
    assert sold.components == (Wholesale(4_500, "graduated", tiers), Cap(9_000_00))


def test_sales_that_are_reported():
    terms = terms_of(template="revenue_share_partner", sales_reported="on")
    assert terms.sales == "reported"
    assert "reports what it sold each month" in plain_terms(terms)[0]
    assert "share_after" in SignForm({**FACTS, "share_after": ["x"]}, cards=[]).errors


@pytest.mark.parametrize("form", [
    lambda **more: CompanyForm({"country": "DE", "language": "en", "seen": "0", **GIVEN}, **more),
    lambda **more: EraseForm({"confirm": "acme", **GIVEN}, external_id="acme", **more),
    lambda **more: PayoutDetailsForm({"kind": "stripe", "holder": "A", "account": "acct_1",
                                      **GIVEN}, **more),
], ids=["company", "erase", "payouts"])  # fmt: skip
def test_a_password_is_asked_of_whoever_has_one(form):
    has, has_not = User(password="pbkdf2_sha256$x"), User()
    has_not.set_unusable_password()

    asked, unasked = form(person=has), form(person=has_not)

    assert list(asked.fields)[-1] == "password" and asked.fields["password"].required
    assert not asked.is_valid() and list(asked.errors) == ["password"]
    assert "password" not in unasked.fields and unasked.is_valid(), unasked.errors
    assert unasked.cleaned_data["password"] == ""
    asked.refuse("no")
    unasked.refuse("no")
    assert ("no" in asked.errors["password"], unasked.non_field_errors()) == (True, ["no"])
