from datetime import date, timedelta

import pytest

from billing.rules.charging import charge
from billing.rules.drafts import CREDIT_NOTE
from billing.rules.letters import (
    TRIES,
    delivery_letter,
    document_path,
    next_try_at,
    reminder_due,
    reminder_letter,
)
from tests.billing.rules.build import hour, row, run, terms
from tests.billing.rules.test_documents import BRAND, document

DUE = date(2026, 11, 1)


@pytest.mark.parametrize(("late", "sent", "number"), [
    (2, 0, None), (3, 0, 1), (3, 1, None), (13, 1, None), (14, 1, 2), (40, 0, 1), (30, 2, 3),
    (99, 3, None), (-5, 0, None),
])  # fmt: skip
def test_each_reminder_waits_for_its_day_and_for_the_one_before(late, sent, number):
    assert reminder_due(DUE, DUE + timedelta(days=late), sent) == number


def test_tries_wait_twice_as_long_each_time_and_end():
    at = hour("2026-10-02T09")
    waits = [next_try_at(failed, at) for failed in range(1, TRIES)]
    assert [(wait - at).seconds // 60 for wait in waits] == [5, 10, 20, 40, 80, 160, 320]
    assert next_try_at(TRIES, at) is None


def papers(**deal):
    return [document(draft, brand=BRAND) for draft in
            charge(run(row("acme", 50_000), agreed=terms(**deal))).drafts]  # fmt: skip


def test_who_sells_is_named_under_every_brand():
    for paper in papers():
        letter = delivery_letter(paper, "id", "https://cache.example/x/", "en", str)
        assert letter.sender == "Redis Edge Cache"
        assert "Redis Edge Cache (sold by AgentCache, Inc.)" in letter.text
        assert "https://cache.example/x/" in letter.text
    reminder = reminder_letter(papers()[0], "id", "", 2, "$60.00", "en", str)
    assert "$60.00 of it is still open" in reminder.text and "\n\n\n" not in reminder.text
    assert reminder.message_id == "reminder.2.id"


def test_a_document_is_opened_where_its_addressee_is():
    invoice, statement = papers()
    note = {**invoice, "kind": CREDIT_NOTE}
    assert document_path(invoice, "x", to_customer=True) == "/invoices/x/"
    assert document_path(statement, "x", to_customer=False) == "/manage/statements/x/"
    assert document_path(note, "x", to_customer=False) == "/manage/invoices/x/"
