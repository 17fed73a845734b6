"""Credit notes, clawbacks, refunds and bad debt, from the invoice to the partner's statement."""

import json

import psycopg
import pytest
from django.db import IntegrityError, transaction

from billing.actions.credit import Credit
from billing.actions.credit import issue_credit_note as issue_unapproved
from billing.actions.credit_requests import (
    approve_credit_note,
    ask_credit_note,
    decline_credit_note,
)
from billing.actions.document_events import record_document_event
from billing.actions.payments import Receipt, record_payment
from billing.actions.send_back import send_back
from billing.models import CarriedItem, CreditRequest, Document, DocumentLine
from billing.queries import document_detail
from billing.rules.credits import BadCredit
from billing.rules.errors import BadMoney, SamePerson, WrongState
from billing.rules.periods import parse_month
from billing.rules.templates import Deal
from tests.billing.credit import issue_credit_note
from tests.billing.people import APPROVER, PREPARER, utc
from tests.billing.two_people import write_off_invoice
from tests.billing.world import (
    NOW,
    SEPTEMBER,
    balances,
    breaches,
    fingerprint,
    hit,
    record,
    settle,
    sign,
)

OCTOBER, LATER = parse_month("2026-10"), utc("2026-11-02T09:00")


@pytest.fixture
def issued(september):
    """September: acme owes Redis 100.01 (share 30.00), big 1.40, Pinecone's acme 1.00."""
    return september


def invoice(partner, customer="acme", kind="customer_invoice"):
    return Document.objects.get(
        partner_id=partner.id, kind=kind, customer_external_id=customer, run__isnull=False,
        period_start=SEPTEMBER.start,
    )  # fmt: skip


def credit(document, key="k1", now=NOW, **asked):
    return issue_credit_note(document_id=document.id, actor=APPROVER, now=now,
                             credit=Credit(key, "Outage on 10 September", **asked))  # fmt: skip


def row(document):
    return document_detail(document.id, today=NOW.date()).row


def pay(document, amount):
    record_document_event(document_id=document.id, kind="paid", source_id="bank 1",
                          amount_minor=amount, actor=APPROVER, now=NOW)  # fmt: skip


def october_statement(partner):
    settle(OCTOBER, LATER)
    return Document.objects.get(partner_id=partner.id, kind="payout_statement",
                                period_start=OCTOBER.start)  # fmt: skip


def test_a_whole_credit_takes_back_invoice_revenue_and_share(issued):
    redis = issued.redis
    before = balances(redis)

    note = credit(invoice(redis))

    assert (note.number, note.total_minor, note.corrects) == (
        "CN-2026-000001", -100_01, invoice(redis))  # fmt: skip
    body = json.loads(bytes(note.canonical))
    assert body["corrects"]["number"] == invoice(redis).number
    after = balances(redis)
    moved = {account: after.get(account, 0) - amount for account, amount in before.items()}
    assert moved == {"1100": -100_01, "4000": 100_01, "5000": -30_00, "2100": 30_00}
    assert row(invoice(redis)).status == "credited"
    assert breaches() == []


def test_partial_credits_move_the_cumulative_share_not_the_share_of_each(issued):
    """33.34 + 33.34 + 33.33: 30 % of each is 10.00, 10.00, 10.00; of 66.67 left it is 20.00, of
    33.33 it is 10.00, of 0 nothing: together always what was booked, 30.00."""
    original = invoice(issued.redis)

    notes = [credit(original, f"k{n}", net_minor=net) for n, net in enumerate((3334, 3334, 3333))]

    shares = [item.amount_minor for item in CarriedItem.objects.order_by("created_at", "id")]
    assert [note.total_minor for note in notes] == [-3334, -3334, -3333]
    assert shares == [-10_00, -10_00, -10_00] and sum(shares) == -30_00
    with pytest.raises(BadCredit, match="at most"):
        credit(original, "k9", net_minor=1)


def test_a_repeated_request_makes_one_credit_note(database, issued):
    note = credit(invoice(issued.redis), by_line={1: 1_00})
    before = fingerprint(database)

    assert credit(invoice(issued.redis), by_line={1: 1_00}) == note
    assert fingerprint(database) == before


