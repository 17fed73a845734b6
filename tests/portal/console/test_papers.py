"""Credit notes, disputes and books on the console, with the figures of an issued September."""

import csv
import io

import pytest

from billing.actions.disputes import open_dispute
from billing.models import CreditRequest, Document, FinanceRequest
from tenants import schema
from tests.billing import world
from tests.portal.console import cast
from tests.portal.views.cast import text

OWNER = "owner@redis.example"


@pytest.fixture
def issued(reviewed, database):
    """September is issued: acme 100.01 and zeta 2.00 at Redis, acme 1,000.00 at Pinecone."""
    runs = [cast.run_of(partner) for partner in reviewed]
    cast.signed_in("finance_approver").post(
        "/finance/approve/", {"month": "2026-09", "run": cast.seen(*runs)}
    )
    cast.work(database)
    return reviewed


def paper(partner, kind="customer_invoice", customer="acme"):
    with schema.in_console():
        return Document.objects.get(partner_id=partner.id, kind=kind, run__isnull=False,
                                    customer_external_id=customer)  # fmt: skip


def test_papers_of_all_partners_are_found_by_kind_number_month_and_state(issued):
    finance = cast.signed_in("finance_preparer")
    invoice = paper(issued.redis)

    def found(asked):
        return [(row.kind, name) for row, name in
                finance.get(f"/documents/?{asked}").context["rows"]]  # fmt: skip

    everything = found("")
    assert len(everything) == 5 and {name for _, name in everything} == {"Redis Labs", "Pinecone"}
    assert set(found("kind=payout_statement")) == {
        ("payout_statement", "Redis Labs"), ("payout_statement", "Pinecone")}  # fmt: skip
    assert found(f"q={invoice.number.lower()}") == [("customer_invoice", "Redis Labs")]
    assert found("partner=pinecone&only=open") == [("customer_invoice", "Pinecone")]
    assert found("month=2026-08") == [] and found("only=late") == []
    assert "No document matches" in text(finance.get("/documents/?month=2026-08"))
    page = text(finance.get("/documents/?only=open&partner=redis-labs"))
    assert f"{invoice.number} Customer invoice" in page and "$100.01 $100.01" in page
    for bad in ("kind=letter", "only=rich", "partner=nobody", "page=0", "month=2026-13"):
        assert finance.get(f"/documents/?{bad}").status_code == 400


def test_finance_issues_a_credit_note_once_however_often_it_is_sent(issued):
    approver, preparer = (cast.signed_in(f"finance_{who}") for who in ("approver", "preparer"))
    url = f"/documents/{paper(issued.redis).id}/credit/"
    assert "$100.01 net can still be credited" in text(approver.get(url))
    form = {"token": "t1", "scope": "lines", "line_1": "40.01", "reason": "Outage"}

    asked = [text(preparer.post(url, form, follow=True)) for _ in range(2)]
    assert all("A second person has to approve the credit note" in page for page in asked)
    assert "Credit note to approve" in asked[1] and "Approve and issue" not in asked[1]
    with schema.in_console():
        [request] = CreditRequest.objects.all()
    assert "Outage" in text(approver.get("/finance/exceptions/"))
    decide = f"{url}{request.id}/"
    assert preparer.post(decide).status_code == 403
    pages = [text(approver.post(decide, follow=True)) for _ in range(2)]
    assert all("Credit note CN-2026-000001 is issued." in page for page in pages)
    own = text(approver.post(url, {**form, "token": "own", "line_1": "1"}, follow=True))
    assert "You asked for it: a second person approves it." in own
    with schema.in_console():
        mine = CreditRequest.objects.get(approved_by="")
    refused = text(approver.post(f"{url}{mine.id}/", follow=True))
    assert "cannot approve it" in refused
    no = {"act": "decline", "reason": "twice"}
    assert "Declined." in text(approver.post(f"{url}{mine.id}/", no, follow=True))
    assert "$60.00 net can still be credited" in text(approver.get(url))
    too_much = text(approver.post(url, {**form, "token": "t2", "line_1": "60.01"}))
    assert "Line 1 can be credited with $60.00 at most" in too_much
    assert "is not an amount" in text(approver.post(url, {**form, "token": "t", "line_1": "x"}))
    with schema.in_console():
        [note] = Document.objects.filter(kind="credit_note")
    page = text(approver.get(f"/documents/{note.id}/"))
    assert "Credit note CN-2026-000001" in page and "Outage" in page
    assert approver.get(f"/documents/{note.id}/pdf").content.startswith(b"%PDF")
    assert cast.signed_in("auditor").get(url).status_code == 403


