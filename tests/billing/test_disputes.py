"""Statements are accepted by word or silence; lines are disputed and decided, and that posts."""

from datetime import timedelta

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from billing.actions import disputes
from billing.actions.credit_requests import approve_credit_note
from billing.actions.errors import UnknownRun
from billing.models import CarriedItem, CreditRequest, DisputeEntry, Document, DocumentEvent
from billing.queries.disputes import all_disputes, dispute_by_id, payable_now_minor
from billing.queries.documents import document_detail
from billing.rules.disputes import BadDispute
from billing.rules.errors import SamePerson
from billing.rules.templates import Deal
from tenants.schema import in_console, in_partner
from tests.billing.people import APPROVER, PREPARER, utc
from tests.billing.test_credit import october_statement
from tests.billing.world import NOW, SEPTEMBER, balances, breaches, hit, record, settle, sign

OWNER = "owner@redis.example"
LATE = NOW + timedelta(days=15)


@pytest.fixture
def issued(september, database):
    """September's statement: 30.00 of acme (line 1) and 0.42 of big (line 2) for Redis."""
    database.login("web")
    return september


def paper(partner, kind="payout_statement", customer=""):
    with in_console():
        return Document.objects.get(partner_id=partner.id, kind=kind, run__isnull=False,
                                    customer_external_id=customer,
                                    period_start=SEPTEMBER.start)  # fmt: skip


def status(document):
    return document_detail(document.id, today=NOW.date()).row.status


def dispute(partner, document, position=1, text="We count 51,000"):
    with in_partner(partner):
        return disputes.open_dispute(document_id=document.id, position=position, text=text,
                                     actor=OWNER, now=NOW)  # fmt: skip


def test_a_partner_accepts_its_own_statement_once_and_no_other(issued):
    mine, foreign = paper(issued.redis), paper(issued.pinecone)
    with in_partner(issued.redis):
        for _ in range(2):
            disputes.accept_statement(document_id=mine.id, actor=OWNER, now=NOW)
        with pytest.raises(UnknownRun):
            disputes.accept_statement(document_id=foreign.id, actor=OWNER, now=NOW)
        assert DocumentEvent.objects.filter(kind="accepted").count() == 1
        assert status(mine) == "accepted"
        with pytest.raises(BadDispute, match="accepted"):
            disputes.open_dispute(document_id=mine.id, position=1, text="x", actor=OWNER, now=NOW)


def test_silence_accepts_what_nobody_disputes(issued, database):
    dispute(issued.redis, paper(issued.redis))
    database.login("settle")

    assert disputes.accept_silent(now=NOW + timedelta(days=13)) == 0
    assert [disputes.accept_silent(now=LATE) for _ in range(2)] == [1, 0]

    accepted = DocumentEvent.objects.get(kind="accepted")
    assert (accepted.document, accepted.actor) == (paper(issued.pinecone), "silence")


def test_an_upheld_dispute_is_a_credit_on_the_next_statement(issued, database):
    """Line 1 (30.00) is disputed: 0.42 is still paid on time. 5.00 are admitted and posted."""
    statement = paper(issued.redis)
    opened = dispute(issued.redis, statement)
    with in_console():
        assert (status(statement), payable_now_minor(statement)) == ("disputed", 42)
        disputes.take_dispute(dispute_id=opened.id, actor=APPROVER, now=NOW)
        [row] = all_disputes(open_only=True)
        assert (row.owner, row.line_minor, row.deadline) == (
            APPROVER, 30_00, utc("2026-10-16T00:00").date())  # fmt: skip
        before = balances(issued.redis)
        disputes.uphold_dispute(dispute_id=opened.id, amount_minor=5_00, text="Right",
                                actor=APPROVER, now=NOW)  # fmt: skip
        after = balances(issued.redis)
        assert (after["5000"] - before["5000"], after["2100"] - before["2100"]) == (5_00, -5_00)
        assert (status(statement), payable_now_minor(statement)) == ("issued", 30_42)
        assert all_disputes(open_only=True) == []
        with pytest.raises(BadDispute, match="upheld"):
            disputes.reject_dispute(dispute_id=opened.id, text="no", actor=APPROVER, now=NOW)
    database.login("settle")
    october = october_statement(issued.redis)
    assert (october.statement["adjustments_minor"], october.statement["closing_minor"]) == (
        5_00, 30_42 + 5_00)  # fmt: skip
    assert breaches() == []


def test_a_rejected_dispute_posts_nothing_and_silence_accepts_afterwards(issued, database):
    statement = paper(issued.redis)
    opened = dispute(issued.redis, statement)
    with in_console():
        before = balances(issued.redis)
        with pytest.raises(BadDispute, match="Say what"):
            disputes.reject_dispute(dispute_id=opened.id, text=" ", actor=APPROVER, now=NOW)
        disputes.reject_dispute(dispute_id=opened.id, text="Counts agree", actor=APPROVER, now=NOW)
        assert balances(issued.redis) == before
        assert not CarriedItem.objects.exists()
        assert dispute_by_id(opened.id).entries[-1].text == "Counts agree"
    database.login("settle")
    assert disputes.accept_silent(now=LATE) == 2
    assert october_statement(issued.redis).statement["adjustments_minor"] == 0


