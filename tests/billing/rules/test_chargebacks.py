"""A chargeback's status never goes back, and each of its movements balances."""

import pytest

from billing.rules.chargebacks import chargeback_entry, status_after
from billing.rules.drafts import CUSTOMER_INVOICE


@pytest.mark.parametrize(("known", "told", "kept"), [
    ("needs_response", "under_review", "under_review"),
    ("under_review", "needs_response", "needs_response"),
    ("needs_response", "lost", "lost"),
    ("lost", "under_review", "lost"),
    ("won", "needs_response", "won"),
    ("lost", "won", "won"),
    ("warning_closed", "warning_needs_response", "warning_closed"),
])  # fmt: skip
def test_an_end_stays(known, told, kept):
    assert status_after(known, told) == kept


@pytest.mark.parametrize(("kind", "amount", "fee", "lines"), [
    (CUSTOMER_INVOICE, -100_01, 15_00,
     {"1020": -115_01, "1100": 100_01, "5200": 15_00}),
    (CUSTOMER_INVOICE, 100_01, 0, {"1020": 100_01, "1100": -100_01}),
    (CUSTOMER_INVOICE, 100_01, -15_00, {"1020": 115_01, "1100": -100_01, "5200": -15_00}),
    (None, -7, 0, {"1020": -7, "2400": 7}),
    (CUSTOMER_INVOICE, 0, 20_00, {"1020": -20_00, "5200": 20_00}),
])  # fmt: skip
def test_what_a_movement_posts(kind, amount, fee, lines):
    [entry] = chargeback_entry(kind, amount, fee, "USD", "x")

    assert {one.account: one.debit_minor - one.credit_minor for one in entry.lines} == lines
    assert sum(lines.values()) == 0
