from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.accounts import ACCOUNTS
from billing.rules.charging import charge
from billing.rules.drafts import with_tax
from billing.rules.errors import InvariantBroken
from billing.rules.journal import entry, postings
from tests.billing.rules.build import few, row, run, terms


def posted(*usage, tax=None, **deal):
    """account → debit minus credit over every document of a run."""
    sums = {}
    for draft in charge(run(*usage, agreed=terms(**deal))).drafts:
        if tax and draft.kind == "customer_invoice":
            draft = with_tax(draft, "VAT", Decimal(tax))
        for made in postings(draft):
            assert sum(line.debit_minor - line.credit_minor for line in made.lines) == 0
            for line in made.lines:
                assert (line.debit_minor > 0) != (line.credit_minor > 0)
                assert line.account in ACCOUNTS
                sums[line.account] = (
                    sums.get(line.account, 0) + line.debit_minor - line.credit_minor
                )
    return {account: amount for account, amount in sums.items() if amount}


SALE = row("acme", 50_000)  # $100.00


def test_we_collect_as_principal():
    assert posted(SALE, tax="20.6") == {
        "1100": 12_060, "4000": -10_000, "2200": -2_060, "5000": 3_000, "2100": -3_000,
    }  # fmt: skip


def test_we_collect_as_agent():
    assert posted(SALE, principal=False) == {"1100": 10_000, "4000": -7_000, "2100": -3_000}


def test_the_partner_collects():
    assert posted(SALE, template="revenue_share_partner") == {"1110": 7_000, "4000": -7_000}


def test_oem_defers_and_recognises_the_base_fee():
    deal = {"template": "oem", "kind": "cloud"}
    assert posted(SALE, **deal) == {"1110": 1_005_000, "4100": -1_000_000, "4110": -5_000}
    assert posted(SALE, base_interval="quarterly", **deal) == {
        "1110": 3_005_000, "2300": -2_000_000, "4100": -1_000_000, "4110": -5_000,
    }  # fmt: skip
    between = posted(SALE, base_interval="quarterly", starts="2026-02-01T00", **deal)
    assert between == {"1110": 5_000, "2300": 1_000_000, "4100": -1_000_000, "4110": -5_000}


def test_wholesale_is_revenue_at_wholesale():
    assert posted(SALE, template="wholesale", kind="cloud") == {"1110": 5_000, "4200": -5_000}


def test_direct_customers():
    sale = replace(SALE, plan="enterprise")
    assert posted(sale, template="direct", kind="direct") == {
        "1100": 635_000, "4100": -625_000, "4300": -10_000,
    }  # fmt: skip


@pytest.mark.parametrize("template", ["poc", "oem", "wholesale", "revenue_share_partner"])
def test_a_proof_of_concept_posts_nothing(template):
    assert posted(SALE, template=template, kind="cloud", starts="2026-08-01T00", poc_months=6) == {}


def test_a_credit_turns_the_sides_round():
    draft = charge(run(SALE)).drafts[0]
    lines = tuple(replace(line, amount_minor=-line.amount_minor) for line in draft.lines)
    back = replace(draft, lines=lines, net_minor=-10_000, gross_minor=-10_000)
    [sale], [credit] = postings(draft), postings(back)
    assert [(p.account, p.debit_minor, p.credit_minor) for p in credit.lines] == [
        (p.account, p.credit_minor, p.debit_minor) for p in sale.lines
    ]


def test_entries_balance_or_are_refused():
    with pytest.raises(InvariantBroken, match="out of balance by 1"):
        entry("document", "x", "USD", [("1100", 2), ("4000", -1)])
    assert entry("document", "x", "USD", [("1100", 0), ("4000", 0)]) == ()


def test_the_chart():
    assert ACCOUNTS["1100"].normal == ACCOUNTS["5000"].normal == "debit"
    assert ACCOUNTS["2100"].normal == ACCOUNTS["4000"].normal == "credit"
    assert all(code == account.code for code, account in ACCOUNTS.items())


@few
@given(st.integers(0, 10**9), st.booleans(), st.sampled_from(["revenue_share_platform", "oem"]))
def test_a_document_total_is_its_receivable(requests, principal, template):
    result = charge(
        run(row("acme", requests), agreed=terms(template, "cloud", principal=principal))
    )
    for draft in result.drafts:
        moved = [
            line
            for made in postings(draft)
            for line in made.lines
            if line.account in ("1100", "1110")
        ]
        receivable = sum(line.debit_minor for line in moved)
        assert receivable == (0 if draft.kind == "payout_statement" else draft.gross_minor)
