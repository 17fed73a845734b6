import csv
import io
from dataclasses import replace
from decimal import Decimal

import pytest

from billing.rules.charging import charge
from billing.rules.csv_text import csv_bytes, document_csv
from billing.rules.drafts import with_tax
from billing.rules.errors import BadMoney
from billing.rules.money import parse_amount
from tests.billing.rules.build import row, run
from tests.billing.rules.test_documents import BUYER, document


def read(data):
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_a_text_that_a_spreadsheet_would_run_is_defused_and_numbers_stay():
    data = csv_bytes(("a", "b"), [("=cmd|'/c calc'!A0", Decimal("-1.50")), ("@x", None), ("-", 7)])

    assert [tuple(found.values()) for found in read(data)] == [
        ("'=cmd|'/c calc'!A0", "-1.50"), ("'@x", ""), ("'-", "7")]  # fmt: skip


def test_a_document_is_a_row_a_line_then_its_taxes_and_they_sum():
    draft = with_tax(charge(run(row('a"c,me\n', 50_005))).drafts[0], "VAT", Decimal(20))

    rows = read(document_csv(document(draft)))

    assert sum(Decimal(found["amount"]) for found in rows) == Decimal("120.01")
    assert rows[0]["customer_external_id"] == 'a"c,me\n' and rows[0]["quantity"] == "50005"
    assert rows[-1]["description"] == "VAT" and rows[-1]["explanation"] == "20 % of 100.01"


def test_what_the_buyer_finds_its_own_by_stands_at_the_end_where_it_said_so():
    draft = with_tax(charge(run(row("acme", 50_005))).drafts[0], "VAT", Decimal(20))
    plain = read(document_csv(document(draft)))
    ordered = replace(BUYER, reference="=CC", purchase_order="PO-7")

    rows = read(document_csv(document(draft, buyer=ordered)))

    assert list(rows[0]) == [*plain[0], "buyer_reference", "purchase_order"]
    assert {(one["buyer_reference"], one["purchase_order"]) for one in rows} == {("'=CC", "PO-7")}
    assert [{name: one[name] for name in plain[0]} for one in rows] == plain


@pytest.mark.parametrize(("text", "currency", "minor"), [
    ("12.50", "USD", 12_50), (" 1,204.10 ", "USD", 1_204_10), ("-3", "USD", -3_00),
    ("1500", "JPY", 1_500), ("1.234", "KWD", 1_234),
])  # fmt: skip
def test_amounts_are_read_to_the_minor_unit(text, currency, minor):
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(("text", "currency", "why"), [
    ("", "USD", "Write the amount"),
    ("ten", "USD", "not an amount"), ("NaN", "USD", "not an amount"),
    ("1.005", "USD", "more decimals"), ("0.5", "JPY", "more decimals"),
    ("1e999999999", "USD", "up to"), ("1e13", "USD", "up to"),
])  # fmt: skip
def test_what_is_no_amount_says_so(text, currency, why):
    with pytest.raises(BadMoney, match=why):
        parse_amount(text, currency)
