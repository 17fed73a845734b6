import json
from decimal import Decimal

import pytest

from billing.rules.charging import charge
from billing.rules.drafts import with_tax
from billing.rules.page import document_page
from tests.billing.rules.build import row, run, terms
from tests.billing.rules.test_documents import document

USAGE = (row("acme", 1_234_567, "33.125"), row("beta", 7))


def pages(*usage, **deal):
    return [
        document_page(document(draft)) for draft in charge(run(*usage, agreed=terms(**deal))).drafts
    ]


def test_an_invoice_is_written_out():
    draft = with_tax(charge(run(*USAGE)).drafts[0], "VAT", Decimal("19"))
    page = document_page(document(draft))
    assert (page["title"], page["period"]) == ("Invoice", "October 2026")
    assert (page["issue_date"], page["due_date"]) == ("November 3, 2026", "December 3, 2026")
    assert page["sold_by"] == "AgentCache, Inc."
    assert page["seller"]["country_name"] == "United States"
    first = page["lines"][0]
    assert (first["quantity"], first["unit_price"], first["amount"]) == (
        "1,234,567 requests", "$0.002", "$2,469.13",
    )  # fmt: skip
    assert first["explanation"] == ["1,234,567 × $0.002 = $2,469.134", "rounded: $2,469.13"]
    assert page["totals"]["taxes"] == [
        {"label": "VAT", "percent": "19", "base": "$2,469.79", "amount": "$469.26"}
    ]
    assert page["totals"]["due"] == "$2,939.05"


def test_a_statement_groups_by_customer_and_tells_each_split_once():
    page = pages(*USAGE)[-1]
    assert [line["customer"] for line in page["lines"]] == ["Acme", "", "Beta"]
    assert [bool(line["explanation"]) for line in page["lines"]] == [True, False, True]
    assert page["has_base"]
    assert page["is_statement"]
    assert page["totals"]["statement"] == {
        "opening": "$0.00", "shares": "$740.94", "closing": "$740.94", "payable": "$740.94",
    }  # fmt: skip
    assert "paid" not in page["totals"]["statement"]


def test_a_part_of_the_month_is_dated_to_the_hour():
    late = (row("acme", 5000), row("acme", 5000, segment=1))
    page = pages(*late, template="poc", starts="2026-04-15T12")[0]
    assert [line["span"] for line in page["lines"]] == [
        "1 Oct 2026 00:00 – 15 Oct 2026 12:00", "1 Oct 2026 00:00 – 15 Oct 2026 12:00",
        "15 Oct 2026 12:00 – 1 Nov 2026 00:00",
    ]  # fmt: skip
    assert page["lines"][1]["amount"] == "\u2212$10.00"
    assert page["totals"]["shadow"] == "$10.00"


def test_shadow_values_are_not_amounts():
    [line] = pages(row("acme", 5000), template="poc", starts="2026-08-01T00")[-1]["lines"]
    assert (line["base"], line["amount"], line["memo"]) == ("$10.00", "", True)


@pytest.mark.parametrize(
    ("language", "due", "day"),
    [("en", "$2,469.79", "November 3, 2026"), ("de", "2.469,79\xa0$", "3. November 2026")],
)
def test_in_the_language_of_the_document(language, due, day):
    page = document_page(document(charge(run(*USAGE)).drafts[0], language=language))
    assert (page["totals"]["due"], page["issue_date"]) == (due, day)


def test_a_page_is_plain_json_and_computes_nothing():
    data = document(charge(run(*USAGE)).drafts[0])
    data["totals"]["due_minor"] = 1
    page = document_page(data)
    assert page["totals"]["due"] == "$0.01"
    assert json.loads(json.dumps(page)) == page