def test_an_upheld_question_about_an_invoice_line_is_a_credit_note(issued, database):
    """50.00 of acme's 100.01 go back: the share falls from 30.00 to 30 % of 50.01 = 15.00."""
    invoice = paper(issued.redis, "customer_invoice", "acme")
    opened = dispute(issued.redis, invoice, text="Twice as much as last month?")
    with in_console():
        disputes.uphold_dispute(dispute_id=opened.id, amount_minor=50_00, text="Half was a test",
                                actor=APPROVER, now=NOW)  # fmt: skip
        assert not Document.objects.filter(kind="credit_note").exists()
        asked = CreditRequest.objects.get()
        with pytest.raises(SamePerson):
            approve_credit_note(request_id=asked.id, actor=APPROVER, now=NOW)
        note = approve_credit_note(request_id=asked.id, actor=PREPARER, now=NOW)
        assert (note.total_minor, note.corrects) == (-50_00, invoice)
        assert CarriedItem.objects.get().amount_minor == -15_00
    database.login("settle")
    assert breaches() == []


def test_the_terms_say_how_long_a_statement_can_be_disputed(database, partners):
    """Redis agreed on 5 days, Pinecone on nothing, which is 14: to the second."""
    redis, pinecone = partners
    sign(redis, "revenue_share_platform", deal=Deal(lock_days=5))
    sign(pinecone, "revenue_share_platform")
    record(*(hit(one, "2026-09-10", "acme", 50_005) for one in partners))
    database.login("settle")
    settle()
    database.login("web")
    for partner, days in ((redis, 5), (pinecone, 14)):
        statement, last = paper(partner), NOW + timedelta(days=days)
        with in_partner(partner):
            with pytest.raises(BadDispute, match="could be disputed until"):
                disputes.open_dispute(document_id=statement.id, position=1, text="late",
                                      actor=OWNER, now=last)  # fmt: skip
            with transaction.atomic():
                disputes.open_dispute(document_id=statement.id, position=1, text="in time",
                                      actor=OWNER, now=last - timedelta(seconds=1))  # fmt: skip
                transaction.set_rollback(True)
    database.login("settle")
    assert disputes.accept_silent(now=NOW + timedelta(days=5)) == 1
    assert disputes.accept_silent(now=NOW + timedelta(days=14)) == 1


def test_a_line_is_disputed_once_at_a_time_and_only_where_it_is(issued):
    statement = paper(issued.redis)
    opened = dispute(issued.redis, statement)
    with pytest.raises(BadDispute, match="disputed already"):
        dispute(issued.redis, statement)
    with pytest.raises(BadDispute, match="no line 9"):
        dispute(issued.redis, statement, 9)
    with pytest.raises(BadDispute, match="A line of"), in_partner(issued.redis):
        disputes.accept_statement(document_id=statement.id, actor=OWNER, now=NOW)
    with pytest.raises(UnknownRun), in_partner(issued.pinecone):
        disputes.say(dispute_id=opened.id, text="me too", actor=OWNER, now=NOW)
    with in_partner(issued.redis):
        file = disputes.Attachment("counts.csv", b"hour,count\n")
        disputes.say(dispute_id=opened.id, text="Here", actor=OWNER, now=NOW, attachment=file)
        big = disputes.Attachment("big", b"x" * (2 * 1024 * 1024 + 1))
        with pytest.raises(BadDispute, match="2 MiB"):
            disputes.say(dispute_id=opened.id, text="x", actor=OWNER, now=NOW, attachment=big)
        disputes.withdraw_dispute(dispute_id=opened.id, actor=OWNER, now=NOW)
        disputes.accept_statement(document_id=statement.id, actor=OWNER, now=NOW)


def test_a_partners_role_can_not_decide_its_own_dispute(issued):
    opened = dispute(issued.redis, paper(issued.redis))
    for kind in ("upheld", "rejected", "taken"):
        with (in_partner(issued.redis), pytest.raises(ProgrammingError, match="row-level"),
              transaction.atomic()):  # fmt: skip
            DisputeEntry.objects.create(partner_id=issued.redis.id, dispute_id=opened.id,
                                        position=2, kind=kind, actor=OWNER, at=NOW)  # fmt: skip


def test_a_dispute_ends_once_and_its_thread_is_final(database, issued):
    opened = dispute(issued.redis, paper(issued.redis))
    with in_console():
        disputes.uphold_dispute(dispute_id=opened.id, amount_minor=1, text="a cent",
                                actor=APPROVER, now=NOW)  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            DisputeEntry.objects.create(partner_id=issued.redis.id, dispute_id=opened.id,
                                        position=9, kind="rejected", actor="x", at=NOW)  # fmt: skip
    for table in ("billing_dispute", "billing_disputeentry", "billing_carrieditem"):
        for sql in (f"update {table} set partner_id = partner_id", f"delete from {table}",
                    f"truncate {table} cascade"):  # fmt: skip
            with database.psql("owner") as owner, pytest.raises(psycopg.errors.RestrictViolation):
                owner.execute(sql)
            with (database.psql("settle") as settle_login,
                  pytest.raises(psycopg.errors.InsufficientPrivilege)):  # fmt: skip
                settle_login.execute(sql)
