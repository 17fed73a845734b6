"""Each planted corruption is found by the equation that it breaks, and by nothing else named."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, models, transaction

from billing import reconcile
from billing.actions.payments import Receipt, record_payment
from billing.actions.payout_details import ask_payout_details, decide_payout_details
from billing.actions.payouts import approve_payouts, prepare_payouts, send_payout
from billing.actions.seal import seal_ledgers
from billing.gateways import ledgers
from billing.gateways.postgres import rows
from billing.models import Document, DocumentLine
from billing.queries.seals import head_of_seals, seal_ids
from billing.rules.ledgers import LEDGERS, VERB
from tenants import audit
from tenants.models import AuditEntry
from tests.billing.people import APPROVER, PREPARER
from tests.billing.test_reconcile_papers import PLANTED as PAPERS
from tests.billing.world import NOW, hit, record, settle, sign
from tests.conftest import two_partners

PLANTED = [
    ("gross = sum of its rated lines",
     "update billing_ratedline set amount_minor = amount_minor + 1"
     " where payer = 'customer' and line_no = 1"),
    ("share = sum of its customers' splits",
     "update billing_customershare set delta_partner_minor = delta_partner_minor - 1"),
    ("split: base", "update billing_customershare set platform_minor = platform_minor + 1"),
    ("document: total", "delete from billing_documentline where amount_minor <> 0"),
    ("document: bytes", "update billing_document set canonical = canonical || ' '::bytea"),
    ("document: bytes", "update billing_document set sha256 = repeat('0', 64)"),
    ("invoice = its receivable", "delete from billing_journalline where account = '1100'"),
    ("statement = its payable", "delete from billing_journalline where account = '2100'"),
    ("journal entries balance", "update billing_journalline set debit_minor = debit_minor + 1"
     " where debit_minor > 0"),
    ("numbers have no gap", "update billing_document set sequence_no = 77 where sequence_no = 2"),
    ("numbers have no gap", "update billing_numberseries set last_number = last_number + 1"),
    ("rated quantity", "update billing_ratedline set quantity = quantity + 1"
     " where meter = 'cached_requests'"),
    ("opening balance", "update billing_document set statement ="
     " jsonb_set(statement, '{opening_minor}', '5') where statement is not null"),
    ("payment = its booking", "update billing_payment set amount_minor = amount_minor + 1"),
    ("payment = its booking", "delete from billing_journalentry where purpose = 'payment'"),
    ("payment = its booking", "update billing_paymentapplication set amount_minor = 999999"),
    ("what pays an invoice", "delete from billing_documentevent where kind = 'paid'"),
    ("what pays an invoice", "delete from billing_journalentry where purpose = 'application'"),
    ("payout = what", "update billing_payoutclaim set amount_minor = amount_minor - 1"),
    ("payout = what", "update billing_payoutclaim set released_at = now()"),
    ("payouts = payable", "update billing_payout set state = 'settled'"),
    ("payouts = payable", "delete from billing_journalentry where purpose = 'payout sent'"),
    ("published prices", "update billing_rate set price = 0.001,"
     " definition = jsonb_set(definition, '{unit_price}', '\"0.001\"') where key = 'cached'"),
    ("published prices", "update billing_ratecardversion set valid_to = '2030-01-01Z'"),
    ("published prices", "delete from billing_financerequest"),
    ("frozen quantities", "update usage_event set quantity = quantity + 1"),
    ("frozen quantities", "delete from usage_event"),
    ("frozen quantities", "update billing_runinput set bytes_served = bytes_served + 1"),
    ("frozen quantities", "delete from billing_runinput"),
    ("final rows", "update billing_runevent set actor = 'eve@x.example' where state = 'approved'"),
]  # fmt: skip


def issued_and_moving(_database):
    """As the owner: the partner's own role, the console and settlement in turn."""
    for partner in two_partners():
        sign(partner, "revenue_share_platform")
        record(hit(partner, "2026-09-10", "acme", 50_005, bytes=1_300),
               hit(partner, "2026-09-10", "big", 700))  # fmt: skip
    settle()
    move_money()
    seal_ledgers(now=NOW)


@pytest.fixture
def issued(database, partners):
    database.fill(issued_and_moving)
    return partners


