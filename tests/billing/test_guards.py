"""What the database refuses of an issued month: by right to runtime roles, by trigger to all."""

import psycopg
import pytest
from django.db import ProgrammingError, transaction

from billing.actions.payments import Receipt, record_payment
from billing.models import (
    Document,
    DocumentEvent,
    DocumentLine,
    JournalEntry,
    JournalLine,
    RatedLine,
    RunInput,
    SettlementRun,
)
from tenants.schema import in_partner
from tests.billing.people import PREPARER, utc
from tests.billing.world import NOW, hit, record, settle, sign
from tests.conftest import two_partners

FINAL = [
    "billing_document", "billing_documentline", "billing_documentevent", "billing_journalentry",
    "billing_journalline", "billing_runinput", "billing_runsnapshot", "billing_ratedline",
    "billing_customershare", "billing_runevent", "billing_chargecomponent", "billing_rate",
    "billing_payment", "billing_paymentapplication",
]  # fmt: skip


def issued_and_paid(database):
    for partner in two_partners():
        sign(partner, "revenue_share_platform")
        record(hit(partner, "2026-09-10", "acme", 50_005))
    database.login("settle")
    settle()
    for invoice in Document.objects.filter(kind="customer_invoice"):
        receipt = Receipt(f"slip {invoice.id}", "hand", 5, "USD", NOW)
        record_payment(partner_id=invoice.partner_id, receipt=receipt, pays=[(invoice.id, None)],
                       actor=PREPARER, now=NOW)  # fmt: skip


@pytest.fixture
def issued(database, partners):
    database.fill(issued_and_paid)
    database.login("settle")
    return partners


def test_final_rows_are_not_changed_deleted_or_emptied_even_by_the_owner(database, issued):
    for table in FINAL:
        for sql in (f"update {table} set partner_id = partner_id", f"delete from {table}",
                    f"truncate {table} cascade"):  # fmt: skip
            with database.psql("owner") as owner, pytest.raises(psycopg.errors.RestrictViolation):
                owner.execute(sql)


@pytest.mark.parametrize("login", ["settle", "recorder", "web"])
def test_the_runtime_logins_have_no_right_to_change_what_is_issued(database, issued, login):
    for table in ("billing_document", "billing_journalline", "billing_runinput",
                  "billing_ratedline"):  # fmt: skip
        for sql in (f"update {table} set partner_id = partner_id", f"delete from {table}",
                    f"truncate {table}"):  # fmt: skip
            with (database.psql(login) as runtime,
                  pytest.raises(psycopg.errors.InsufficientPrivilege)):  # fmt: skip
                runtime.execute(sql)


def test_the_orm_refuses_to_edit_what_is_issued(issued):
    document = Document.objects.filter(kind="customer_invoice").first()
    document.total_minor = 1

    with pytest.raises(ValueError, match="book a correction instead"):
        document.save()
    with pytest.raises(ValueError, match="can not be changed"):
        document.delete()
    with pytest.raises(ProgrammingError, match="permission denied"):
        Document.objects.update(total_minor=1)
    with pytest.raises(ProgrammingError, match="permission denied"):
        Document.objects.filter(pk=document.pk)._raw_delete("default")

    assert not Document.objects.filter(total_minor=1).exists()


@pytest.mark.parametrize("change", [
    "gross_minor = 0, net_minor = 0, share_minor = 0", "state = 'approved'", "approver = 'x'",
    "attempt = attempt + 1", "issued_at = null", "period_start = period_start - interval '1 hour'",
])  # fmt: skip
def test_an_issued_run_goes_forward_only(database, issued, change):
    with database.psql("owner") as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(f"update billing_settlementrun set {change}")


def test_a_number_series_only_counts_up(database, issued):
    with database.psql("owner") as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute("update billing_numberseries set last_number = last_number - 1")


def posting(partner, *lines: tuple[str, int, int]) -> None:
    """One entry with these (account, debit, credit) lines, in a transaction of its own."""
    run = SettlementRun.objects.filter(partner_id=partner.id).first()
    with transaction.atomic():
        entry = JournalEntry.objects.create(
            partner_id=partner.id, run=run, position=99, purpose="test",
            accounting_date=utc("2026-09-30").date(), created_at=NOW,
        )  # fmt: skip
        for position, (account, debit, credit) in enumerate(lines, 1):
            JournalLine.objects.create(
                partner_id=partner.id, entry=entry, position=position, account=account,
                currency="USD", debit_minor=debit, credit_minor=credit,
            )  # fmt: skip


@pytest.mark.parametrize(("lines", "why"), [
    ([("1100", 100, 0), ("4000", 0, 99)], "debit minus credit is USD 1"),
    ([("1100", 100, 0)], "debit minus credit is USD 100"),
    ([], "has no lines"),
    ([("1100", 100, 100)], "journal_line_debit_xor_credit"),
    ([("1100", -100, 0), ("4000", 0, -100)], "journal_line_debit_xor_credit"),
])  # fmt: skip
def test_an_uneven_journal_entry_is_refused_when_its_transaction_ends(issued, lines, why):
    before = JournalLine.objects.count()

    with pytest.raises(Exception, match=why):
        posting(issued.redis, *lines)

    assert JournalLine.objects.count() == before
    posting(issued.redis, ("1100", 100, 0), ("4000", 0, 60), ("2200", 0, 40))


def test_a_partners_role_sees_its_own_money_and_nothing_else(database, issued):
    database.login("web")
    for partner in issued:
        with in_partner(partner):
            for model in (Document, DocumentLine, DocumentEvent, RatedLine, RunInput):
                assert set(model.objects.values_list("partner_id", flat=True)) == {partner.id}
            assert Document.objects.count() == 2
            with pytest.raises(ProgrammingError, match="permission denied"):
                JournalLine.objects.count()
            with pytest.raises(ProgrammingError, match="row-level security"):
                DocumentEvent.objects.create(
                    partner_id=partner.id, document=Document.objects.first(), kind="paid",
                    amount_minor=1, actor=PREPARER, source_id="x", at=NOW,
                )  # fmt: skip
