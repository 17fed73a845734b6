import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.rules.charging import charge
from billing.rules.documents import (
    Brand,
    Party,
    canonical_bytes,
    document_json,
    document_pieces,
    party_of,
    sha256_hex,
)
from billing.rules.drafts import with_tax
from billing.rules.errors import BadTerms, InvariantBroken
from tests.billing.rules.build import row, run, terms

SELLER = Party("AgentCache, Inc.", ("1 Edge Way", "Dover, DE 19901"), "US", "EIN 00-0000000")
BUYER = Party("Acme Ltd", ("2 High St", "London"), "GB", "GB123456789", "pay@acme.example")
BRAND = Brand("Redis Edge Cache", "#ff4438", "Answers at the edge")


def document(draft, **changes):
    facts = {
        "number": "INV-2026-0001",
        "issued_at": datetime(2026, 11, 3, 9, 30, tzinfo=UTC),
        "due_date": date(2026, 12, 3),
        "seller": SELLER,
        "buyer": BUYER,
        "brand": BRAND,
    }
    return document_json(draft, **{**facts, **changes})


def drafts(**extra):
    return charge(run(row("acme", 50_005, "1.5"), row("beta", 7), **extra)).drafts


def test_the_same_facts_give_the_same_bytes():
    one, two = (canonical_bytes(document(drafts()[0])) for _ in range(2))
    assert one == two
    assert sha256_hex(one) == sha256_hex(two)
    assert one == canonical_bytes(json.loads(one))
    other = canonical_bytes(document(drafts()[0], number="INV-2026-0002"))
    assert sha256_hex(other) != sha256_hex(one)


def test_a_document_line_by_line_is_the_document():
    facts = {"number": "1", "issued_at": datetime(2026, 11, 3, tzinfo=UTC), "seller": SELLER,
             "due_date": date(2026, 12, 3), "buyer": BUYER, "brand": BRAND,
             "notes": ('"lines":[]',)}  # fmt: skip
    for draft in (*drafts(), replace(drafts()[0], lines=(), net_minor=0, gross_minor=0)):
        whole = canonical_bytes(document_json(draft, **facts))
        assert b"".join(document_pieces(draft, **facts)) == whole


def test_canonical_json_is_rfc_8785():
    assert (
        canonical_bytes({"b": 1, "a": "é\n", "A": [True, None]})
        == '{"A":[true,null],"a":"é\\n","b":1}'.encode()
    )
    with pytest.raises(BadTerms, match="canonical JSON"):
        canonical_bytes({"big": 2**53})


def test_every_fact_is_copied_in():
    data = document(drafts()[0])
    assert data["title"] == "Invoice"
    assert data["seller"]["legal_name"] == "AgentCache, Inc."
    assert data["brand"]["name"] == "Redis Edge Cache"
    assert data["period"] == {
        "label": "2026-10",
        "start": "2026-10-01T00:00:00Z",
        "end": "2026-11-01T00:00:00Z",
    }
    assert (data["issue_date"], data["due_date"]) == ("2026-11-03", "2026-12-03")
    assert data["totals"]["gross_minor"] == data["totals"]["due_minor"] == 10_004
    first = data["lines"][0]
    assert (first["quantity"], first["unit"], first["unit_price"]) == ("50005", "requests", "0.002")
    assert first["explanation"] == ["50,005 × $0.002 = $100.01"]
    assert sum(line["amount_minor"] for line in data["lines"]) == 10_004


def test_an_order_is_written_where_there_is_one_and_papers_without_it_stay_the_same():
    ordered = replace(BUYER, purchase_order="PO-7", reference="CC 17")
    plain, said = document(drafts()[0]), document(drafts()[0], buyer=ordered)

    assert "purchase_order" not in plain["buyer"] and plain["buyer"]["reference"] == ""
    assert party_of(said["buyer"]) == ordered and party_of(plain["buyer"]) == BUYER
    assert said["buyer"].pop("purchase_order") == "PO-7"
    assert canonical_bytes({**said, "buyer": {**said["buyer"], "reference": ""}}) == (
        canonical_bytes(plain)
    )


def test_a_statement_says_what_is_payable():
    data = document(drafts(opening_minor=50)[-1])
    assert data["title"] == "Payout statement"
    assert data["totals"]["statement"]["closing_minor"] == data["totals"]["due_minor"] == 3051
    assert data["lines"][0]["explanation"] == ["30 % of the invoice's $100.04 = $30.01"]


def test_the_reason_for_a_share_is_told():
    agreed = terms("poc", "llm_provider", "2026-01-01T00")
    data = document(charge(run(row("acme", 5000), agreed=agreed)).drafts[-1])
    assert "share agreed in the proof-of-concept offer" in data["lines"][0]["explanation"]
    assert document(replace_terms(self_billing=True)[-1])["notes"]


def replace_terms(**deal):
    return charge(run(row("acme", 5000), agreed=terms(**deal))).drafts


@pytest.mark.parametrize(
    ("net", "currency", "percent", "tax"),
    [(9999, "USD", "20", 2000), (10000, "USD", "8.875", 888), (12345, "USD", "7.25", 895),
     (999, "JPY", "10.5", 105), (100, "USD", "0.1", 0), (-9999, "USD", "20", -2000)],
)  # fmt: skip
def test_tax_is_rounded_once_per_document(net, currency, percent, tax):
    [line, *_] = (draft := drafts()[0]).lines
    lines = (replace(line, amount_minor=net),)
    plain = replace(draft, lines=lines, net_minor=net, gross_minor=net, currency=currency)
    taxed = with_tax(plain, "VAT", Decimal(percent))
    assert taxed.taxes[0].amount_minor == tax
    assert taxed.gross_minor == net + tax
    assert document(taxed)["totals"]["taxes"][0]["percent"] == percent


def test_bad_tax():
    with pytest.raises(BadTerms, match="percentage"):
        with_tax(drafts()[0], "VAT", Decimal(-1))
    with pytest.raises(BadTerms, match="statement"):
        with_tax(drafts()[-1], "VAT", Decimal(20))


def test_a_draft_that_does_not_sum_is_no_document():
    with pytest.raises(InvariantBroken, match="totals"):
        document(replace(drafts()[0], net_minor=1))


def test_a_negative_invoice_is_called_a_credit_note():
    draft = drafts()[0]
    lines = tuple(replace(line, amount_minor=-line.amount_minor) for line in draft.lines)
    credit = replace(draft, lines=lines, net_minor=-draft.net_minor, gross_minor=-draft.gross_minor)
    assert document(credit)["title"] == "Credit note"


@pytest.mark.parametrize("colour", ["red", "#fff", "ff4438", "#ff4438; x"])
def test_brand_colours(colour):
    with pytest.raises(BadTerms, match="#rrggbb"):
        Brand("B", colour)
