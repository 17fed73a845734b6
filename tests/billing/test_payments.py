"""Payments: what they pay, what stays, what goes back; each with its posting, and once."""

import pytest

from billing.actions.bank_files import assign_line, ignore_line, take_bank_file
from billing.actions.payments import (
    AlreadyRecorded,
    Receipt,
    UnknownInvoice,
    apply_payment,
    record_payment,
)
from billing.actions.refunds import ask_refund, send_refund
from billing.models import BankLine, Document, DocumentEvent, JournalEntry, Payment
from billing.queries.documents import document_detail
from billing.queries.payments import open_minor, payments_page, unapplied_minor
from billing.rules.errors import BadMoney, CurrencyMismatch, WrongState
from billing.rules.templates import Deal
from tenants.schema import in_console
from tests.billing.people import APPROVER, PREPARER, utc
from tests.billing.world import NOW, balances, breaches, hit, record, settle, sign

CSV = "date,amount,currency,payer,text,id\n"


def receipt(amount_minor, key="slip 1", currency="USD", **more):
    facts = {"method": "hand", "received_at": NOW, **more}
    return Receipt(key=key, amount_minor=amount_minor, currency=currency, **facts)


@pytest.fixture
def billed(september):
    """acme at Redis owes 100.01, big 1.40; acme at Pinecone 1.00."""
    return september


def invoice(partner, customer="acme"):
    return Document.objects.get(partner_id=partner.id, customer_external_id=customer)


def pay(partner, amount_minor, *documents, **more):
    pays = [(one.id, None) for one in documents]
    return record_payment(partner_id=partner.id, receipt=receipt(amount_minor, **more), pays=pays,
                          actor=PREPARER, now=NOW)  # fmt: skip


def status(document):
    return document_detail(document.id, today=NOW.date()).row.status


def test_a_payment_pays_in_parts_and_what_is_too_much_stays(billed):
    acme, big = invoice(billed.redis), invoice(billed.redis, "big")
    before = balances(billed.redis)

    first = pay(billed.redis, 60_00, acme)
    assert (status(acme), open_minor(acme), unapplied_minor(first)) == ("partly_paid", 40_01, 0)
    second = pay(billed.redis, 50_00, acme, key="slip 2")

    assert (status(acme), open_minor(acme), unapplied_minor(second)) == ("paid", 0, 9_99)
    found = balances(billed.redis)
    assert found["1000"] == 110_00 and found["2400"] == -9_99
    assert found["1100"] == before["1100"] - 100_01
    apply_payment(payment_id=second.id, document_id=big.id, actor=PREPARER, now=NOW)
    assert (status(big), unapplied_minor(second)) == ("paid", 8_59)
    assert breaches() == []


def test_recorded_twice_it_counts_once_and_other_figures_are_refused(billed):
    acme = invoice(billed.redis)
    first, again = pay(billed.redis, 60_00, acme), pay(billed.redis, 60_00, acme)
    same = [apply_payment(payment_id=first.id, document_id=acme.id, actor=PREPARER, now=NOW)
            for _ in range(2)]  # fmt: skip

    assert first == again and same[0] == same[1] and open_minor(acme) == 40_01
    with pytest.raises(AlreadyRecorded, match="another amount"):
        pay(billed.redis, 61_00, acme)
    with pytest.raises(AlreadyRecorded):
        pay(billed.pinecone, 60_00)
    assert Payment.objects.count() == 1 and DocumentEvent.objects.filter(kind="paid").count() == 1


def test_nothing_is_written_when_a_part_can_not_be(billed):
    redis, pinecone = billed
    acme, theirs = invoice(redis), invoice(pinecone)
    statement = Document.objects.get(partner_id=redis.id, kind="payout_statement")

    with pytest.raises(CurrencyMismatch, match="is in USD, the payment in EUR"):
        pay(redis, 60_00, acme, currency="EUR")
    for other in (theirs, statement):
        with pytest.raises(UnknownInvoice):
            pay(redis, 60_00, acme, other)
    with pytest.raises(BadMoney, match="is open on it"):
        record_payment(partner_id=redis.id, receipt=receipt(500_00), pays=[(acme.id, 100_02)],
                       actor=PREPARER, now=NOW)  # fmt: skip
    with pytest.raises(BadMoney):
        pay(redis, 0, acme)
    with pytest.raises(BadMoney, match="no way to pay"):
        pay(redis, 1, acme, method="cow")

    assert Payment.objects.count() == 0
    assert not JournalEntry.objects.filter(purpose__in=["payment", "application"]).exists()


def test_a_partners_own_invoice_is_not_paid_to_us(database, partners):
    sign(partners.redis, "revenue_share_partner", deal=Deal(share_bps=6000))
    record(hit(partners.redis, "2026-09-10", "acme", 50_005))
    database.login("settle")
    settle()

    with pytest.raises(UnknownInvoice, match="partner's own name"):
        pay(partners.redis, 100_01, invoice(partners.redis))