def test_two_people_write_an_invoice_off(issued):
    approver, preparer = (cast.signed_in(f"finance_{who}") for who in ("approver", "preparer"))
    page = f"/documents/{paper(issued.redis).id}/"
    assert "Say why" in text(preparer.post(f"{page}write-off/", follow=True))
    asked = text(preparer.post(f"{page}write-off/", {"reason": "Insolvent"}, follow=True))
    assert "Write-off to approve Insolvent $100.01 becomes bad debt" in asked
    assert "Approve and write off" not in asked
    with schema.in_console():
        request = FinanceRequest.objects.get(kind="write_off")
    decide = f"{page}write-off/{request.id}/"
    assert preparer.post(decide).status_code == 403
    assert "Approve and write off" in text(approver.get(page))
    done = text(approver.post(decide, follow=True))
    assert "Written off" in done and "Uncollectible" in done


def test_a_dispute_is_taken_answered_and_upheld_on_the_console(issued):
    statement = paper(issued.redis, "payout_statement", "")
    console = cast.signed_in("finance_preparer")
    assert "Nothing is disputed" in text(console.get("/disputes/"))
    with schema.in_partner(issued.redis):
        found = open_dispute(document_id=statement.id, position=1, text="We count more",
                             actor=OWNER, now=world.NOW)  # fmt: skip
    listed = text(console.get("/disputes/"))
    assert "Redis Labs" in listed and "$30.00" in listed and "16 Oct 2026" in listed
    url = f"/disputes/{found.id}/answer/"

    console.post(url, {"act": "take"})
    console.post(url, {"act": "say", "text": "We look into it"})
    assert "amount above zero" in text(
        console.post(url, {"act": "uphold", "text": "ok", "amount": "0"}, follow=True))  # fmt: skip
    assert "Choose what to do" in text(console.post(url, {"act": "x"}, follow=True))
    page = text(console.post(url, {"act": "uphold", "text": "You are right", "amount": "1.50"},
                             follow=True))  # fmt: skip

    assert "Upheld" in page and "You are right" in page and "finance_preparer@" in page
    assert "Nothing is disputed" in text(console.get("/disputes/"))
    assert "Upheld" in text(console.get("/disputes/?all=1"))
    assert cast.signed_in("auditor").post(url, {"act": "take"}).status_code == 403


def test_the_books_show_the_month_and_what_the_csv_says(issued):
    auditor = cast.signed_in("auditor")

    page = text(auditor.get("/books/?month=2026-09"))
    assert "1100 Accounts receivable: customers" in page and "$1,102.01" in page
    assert "balances" in page and "Close the month" not in page
    assert "does not balance" not in page
    journal = auditor.get("/books/journal/?month=2026-09")
    assert "INV-2026-0000" in text(journal) and "$1,000.00" in text(journal)
    ageing = text(auditor.get("/books/ageing/"))
    assert "not due" in ageing and "ties" in ageing and "$1,102.01" in ageing
    rows = list(csv.DictReader(io.StringIO(
        auditor.get("/books/trial-balance.csv?month=2026-09").content.decode())))  # fmt: skip
    assert {row["Account"]: row["Closing"] for row in rows} == {
        "1100": "1102.01", "2100": "-230.60", "4000": "-1102.01", "5000": "230.60"}  # fmt: skip
    lines = list(csv.DictReader(io.StringIO(
        auditor.get("/books/journal.csv?month=2026-09").content.decode())))  # fmt: skip
    assert sum(float(row["Debits"] or 0) for row in lines) == pytest.approx(1332.61)


def test_books_of_nothing_say_so(readable):
    auditor = cast.signed_in("auditor")

    assert "No document yet" in text(auditor.get("/documents/"))
    assert "Nothing is posted yet" in text(auditor.get("/books/"))
    assert "No entry in this month" in text(auditor.get("/books/journal/"))
    assert "Nothing is open" in text(auditor.get("/books/ageing/"))
    assert "2026-13" in text(auditor.get("/books/?month=2026-13"))


def test_a_month_is_closed_and_opened_again_by_two_people(issued):
    first, second = cast.signed_in("finance_preparer"), cast.signed_in("finance_approver")
    month = {"month": "2026-09"}

    assert "The month is closed." in text(first.post("/books/close/", month, follow=True))
    assert "Say why" in text(first.post("/books/ask/", month, follow=True))
    asked = text(first.post("/books/ask/", {**month, "reason": "Wrong rate"}, follow=True))
    assert "a second person has to open it" in asked
    refused = text(first.post("/books/reopen/", month, follow=True))
    assert "A second person has to." in refused and "Asked to open it again" in refused
    opened = text(second.post("/books/reopen/", month, follow=True))

    assert "The month is open again." in opened and "Wrong rate" in opened


def test_accounts_are_mapped_by_finance_and_read_by_auditors(issued):
    finance, auditor = cast.signed_in("finance_preparer"), cast.signed_in("auditor")
    form = {"account": "4000", "code": "200", "name": "Sales"}

    assert auditor.post("/books/accounts/", form).status_code == 403
    assert "Saved." in text(finance.post("/books/accounts/", form, follow=True))

    assert "200 Sales" in text(auditor.get("/books/accounts/"))
    csv_text = auditor.get("/books/journal.csv?month=2026-09").content.decode()
    assert ",200,Sales," in csv_text and ",4000," not in csv_text