def move_money() -> None:
    """Every invoice of acme is paid in part, and the partners' shares are on their way."""
    for invoice in Document.objects.filter(customer_external_id="acme"):
        receipt = Receipt(f"slip {invoice.id}", "hand", 5_00, "USD", NOW)
        record_payment(partner_id=invoice.partner_id, receipt=receipt, pays=[(invoice.id, 4_00)],
                       actor=PREPARER, now=NOW)  # fmt: skip
    for partner in two_partners():
        details = ask_payout_details(
            partner_id=partner.id, kind="bank", holder=partner.name, bic="", kek=settings.KEK,
            account="DE89370400440532013000", actor="a@x.example", now=NOW,
        )  # fmt: skip
        decide_payout_details(details_id=details.id, partner_id=partner.id, approve=True, now=NOW,
                              actor="b@x.example", hold=timedelta(0))  # fmt: skip
    payouts = prepare_payouts(actor=PREPARER, now=NOW).payouts
    approve_payouts(payout_ids=[one.id for one in payouts], actor=APPROVER, now=NOW)
    for payout in payouts:
        send_payout(payout_id=payout.id, remote_id="order", actor=APPROVER, now=NOW)


def found() -> set[str]:
    return {breach.check for check in reconcile.CHECKS for breach in check.run()}


@pytest.mark.parametrize(("name", "sql"), PLANTED)
def test_a_planted_corruption_is_found(database, issued, name, sql):
    assert found() == set()

    with database.psql() as boss:
        boss.execute("set session_replication_role = replica")
        boss.execute(sql)

    assert any(name in check for check in found())


def test_every_equation_is_planted_or_guarded_by_a_constraint():
    guarded = {"run: gross = net + share + tax + fees", "agreement terms have no hole"}
    elsewhere = {"what a chargeback moved = its booking and its event"}  # test_chargebacks.py
    names = {check.name for check in reconcile.CHECKS}

    unplanted = {
        name for name in names if not any(part in name for part, _sql in [*PLANTED, *PAPERS])
    }

    assert unplanted == guarded | elsewhere


# --- a value in an issued document, changed by whoever owns the table ---

OTHER = {
    models.DateTimeField: "{0} - interval '1 hour'",  # before what it is a kind of
    models.JSONField: "'[1]'", models.TextField: "{0} || 'x'",
    models.CharField: "overlay({0} placing '#' from 1)", models.DateField: "{0} + 1",
    models.DecimalField: "coalesce({0}, 0) + 1",
    models.UUIDField: "gen_random_uuid()", models.BooleanField: "not {0}",
    models.BinaryField: "{0} || 'x'",
}  # fmt: skip
# What only points somewhere: keys, and the order of a run's papers.
POINTERS = {"id", "run_id", "corrects_id", "document_id", "rated_line_id", "carried_id",
            "customer_id"}  # fmt: skip
VALUES = [
    (model, field) for model in (Document, DocumentLine) for field in model._meta.concrete_fields
    if field.attname not in POINTERS and (model, field.attname) != (Document, "position")
]  # fmt: skip


def changed_by_the_owner(model, field) -> list[str]:
    """What the equations of documents say once one row's value is another; it is undone then."""
    table, column = model._meta.db_table, field.column
    other = next((sql for kind, sql in OTHER.items() if isinstance(field, kind)),
                 "{0} + 1").format(column)  # fmt: skip
    checks = [one for one in reconcile.CHECKS if one.name.startswith("document")]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"alter table {table} disable trigger user")
        try:
            with transaction.atomic():
                cursor.execute(f"update {table} set {column} = {other} where id ="
                               f" (select max(id::text) from {table})::uuid")  # fmt: skip
        except IntegrityError as refused:
            told = [f"refused: {refused}"]
        else:
            assert cursor.rowcount == 1
            told = [str(breach) for check in checks for breach in check.run()]
        transaction.set_rollback(True)
    return told


def test_each_value_of_an_issued_document_that_the_owner_changes_is_found(database, issued, capsys):
    database.login("owner")
    assert len(VALUES) > 35
    assert {
        (model.__name__, field.column) for model, field in VALUES
        if not changed_by_the_owner(model, field)
    } == set()  # fmt: skip
    paper = Document.objects.filter(kind="customer_invoice").first()

    with database.psql("owner") as owner:
        owner.execute("alter table billing_document disable trigger user")
        owner.execute("update billing_document set due_date = due_date + 1 where id = %s",
                      [paper.id])  # fmt: skip
        owner.execute("alter table billing_document enable trigger user")
    with pytest.raises(SystemExit, match="1"):
        call_command("reconcile", "--only", "document: bytes")

    said = capsys.readouterr().out
    assert f"{paper.number} of {paper.issuer}: the bytes and the columns differ" in said
    assert said.count("differ") == 1


# --- a value of any other final row, and rows and papers that vanish ---