def test_the_console_records_and_posts_in_one_transaction(billed, database):
    acme = invoice(billed.redis)
    database.login("web")
    with in_console():
        pay(billed.redis, 100_01, acme)
        [row], total = payments_page()

    assert (row.numbers, row.unapplied_minor, total) == ((acme.number,), 0, 1)


def test_a_bank_file_books_what_is_clear_and_keeps_the_rest(billed):
    acme, theirs = invoice(billed.redis), invoice(billed.pinecone)
    content = (
        CSV
        + f"2026-10-05,100.01,USD,Acme,{acme.number},B1\n"
        + f"2026-10-05,0.60,USD,Acme,{theirs.number},B2\n"
        + "2026-10-06,77.00,USD,Nobody,hello,B3\n"
        + f"2026-10-06,100.01,USD,Acme,again {acme.number},B4\n"
        + "2026-10-06,-3.00,USD,Bank,fees,B5\n"
    ).encode()

    file, _new = take_bank_file(name="october.csv", content=content, actor=PREPARER, now=NOW)
    again, known = take_bank_file(
        name="october again.csv", content=content, actor=PREPARER, now=NOW
    )
    wider, _new = take_bank_file(
        name="wider.csv", content=content + b"2026-10-07,0.40,USD,Acme,rest " +
        theirs.number.encode() + b",B6\n", actor=PREPARER, now=NOW)  # fmt: skip

    assert (again, known) == (file, False) and status(acme) == "paid" and status(theirs) == "paid"
    found = [(one.state, one.reason) for one in file.lines.order_by("position")]
    assert [state for state, _ in found] == ["matched", "matched"] + ["unmatched"] * 3
    assert "number or amount" in found[2][1] and "is paid already" in found[3][1]
    assert "Money out" in found[4][1]
    states = list(wider.lines.order_by("position").values_list("state", flat=True))
    assert states == ["double"] * 5 + ["matched"]
    assert "The same as line 1 of october.csv" in wider.lines.get(position=1).reason
    assert Payment.objects.count() == 3 and breaches() == []


def test_a_person_decides_on_an_unmatched_line_once(billed):
    acme = invoice(billed.redis)
    content = (
        CSV + "2026-10-05,120.00,USD,X,hello,B1\n2026-10-05,-3.00,USD,Bank,fees,B2\n"
    ).encode()
    file, _new = take_bank_file(name="a.csv", content=content, actor=PREPARER, now=NOW)
    line, fees = file.lines.order_by("position")

    done = [assign_line(line_id=line.id, document_id=acme.id, actor=PREPARER, now=NOW)
            for _ in range(2)]  # fmt: skip
    ignore_line(line_id=fees.id, reason="bank fees, booked by hand", actor=PREPARER, now=NOW)

    assert done[0] == done[1] and status(acme) == "paid"
    assert unapplied_minor(Payment.objects.get()) == 19_99
    for _ in range(2):
        with pytest.raises(WrongState, match="ignored already"):
            ignore_line(line_id=fees.id, reason="again", actor=PREPARER, now=NOW)
    assert set(BankLine.objects.values_list("state", flat=True)) == {"matched", "ignored"}
    assert breaches() == []


def test_a_refund_opens_the_invoice_again_and_tells_the_document(billed):
    acme = invoice(billed.redis)
    payment = pay(billed.redis, 110_00, acme)
    key = {"payment_id": payment.id, "reason": "wrong plan", "actor": PREPARER, "now": NOW}

    refund = ask_refund(key="r1", document_id=acme.id, amount_minor=40_00, **key)
    assert ask_refund(key="r1", document_id=acme.id, amount_minor=40_00, **key) == refund
    with pytest.raises(BadMoney, match="can not be sent back"):
        ask_refund(key="r2", document_id=acme.id, amount_minor=60_02, **key)
    for _ in range(2):
        send_refund(refund_id=refund.id, remote_id="slip", actor=APPROVER, now=NOW)
    free = ask_refund(key="r3", document_id=None, amount_minor=9_99, **key)
    send_refund(refund_id=free.id, remote_id="slip 2", actor=APPROVER, now=NOW)

    assert (status(acme), open_minor(acme)) == ("refunded", 40_00)
    [event] = DocumentEvent.objects.filter(kind="refunded")
    assert (event.document_id, event.amount_minor) == (acme.id, 40_00)
    found = balances(billed.redis)
    assert (found["1000"], found.get("2400", 0)) == (110_00 - 40_00 - 9_99, 0)
    assert breaches() == []
    assert utc("2026-10-02").date() == NOW.date()
