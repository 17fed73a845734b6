"""What finance does on the console, read back on their pages by those whom it concerns."""

from datetime import timedelta
from xml.etree import ElementTree

import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile

from billing.actions.deliver import send_reminders
from billing.actions.payout_details import ask_payout_details, decide_payout_details
from billing.models import Dispute, Document, Payout
from tenants import schema
from tests.billing.gateways.test_bank_files import camt, detail, entry
from tests.conftest import fresh_database, two_partners
from tests.portal.console import cast as console
from tests.portal.console.conftest import clock
from tests.portal.views.cast import NOW, PINECONE, REDIS, document, signed_in, text
from tests.portal.views.conftest import settled_month

IBAN = "DE89370400440532013000"


def everybody(database):
    """A settled month, its people, the console's, and an account to pay each partner to."""
    settled_month(database)
    with clock():
        console.people()
        for partner in two_partners():
            with schema.in_partner(partner):
                details = ask_payout_details(
                    partner_id=partner.id, kind="bank", holder=partner.name, account=IBAN, bic="",
                    kek=django_settings.KEK, actor="a@partner.example", now=NOW,
                )  # fmt: skip
                decide_payout_details(
                    details_id=details.id, partner_id=partner.id, approve=True, now=NOW,
                    actor="b@partner.example", hold=timedelta(0),
                )  # fmt: skip


@pytest.fixture(scope="module")
def shared_month(django_db_blocker):
    with fresh_database(django_db_blocker) as database, clock():
        database.fill(everybody)
        database.login("web")
        yield two_partners(), database


@pytest.fixture
def month(shared_month):
    """One a module: each test has papers of its own in it."""
    with clock():
        yield shared_month


def test_a_customers_question_is_answered_and_all_sides_read_it(month):
    partners, _database = month
    invoice = document(partners.redis, "customer_invoice", "acme")
    line = f"/invoices/{invoice}/lines/1/"
    customer, owner = signed_in(REDIS, "customer_owner"), signed_in(REDIS, "owner")
    finance, auditor = console.signed_in("finance_preparer"), console.signed_in("auditor")

    asked = customer.post(line, {"text": "Twice as much as in August?"}, follow=True)
    assert asked.status_code == 200 and "Twice as much as in August?" in text(asked)
    with schema.in_console():
        desk = f"/disputes/{Dispute.objects.get().id}/"
    assert desk.encode() in finance.get("/disputes/").content
    assert desk.encode() in auditor.get("/finance/exceptions/").content
    said = finance.post(f"{desk}answer/", {"act": "say", "text": "A new model."}, follow=True)
    assert said.redirect_chain == [(desk, 302)] and "Done." in text(said)
    assert "A new model." in text(customer.get(line))

    ended = finance.post(f"{desk}answer/", {"act": "reject", "text": "As metered."}, follow=True)

    assert "Rejected" in text(ended) and "As metered." in text(auditor.get(desk))
    page = text(customer.get(line))
    assert "As metered." in page and "Rejected" in page and "To be decided" not in page
    assert "Dispute ended" in text(owner.get(f"/manage/invoices/{invoice}/"))
    assert desk.encode() not in auditor.get("/finance/exceptions/").content
    other = signed_in(PINECONE, "owner")
    assert other.get(f"/manage/invoices/{invoice}/").status_code == 404


def test_a_banks_statement_with_an_unknown_and_a_double_entry(month):
    partners, _database = month
    invoice = document(partners.redis, "customer_invoice", "zeta")
    with schema.in_console():
        number = Document.objects.get(pk=invoice).number
    finance, auditor = console.signed_in("finance_preparer"), console.signed_in("auditor")
    paid = entry("1.00", details=detail(text=number), ref="R1")
    unknown = entry("7.00", details=detail(name="<Nm>Nobody</Nm>", text="hello"), ref="R2")

    def upload(name, *entries):
        file = SimpleUploadedFile(name, camt(*entries))
        return text(finance.post("/payments/file/", {"file": file}, follow=True))

    assert "2 lines: 1 booked, 1 wait below, 0 were known" in upload("one.xml", paid, unknown)
    again = entry("1.00", details=detail(text="x"), ref="R4", sign="DBIT")
    assert "2 lines: 0 booked, 1 wait below, 1 were known" in upload("two.xml", paid, again)

    page = text(auditor.get("/payments/"))
    assert "No open invoice has this number or amount." in page and "Money out that no" in page
    assert "1 line came twice and was booked once" in page
    assert "The same as line 1 of one.xml: booked once only." in page
    assert "Nobody, 2026-10-05" in text(auditor.get("/finance/exceptions/"))
    assert "Paid · $1.00" in text(signed_in(REDIS, "owner").get(f"/manage/invoices/{invoice}/"))
    assert "Paid · $1.00" in text(auditor.get(f"/documents/{invoice}/"))
    journal = text(auditor.get("/books/journal/?month=2026-10"))
    assert number in journal


def test_a_payout_goes_to_the_bank_as_a_file_and_its_partner_reads_so(month, settings):
    partners, _database = month
    settings.PLATFORM_ACCOUNT = {"iban": "NL91ABNA0417164300", "bic": "ABNANL2A"}
    preparer = console.signed_in("finance_preparer")
    approver = console.signed_in("finance_approver")
    preparer.post("/payouts/prepare/")
    with schema.in_console():
        one = Payout.objects.get(partner_id=partners.pinecone.id)
    theirs = signed_in(PINECONE, "owner")
    assert "Waits for approval" in text(theirs.get("/manage/payouts/"))

    approver.post("/payouts/approve/", {"payout": [str(one.id)]})
    file = approver.post("/payouts/order/", {"payout": [str(one.id)], "method": "bank"})

    order = ElementTree.fromstring(file.content)
    told = {part.tag.rpartition("}")[2]: part.text for part in order.iter() if part.text}
    assert told["CtrlSum"] == told["InstdAmt"] == "30.80" and told["NbOfTxs"] == "1"
    assert told["EndToEndId"] == one.reference and IBAN in file.content.decode()
    page = text(theirs.get("/manage/payouts/"))
    assert one.reference in page and "Sent" in page and "$30.80" in page
    assert one.reference in text(console.signed_in("auditor").get("/payouts/"))
    assert one.reference not in text(signed_in(REDIS, "owner").get("/manage/payouts/"))


def test_a_reminder_is_seen_by_the_customer_its_partner_and_an_auditor(month):
    partners, database = month
    invoice = document(partners.pinecone, "customer_invoice", "acme")
    pages = (
        (lambda: signed_in(PINECONE, "customer_owner"), f"/invoices/{invoice}/"),
        (lambda: signed_in(PINECONE, "owner"), f"/manage/invoices/{invoice}/"),
        (lambda: console.signed_in("auditor"), f"/documents/{invoice}/"),
    )
    with schema.in_console():
        due = Document.objects.get(pk=invoice).due_date
    assert "Reminder sent" not in text(signed_in(PINECONE, "owner").get(pages[1][1]))

    with time_machine.travel(NOW + (due - NOW.date()) + timedelta(days=3), tick=False):
        database.login("settle")
        with schema.in_public():
            assert send_reminders(now=NOW + (due - NOW.date()) + timedelta(days=3)) >= 1
        database.login("web")
        for client, path in pages:
            page = text(client().get(path))
            assert "Reminder sent" in page and "Overdue" in page, path
        assert "$154.00" in text(console.signed_in("auditor").get("/books/ageing/"))