@pytest.mark.parametrize(("asked", "why"), [
    ({"by_line": {1: 100_02}}, r"Line 1 can be credited with \$100.01 at most"),
    ({"by_line": {9: 1}}, "Line 9"),
    ({"by_line": {1: -1}}, "same sign"),
    ({"by_line": {}}, "Nothing is left"),
    ({"net_minor": 0}, "at most"),
    ({"net_minor": 100_02}, "at most"),
])  # fmt: skip
def test_what_was_not_charged_is_not_credited(issued, asked, why):
    with pytest.raises(BadCredit, match=why):
        credit(invoice(issued.redis), **asked)
    assert not Document.objects.filter(kind="credit_note").exists()


def test_statements_and_credit_notes_are_not_credited(issued):
    note = credit(invoice(issued.redis))
    statement = invoice(issued.redis, "", "payout_statement")
    for document in (note, statement):
        with pytest.raises(BadCredit, match="only invoices"):
            credit(document, "again")


def test_a_refund_after_payout_is_clawed_back_on_the_next_statement(issued):
    """30.42 was paid out for September (30.00 + 0.42). Acme gets all its money back; then October's
    statement is 30.42 − 30.42 − 30.00 = −30.00, carried forward, and nothing is payable."""
    redis = issued.redis
    original, september = invoice(redis), invoice(redis, "", "payout_statement")
    slip = Receipt(key="slip 1", currency="USD", amount_minor=100_01, method="hand",
                   received_at=NOW)  # fmt: skip
    payment = record_payment(partner_id=redis.id, receipt=slip, pays=[(original.id, None)],
                             actor=APPROVER, now=NOW)  # fmt: skip
    pay(september, 30_42)
    credit(original)
    assert row(original).refundable_minor == 100_01
    asked = {"key": "back", "payment_id": payment.id, "document_id": original.id,
             "reason": "outage", "actor": APPROVER, "now": NOW}  # fmt: skip
    with pytest.raises(BadMoney, match="can not be sent back"):
        send_back(amount_minor=100_02, **asked)

    for _ in range(2):
        send_back(amount_minor=100_01, **asked)
    october = october_statement(redis)

    assert row(original).paid_minor == 0
    sums = october.statement
    assert (sums["opening_minor"], sums["paid_minor"], sums["shares_minor"]) == (3042, 3042, 0)
    assert (sums["adjustments_minor"], sums["closing_minor"]) == (-30_00, -30_00)
    assert (sums["payable_minor"], sums["carried_minor"]) == (0, -30_00)
    assert "1000" not in balances(redis)  # in and out again
    assert breaches() == []


def test_a_clawback_is_shown_once_and_the_negative_balance_is_earned_back(database, issued):
    """October opens with 30.42 unpaid less 30.00; November's 9.00 of share comes on top."""
    redis = issued.redis
    credit(invoice(redis))
    database.login("owner")
    record(hit(redis, "2026-11-10", "acme", 15_000), now=utc("2026-11-11T00:00"))
    database.login("settle")

    october = october_statement(redis)
    settle(parse_month("2026-11"), utc("2026-12-02T09:00"))

    november = Document.objects.get(kind="payout_statement", partner_id=redis.id,
                                    period_start=parse_month("2026-11").start)  # fmt: skip
    assert october.statement["closing_minor"] == 42
    assert november.statement["adjustments_minor"] == 0
    assert november.statement["closing_minor"] == 42 + 9_00
    shown = DocumentLine.objects.exclude(carried=None)
    assert [(line.document, line.amount_minor) for line in shown] == [(october, -30_00)]


def test_bad_debt_claws_the_share_of_what_was_not_paid_back(issued):
    """40.01 of 100.01 was paid: 60.00 is lost, and 30 % of it (18.00) taken back."""
    redis = issued.redis
    original = invoice(redis)
    pay(original, 40_01)

    for _ in range(2):
        write_off_invoice(document_id=original.id, reason="Insolvent", actor=APPROVER, now=NOW)

    with pytest.raises(IntegrityError, match="second person"), transaction.atomic():
        record_document_event(document_id=original.id, kind="uncollectible", source_id="alone",
                              amount_minor=1, actor=APPROVER, now=NOW)  # fmt: skip
    assert balances(redis)["5100"] == 60_00
    assert [item.amount_minor for item in CarriedItem.objects.all()] == [-18_00]
    assert (row(original).status, row(original).open_minor) == ("uncollectible", 0)
    assert october_statement(redis).statement["adjustments_minor"] == -18_00
    assert breaches() == []


