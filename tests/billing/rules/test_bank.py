"""Which invoice a bank line pays: by number, else by amount and payer together."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.rules.bank import BankEntry, OpenInvoice, entry_keys, match_line

DAY = date(2026, 10, 5)


def invoice(number="INV-2026-000001", buyer="Acme Inc", open_minor=100_01, **more):
    facts = {"payer_key": buyer, "currency": "USD", "partner_id": "p", **more}
    return OpenInvoice(id=number, number=number, buyer=buyer, open_minor=open_minor, **facts)


def line(amount_minor=100_01, text="", payer="", **more):
    return BankEntry("DE1", DAY, amount_minor, more.pop("currency", "USD"), payer, text, **more)


FIRST, SECOND = invoice(), invoice("INV-2026-000002", open_minor=4_00)
ELEVENTH = invoice("INV-2026-0000011", open_minor=5_00)
OTHERS = invoice("INV-2026-000003", "Globex", 4_00)
EURO = invoice("INV-2026-000004", "Fabrikam", 9_00, currency="EUR")
ALL = (FIRST, SECOND, ELEVENTH, OTHERS, EURO)


@pytest.mark.parametrize(("given_line", "paid"), [
    (line(100_01, "Invoice INV-2026-000001 thanks"), {"INV-2026-000001": 100_01}),
    (line(100_01, "inv 2026 000001"), {"INV-2026-000001": 100_01}),
    (line(60_00, "INV-2026-000001"), {"INV-2026-000001": 60_00}),
    (line(150_00, "INV-2026-000001"), {"INV-2026-000001": 100_01}),
    (line(104_01, "INV-2026-000002/INV-2026-000001"),
     {"INV-2026-000001": 100_01, "INV-2026-000002": 4_00}),
    (line(5_00, "INV-2026-0000011"), {"INV-2026-0000011": 5_00}),
    (line(100_01, "", "ACME INC."), {"INV-2026-000001": 100_01}),
    (line(4_00, "rent", "Globex"), {"INV-2026-000003": 4_00}),
    (line(9_00, "INV-2026-000004", currency="EUR"), {"INV-2026-000004": 9_00}),
    (line(4_00, end_to_end_id="INV-2026-000003"), {"INV-2026-000003": 4_00}),
])  # fmt: skip
def test_a_clear_line_pays(given_line, paid):
    match = match_line(given_line, ALL, ())

    assert {one.number: amount for one, amount in match.parts} == paid and match.reason == ""


@pytest.mark.parametrize(("given_line", "why"), [
    (line(100_01, "hello"), "No invoice number in the text. The amount would fit INV-2026-000001"),
    (line(77, "hello"), "No open invoice has this number or amount"),
    (line(104_01, "INV-2026-000001 INV-2026-000003"), "invoices of different customers"),
    (line(9_00, "INV-2026-000004"), "INV-2026-000004, which is not in USD"),
    (line(9_00, "INV-2026-000099"), "names INV-2026-000099, which is paid already"),
    (line(-9_00, "rent"), "Money out that no payout of ours explains"),
])  # fmt: skip
def test_an_unclear_line_waits_for_a_person_and_says_why(given_line, why):
    match = match_line(given_line, ALL, ["INV-2026-000099"])

    assert match.parts == () and why in match.reason


def test_a_line_is_known_again_by_the_banks_reference_or_by_all_it_says():
    twice = line(5, "rent")
    own = line(5, "rent", bank_id="B1")

    keys = entry_keys([twice, twice, own, line(6, "rent")])

    assert len(set(keys)) == 4
    assert entry_keys([twice, twice]) == keys[:2]
    assert entry_keys([line(5, "other words", bank_id="B1")]) == [keys[2]]


@settings(max_examples=60)
@given(
    amount=st.integers(1, 300_00), opens=st.lists(st.integers(1, 100_00), min_size=1, max_size=5)
)
def test_never_more_is_paid_than_came_in_or_is_open(amount, opens):
    invoices = [invoice(f"INV-2026-{n:06}", open_minor=minor) for n, minor in enumerate(opens)]
    text = " ".join(one.number for one in invoices)

    parts = match_line(line(amount, text), invoices, ()).parts

    assert sum(minor for _one, minor in parts) == min(amount, sum(opens))
    assert all(0 < minor <= one.open_minor for one, minor in parts)
