"""Sales reports: what is read, what is refused with its line, what the share is taken of."""

import pytest

from billing.rules.charging import charge
from billing.rules.errors import BadTerms, ForeignCurrency
from billing.rules.facts import FxQuote, Sale
from billing.rules.sales import BadSales, SalesRow, parse_sales
from billing.rules.snapshot import parse_run_input, run_input_json
from tests.billing.rules.build import row, run, terms

KNOWN = ("acme", "big")
HEADER = "customer,amount,currency,reference\n"
REPORTING = {"template": "revenue_share_partner", "kind": "cloud", "sales": "reported"}


def test_a_report_is_read():
    content = "\ufeffcustomer,amount,currency,reference\nacme,1234.5,usd,INV-1\nbig,-20,JPY,\n"
    assert parse_sales(content.encode(), KNOWN) == (
        SalesRow("acme", 1234_50, "USD", "INV-1"), SalesRow("big", -20, "JPY"),
    )  # fmt: skip
    assert parse_sales(b"customer,amount,currency\n", KNOWN) == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The first line must be"),
        (b"customer,amount\n", "The first line must be"),
        (b"\xff", "not UTF-8"),
        ((HEADER + "zeta,1,USD,\n").encode(), "Line 2: 'zeta' is no customer of yours"),
        ((HEADER + "acme,one,USD,\n").encode(), "Line 2: "),
        ((HEADER + "acme,1.001,USD,\n").encode(), "Line 2: "),
        ((HEADER + "acme,1,XXX,\n").encode(), "'XXX' is no currency"),
        ((HEADER + "acme,1\n").encode(), "more or fewer cells"),
        ((HEADER + "acme,1,USD,a,b\n").encode(), "more or fewer cells"),
        ((HEADER + "acme,1,USD,A\nbig,1,USD,A\n").encode(), "Line 3: the reference 'A' stands"),
        ((HEADER + "acme,9999999999999999,USD,\n").encode(), "more than anybody pays"),
        (b"x" * 5_000_001, "at most 5,000,000 are read"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(content, said):
    with pytest.raises(BadSales, match=said.replace("(", r"\(")):
        parse_sales(content, KNOWN)


def sale(customer, minor, currency="USD"):
    return Sale(f"id-{customer}", customer, customer.title(), currency, minor)


def test_the_share_is_taken_of_what_was_reported():
    """Cloud partners keep 60 %: of 200.00 reported 80.00 is ours, whatever was metered."""
    sales = (sale("acme", 150_00), sale("acme", 50_00))
    given = run(row("acme", 50_005), row("big", 7), agreed=terms(**REPORTING), sales=sales,
                sales_report="ab" * 32)  # fmt: skip
    result = charge(given)
    [invoice] = result.drafts
    assert (invoice.kind, invoice.net_minor) == ("partner_invoice", 80_00)
    assert [line.explanation for line in invoice.lines] == [
        ("40 % of the reported $200.00 = $80.00",)
    ]
    assert "the partner reported" in invoice.notes[-1] or "the partner reported" in invoice.notes[0]
    assert (result.totals.gross_minor, result.totals.platform_minor) == (200_00, 80_00)
    again = parse_run_input(run_input_json(given))
    assert again == given and charge(again) == result


def test_without_a_report_it_is_estimated_and_said():
    result = charge(run(row("acme", 50_005), agreed=terms(**REPORTING)))
    [invoice] = result.drafts
    assert invoice.net_minor == 40_00
    assert any("No sales report came" in note for note in invoice.notes)
    assert charge(run(row("acme", 5), agreed=terms(**REPORTING), retail=None)).drafts == ()


def test_another_currency_is_converted_at_the_frozen_rate():
    """¥15,139 at 151.37 are $100.01: 40 % are $40.00. Without a rate the run parks."""
    sales = (sale("acme", 15_139, "JPY"),)
    given = {"agreed": terms(**REPORTING), "sales": sales, "sales_report": "ab" * 32}
    rate = FxQuote("2026-10-31", "USD", "JPY", "151.37")
    [invoice] = charge(run(fx=(rate,), **given)).drafts
    assert invoice.net_minor == 40_00
    with pytest.raises(ForeignCurrency):
        charge(run(**given))


def test_terms_under_which_nobody_would_report_are_refused():
    with pytest.raises(BadTerms, match="nobody would report"):
        terms(sales="reported")
    with pytest.raises(BadTerms, match="all that customers pay"):
        terms(**REPORTING, savings_bps=1_000)
