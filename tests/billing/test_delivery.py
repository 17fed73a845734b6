"""Documents and reminders by mail: once each, tried again, under the brand; then runs close."""

from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller

from billing.actions.deliver import close_finished_runs, deliver_documents, send_reminders
from billing.actions.disputes import accept_statement, open_dispute
from billing.actions.document_events import record_document_event
from billing.models import Document, DocumentEvent, SettlementRun
from cache_api.models import Customer
from portal import env
from portal.servers import ports
from tenants.accounts.models import User
from tenants.schema import in_partner
from tests.billing.conftest import signed
from tests.billing.people import APPROVER, utc
from tests.billing.world import NOW, breaches, fingerprint, settle
from tests.conftest import two_partners

# September's invoices are issued on 2 October and due on 1 November.
DUE = utc("2026-11-01T09:00")


def issued_to_readers(database):
    """Redis's acme has a billing address, big a person who pays; Pinecone's acme has nobody."""
    signed(database)
    with in_partner(two_partners().redis):
        Customer.objects.filter(external_id="acme").update(billing={"email": "pay@acme.example"})
        big = Customer.objects.get(external_id="big").id
        User.objects.create_user("cfo@big.example", None, role="customer_billing", customer_id=big)
        User.objects.create_user("dev@big.example", None, role="customer_developer",
                                 customer_id=big)  # fmt: skip
    database.login("settle")
    settle()