FILLED = {
    "billing_agreementversion", "billing_chargecomponent", "billing_document",
    "billing_documentevent", "billing_financerequest", "billing_payment",
    "billing_paymentapplication", "billing_payout", "billing_payoutclaim", "billing_payoutdetails",
    "billing_payoutdetailsdecision", "billing_payoutevent", "billing_rate",
    "billing_ratecardversion", "billing_runevent", "billing_runsnapshot", "billing_settlementrun",
    "tenants_auditentry",
}  # fmt: skip


def sealed_columns(table):
    """(column, SQL of another value) of each that a seal covers."""
    (model,) = [one for one in apps.get_models() if one._meta.db_table == table]
    for field in model._meta.concrete_fields:
        if field.column in ledgers.columns_of(table):
            kind = field.target_field if field.remote_field else field
            sql = next((sql for of, sql in OTHER.items() if isinstance(kind, of)), "{0} + 1")
            yield field.column, sql.format(f'"{field.column}"')


def tampered(statement, tables=LEDGERS) -> list[str] | None:
    """What is found after a statement that no trigger sees; None where it does nothing."""
    made, told = seal_ids(), None
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        try:
            with transaction.atomic():
                cursor.execute(statement)
        except IntegrityError:
            return None  # by a constraint, which nobody can switch off
        if cursor.rowcount:
            told = [said for table in tables for _, said in ledgers.unlike_sealed(table, made)]
        transaction.set_rollback(True)
    return told


def test_each_value_of_a_final_row_that_the_owner_changes_is_found_by_name(database, issued):
    """And each row that is taken away: of the newest row of every table, one after the other."""
    database.login("superuser")
    assert reconcile.sealed_rows().run() == []
    unseen, tried = [], dict.fromkeys(LEDGERS, 0)
    for table, ledger in LEDGERS.items():
        final = f"select id from {table} where {ledger.when} order by id desc limit 1"
        row = next(iter(rows(final)), None)
        if row is None:
            continue
        this = f"{table} {row[0]} "
        for column, other in sealed_columns(table):
            told = tampered(f'update {table} set "{column}" = {other} where id = \'{row[0]}\''
                            f' and "{column}" is not null', [table])  # fmt: skip
            tried[table] += told is not None
            unseen += [(table, column)] * (told is not None and this not in "".join(told))
        told = tampered(f"delete from {table} where id = '{row[0]}'", [table])
        assert told == [f"{this}has vanished"]

    assert unseen == []
    assert {table for table, columns in tried.items() if columns > 3} >= FILLED
    assert sum(tried.values()) > 120


def test_a_whole_paper_that_vanishes_with_all_that_names_it_is_found(database, issued):
    """The last of its series, and the counter set back: nothing else would miss it."""
    database.login("superuser")
    note = Document.objects.filter(kind="customer_invoice").order_by("sequence_no").last()
    parts = [f"delete from {table} where document_id = '{note.id}'" for table in (
        "billing_documentline", "billing_documentevent", "billing_renderedfile",
    )]  # fmt: skip
    told = tampered("; ".join([
        *parts, f"update billing_numberseries set last_number = last_number - 1"
        f" where (issuer, series, year) = ('{note.issuer}', '{note.series}', {note.year})",
        f"delete from billing_document where id = '{note.id}'",
    ]))  # fmt: skip
    assert f"billing_document {note.id} has vanished" in told


def test_rows_that_vanish_with_their_seal_are_found_by_whoever_noted_it(database, issued, capsys):
    """The end of the chain cut off, in the log of the owner's own doings."""
    database.login("settle")
    before = head_of_seals()
    audit.record(actor="eve@x.example", verb="payout.sent", target="mine", at=NOW)
    head = seal_ledgers(now=NOW)
    assert head.startswith("2:") and seal_ledgers(now=NOW) == head != before
    call_command("reconcile", "--only", "final rows", "--noted", before, head)
    assert f"newest seal: {head}" in capsys.readouterr().out

    with database.psql() as boss:
        boss.execute("set session_replication_role = replica")
        boss.execute("delete from tenants_auditentry where target in ('mine', 'seal 2')")
    call_command("reconcile", "--only", "final rows", "--noted", before)
    with pytest.raises(SystemExit, match="1"):
        call_command("reconcile", "--only", "final rows", "--noted", before, head)

    assert "seal 2 was noted and is gone" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no STEP:HASH"):
        call_command("reconcile", "--noted", "2:abc")
    assert AuditEntry.objects.filter(verb=VERB).count() == 1