def test_a_credit_on_a_resale_credits_our_part_of_it(database, partners):
    """Acme's 100.01 at 60 %: the partner owes us 40.00 of it, and 0.80 of big's 2.00."""
    redis = partners.redis
    sign(redis, "revenue_share_partner", deal=Deal(share_bps=6000))
    record(hit(redis, "2026-09-10", "acme", 50_005), hit(redis, "2026-09-10", "big", 1_000))
    database.login("settle")
    settle()

    note = credit(invoice(redis))

    ours = Document.objects.get(kind="credit_note", issuer="platform")
    assert (note.issuer, note.number, note.total_minor) == (
        "redis-labs", "CN-2026-000001", -100_01)  # fmt: skip
    assert (ours.total_minor, ours.corrects.kind) == (-40_00, "partner_invoice")
    assert balances(redis) == {"1110": 80, "4000": -80}
    assert october_is_silent(redis)
    assert breaches() == []


def october_is_silent(partner):
    settle(OCTOBER, LATER)
    return not DocumentLine.objects.exclude(carried=None).exists()


def test_an_agents_credit_note_splits_as_its_invoice_did(database, partners):
    redis = partners.redis
    sign(redis, "revenue_share_platform", deal=Deal(principal=False))
    record(hit(redis, "2026-09-10", "acme", 50_005))
    database.login("settle")
    settle()

    credit(invoice(redis))

    assert balances(redis) == {}
    assert breaches() == []


def test_a_credited_licence_fee_leaves_revenue_and_what_is_deferred_goes_on(database, partners):
    redis = partners.redis
    deal = Deal(base_yearly_minor=50_000_00, base_interval="yearly")
    sign(redis, "oem", retail_card_id=None, starts="2026-09-01", deal=deal)
    database.login("settle")
    settle()
    before = balances(redis)

    credit(invoice(redis, "", "partner_invoice"), by_line={1: 1_000_00})

    after = balances(redis)
    assert after["2300"] == before["2300"]
    assert after["4100"] == before["4100"] + 1_000_00
    assert after["1110"] == before["1110"] - 1_000_00


def test_a_credit_note_needs_two_people_and_is_issued_once(database, issued):
    """Also by SQL: no person's credit note without an approved request of another."""
    original = invoice(issued.redis)
    given = {"document_id": original.id, "credit": Credit("k", "Outage", net_minor=10_00)}
    asked = ask_credit_note(**given, actor=PREPARER, now=NOW)
    assert ask_credit_note(**given, actor=PREPARER, now=NOW).id == asked.id
    with pytest.raises(SamePerson):
        approve_credit_note(request_id=asked.id, actor=PREPARER.upper(), now=NOW)
    with pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
        CreditRequest.objects.filter(pk=asked.id).update(approved_by=PREPARER)
    with pytest.raises(IntegrityError, match="second person"), transaction.atomic():
        issue_unapproved(request=asked, actor=APPROVER, now=NOW)
    assert not Document.objects.filter(kind="credit_note").exists()

    notes = {approve_credit_note(request_id=asked.id, actor=APPROVER, now=NOW).id for _ in "12"}

    assert notes == {asked.id}
    with pytest.raises(WrongState, match="issued already"):
        decline_credit_note(request_id=asked.id, reason="no", actor=APPROVER, now=NOW)
    second = ask_credit_note(document_id=original.id, credit=Credit("b", "Outage"), actor=PREPARER,
                             now=NOW)  # fmt: skip
    for _ in range(2):
        decline_credit_note(request_id=second.id, reason="too much", actor=APPROVER, now=NOW)
    with pytest.raises(WrongState, match="declined this"):
        approve_credit_note(request_id=second.id, actor=APPROVER, now=NOW)
    with database.psql("settle") as login, pytest.raises(psycopg.errors.RestrictViolation):
        login.execute("update billing_creditrequest set net_minor = 1")
    assert breaches() == []
