import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.rules.charging import charge
from billing.rules.csv_text import csv_bytes, defused, document_csv
from billing.rules.drafts import with_tax
from billing.rules.errors import BadMoney
from billing.rules.money import parse_amount
from billing.rules.trust.usage_csv import HourRow, csv_lines, read_rows
from tests.billing.rules.build import row, run
from tests.billing.rules.test_documents import BUYER, document


def read(data):
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_a_text_that_a_spreadsheet_would_run_is_defused_and_numbers_stay():
    data = csv_bytes(("a", "b"), [("=cmd|'/c calc'!A0", Decimal("-1.50")), ("@x", None), ("-", 7)])

    assert [tuple(found.values()) for found in read(data)] == [
        ("'=cmd|'/c calc'!A0", "-1.50"), ("'@x", ""), ("'-", "7")]  # fmt: skip


@pytest.mark.parametrize("text", [
    "a;=1+1;b", "a;@x", 'a"";-1+1', "gpt-4o;'=1", "\t=1", "a\n=1", "a;\t+1", "'=1", "''=1",
])  # fmt: skip
def test_nothing_runs_where_cells_are_cut_at_semicolons_or_tabs_instead(text):
    """As a spreadsheet does on a machine whose list separator is another than the file's."""
    raw = csv_bytes(("a", "b"), [("x", text)]).decode()

    cells = re.split(r"[;\t\r\n]", raw.partition("\r\n")[2])
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]


@settings(deadline=None)
@given(st.text(alphabet="a';=+-@\t\r\n", max_size=12) | st.text(max_size=30))
def test_only_apostrophes_are_added_and_only_where_something_would_run(text):
    found = defused(text)
    assert not re.search(r"(^|[;\t\r\n])[=+\-@]", found)
    assert found.replace("'", "") == text.replace("'", "") and defused(found) == found


def test_names_of_usage_are_defused_for_people_and_stay_as_they_are_in_an_archive():
    row = HourRow(datetime(2026, 10, 5, tzinfo=UTC), "1", "=acme", "gpt;@SUM(A1)", (1,) * 7)

    shown = b"".join(csv_lines([row], defused)).decode()

    assert "'=acme,gpt;'@SUM(A1),1," in shown
    assert [*read_rows(b"".join(csv_lines([row])))] == [row]


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