@pytest.fixture
def issued(database, partners, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    database.fill(issued_to_readers)
    database.login("settle")
    return partners


def states():
    return dict(SettlementRun.objects.values_list("agreement__partner_id", "state"))


def test_every_document_is_mailed_once_with_its_pdf_under_the_brand(issued, database, mailoutbox):
    assert deliver_documents(now=NOW) == 4
    before = fingerprint(database)
    assert deliver_documents(now=NOW) == 0
    assert fingerprint(database) == before

    mails = {mail.to[0]: mail for mail in mailoutbox}
    assert set(mails) == {"pay@acme.example", "cfo@big.example", "owner@redis.example",
                          "owner@pinecone.example"}  # fmt: skip
    mail = mails["pay@acme.example"]
    paper = Document.objects.get(buyer_name="acme", partner_id=issued.redis.id)
    assert mail.subject == f"Invoice {paper.number} from Redis Edge Cache"
    assert mail.from_email.startswith("Redis Edge Cache <no-reply@")
    assert "$100.01, due on November 1, 2026" in mail.body
    assert "(sold by AgentCache, Inc.)" in mail.body
    assert f"http://cache.redis.localhost:8000/invoices/{paper.id}/" in mail.body
    [(name, content, media)] = mail.attachments
    assert (name, media) == (f"{paper.number}.pdf", "application/pdf")
    assert content.startswith(b"%PDF")
    assert mail.message()["Message-ID"] == f"<document.{paper.id}@agentcache.localhost>"
    statement = mails["owner@redis.example"]
    assert "Please accept it, or dispute a line" in statement.body
    assert "/manage/statements/" in statement.body and "Payable: $30.42" in statement.body


def test_what_nobody_can_get_is_noted_and_tried_again_later(issued, mailoutbox):
    deliver_documents(now=NOW)
    deliver_documents(now=NOW + timedelta(minutes=4))
    failed = DocumentEvent.objects.filter(kind="undelivered")
    assert [event.note for event in failed] == ["mail: nobody to send it to; add a billing address"]
    assert states() == {issued.redis.id: "delivered", issued.pinecone.id: "issued"}

    with in_partner(issued.pinecone):
        acme = Document.objects.get(partner_id=issued.pinecone.id, kind="customer_invoice")
    assert deliver_documents(now=NOW + timedelta(minutes=6)) == 0
    assert failed.filter(document=acme).count() == 2
    assert breaches() == []


def test_a_mail_server_that_refuses_is_tried_again_and_takes_it_once(issued, settings, mailoutbox):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nobody listens
    assert deliver_documents(now=NOW) == 0
    assert DocumentEvent.objects.filter(kind="undelivered", note__contains="refused").count() == 4
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    assert deliver_documents(now=NOW + timedelta(minutes=1)) == 0
    assert deliver_documents(now=NOW + timedelta(minutes=6)) == 4

    assert len(mailoutbox) == 4
    assert states()[issued.redis.id] == "delivered"


class Inbox:
    """What a real SMTP server received; the first recipient is refused once."""

    def __init__(self):
        self.mails, self.refuse = [], {"pay@acme.example"}

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.refuse & set(envelope.rcpt_tos):
            self.refuse.clear()
            return "451 4.3.0 try again later"
        self.mails.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"


def test_a_real_smtp_server_gets_the_mail(issued, settings):
    inbox = Inbox()
    port = ports.pick()
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        for name, value in env.mail(f"smtp://127.0.0.1:{port}").items():
            setattr(settings, name, value)
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        assert deliver_documents(now=NOW) == 3
        assert deliver_documents(now=NOW + timedelta(minutes=6)) == 1
    finally:
        server.stop()

    received = {to[0]: content for to, content in inbox.mails}
    assert len(inbox.mails) == 4 and "pay@acme.example" in received
    assert b"application/pdf" in received["owner@redis.example"]


def test_reminders_go_out_at_3_14_and_30_days_and_no_oftener(issued, mailoutbox):
    acme = Document.objects.get(partner_id=issued.redis.id, buyer_name="acme")
    sent = []
    for day in range(1, 45):
        mailoutbox.clear()
        for _ in range(2):
            send_reminders(now=DUE + timedelta(days=day))
        sent += [(day, mail.subject) for mail in mailoutbox if acme.number in mail.subject]

    assert sent == [(day, f"Reminder {n}: Invoice {acme.number} is overdue")
                    for n, day in ((1, 3), (2, 14), (3, 30))]  # fmt: skip


def test_reminders_stop_when_it_is_paid_questioned_or_given_back(issued, database, mailoutbox):
    acme = Document.objects.get(partner_id=issued.redis.id, buyer_name="acme")
    big = Document.objects.get(partner_id=issued.redis.id, buyer_name="big")
    record_document_event(document_id=acme.id, kind="paid", source_id="b", actor=APPROVER,
                          amount_minor=40_01, now=NOW)  # fmt: skip
    database.login("web")
    with in_partner(issued.redis):
        open_dispute(document_id=big.id, position=1, text="Why?", actor="x", now=NOW)
    database.login("settle")

    assert send_reminders(now=DUE + timedelta(days=3)) == 1
    assert "$60.00 of it is still open" in mailoutbox[0].body
    record_document_event(document_id=acme.id, kind="paid", source_id="c", actor=APPROVER,
                          amount_minor=60_00, now=NOW)  # fmt: skip
    assert send_reminders(now=DUE + timedelta(days=14)) == 0


def test_a_worker_that_died_after_its_last_mail_leaves_no_run_behind(issued, mailoutbox):
    for paper in Document.objects.filter(partner_id=issued.redis.id):
        record_document_event(document_id=paper.id, kind="delivered", source_id="mail",
                              actor="mail", now=NOW)  # fmt: skip
    assert set(states().values()) == {"issued"}

    deliver_documents(now=NOW)

    assert states()[issued.redis.id] == "delivered"


def test_a_run_closes_when_its_invoices_are_paid_and_its_statement_accepted_and_paid(
    issued, mailoutbox
):
    deliver_documents(now=NOW)
    papers = Document.objects.filter(partner_id=issued.redis.id)
    for paper in papers:
        due = (paper.statement or {}).get("payable_minor", paper.total_minor)
        record_document_event(document_id=paper.id, kind="paid", source_id="b", actor=APPROVER,
                              amount_minor=due, now=NOW)  # fmt: skip
    assert close_finished_runs(now=NOW) == 0

    statement = papers.get(kind="payout_statement")
    accept_statement(document_id=statement.id, actor="owner@redis.example", now=NOW)

    assert [close_finished_runs(now=NOW) for _ in range(2)] == [1, 0]
    assert states()[issued.redis.id] == "closed"


def test_old_documents_are_not_mailed_when_mailing_begins(issued, mailoutbox):
    assert deliver_documents(now=NOW + timedelta(days=4)) == 0
    assert mailoutbox == []


@pytest.mark.parametrize(("url", "facts"), [
    ("smtp://u:p%40s@mail:587?tls=1", ("mail", 587, "u", "p@s", False, True)),
    ("smtps://mail", ("mail", 465, "", "", True, False)),
    ("smtp://mail", ("mail", 25, "", "", False, False)),
    ("file:///var/m%20l", ("django.core.mail.backends.filebased.EmailBackend", "/var/m l")),
])  # fmt: skip
def test_the_mail_url_says_where_and_how(url, facts):
    assert tuple(env.mail(url).values()) == facts
    assert env.mail("") == {}
    with pytest.raises(SystemExit, match="EMAIL_URL"):
        env.mail("http://mail")
    with pytest.raises(SystemExit, match="EMAIL_URL"):
        env.mail("file:///")
