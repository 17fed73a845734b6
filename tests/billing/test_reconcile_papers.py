"""Planted corruption of credit notes, disputes and books: each is found by its equation."""

import pytest

from billing import reconcile
from billing.actions import books, disputes
from billing.actions.credit import Credit
from billing.actions.seal import seal_journal, seal_ledgers
from billing.models import JournalSeal
from tenants.schema import in_console, in_partner
from tests.billing.credit import issue_credit_note
from tests.billing.people import APPROVER
from tests.billing.test_credit import LATER, OCTOBER, invoice
from tests.billing.two_people import write_off_invoice
from tests.billing.world import NOW, SEPTEMBER, fingerprint, settle

PLANTED = [
    ("carried item = its payable", "update billing_carrieditem set amount_minor = -1"
     " where kind = 'credit'"),
    ("carried item = its payable", "delete from billing_journalline where account = '2100'"
     " and entry_id in (select id from billing_journalentry where source like 'write-off%')"),
    ("carried item = its payable", "delete from billing_journalline where account = '2100'"
     " and entry_id in (select id from billing_journalentry where source like 'dispute%')"),
    ("carried item = the statement line", "update billing_documentline set amount_minor = 7"
     " where carried_id is not null"),
    ("carried item = the statement line", "update billing_documentline set carried_id = null"),
    ("credited = sum of credit notes", "delete from billing_documentevent where kind = 'credited'"),
    ("credited = sum of credit notes", "update billing_document"
     " set net_minor = -9999999, total_minor = -9999999 where kind = 'credit_note'"),
    ("written off = bad debt", "update billing_documentevent set amount_minor = 1"
     " where kind = 'uncollectible'"),
    ("disputes end once", "delete from billing_disputeentry where kind = 'said'"),
    ("disputes end once", "delete from billing_documentevent where kind = 'resolved'"),
    ("month closed before", "update billing_journalentry set accounting_date = '2026-09-05',"
     " created_at = '2027-01-01' where source like 'write-off%'"),
    ("accruals are reversed", "delete from billing_journalentry"
     " where purpose = 'accrual_reversal'"),
    ("as sealed", "update billing_journalline set account = '4300' where account = '4000'"),
    ("as sealed", "update billing_journalentry set description = 'other' where purpose = 'share'"),
    ("as sealed", "delete from billing_journalentry where purpose = 'bad_debt'"),
    ("as sealed", "update billing_journalseal set sha256 = repeat('0', 64) where step = 1"),
    ("as sealed", "delete from billing_sealedentry"),
    ("frozen input again", "update billing_settlementrun set result_sha256 = repeat('0', 64)"),
    ("frozen input again", "update billing_runinput set cached_requests = 5 where line_no = 1"),
    ("frozen input again", "update billing_ratedline set description = 'other' where line_no = 2"),
    ("frozen input again", "update billing_ratedline set steps = '[]' where steps <> '[]'"),
    ("frozen input again", "insert into billing_ratedline select (json_populate_record(l,"
     " json_build_object('id', gen_random_uuid(), 'key', 'k', 'line_no', 99, 'amount_minor', 0)))"
     ".* from billing_ratedline l where line_no = 1"),
    ("frozen input again", "update billing_customershare set base_minor = base_minor + 1,"
     " partner_minor = partner_minor + 1"),
    ("frozen input again", "delete from billing_customershare"
     " where id = (select id from billing_customershare order by id desc limit 1)"),
    ("final rows", "update billing_disputeentry set text = 'no' where kind = 'said'"),
    ("final rows", "delete from billing_dispute"),
    ("final rows", "update billing_creditrequest set approved_by = 'b@x.example'"),
    ("final rows", "update billing_financerequest set asked_by = 'b@x.example'"),
    ("final rows", "update billing_periodevent set actor = 'b@x.example'"),
    ("final rows", "update billing_carrieditem set created_at = created_at - interval '1 day'"),
    ("final rows", "delete from tenants_auditentry where verb = 'document.credit'"),
    ("final rows", "update tenants_auditentry set data = jsonb_set(data, '{sha256}', '\"0\"')"
     " where verb = 'ledger.sealed'"),
    ("invoice = its receivable", "delete from billing_journalline where account = '1100'"
     " and entry_id in (select id from billing_journalentry where source like 'credit%')"),
    ("numbers have no gap", "delete from billing_document where kind = 'credit_note'"),
]  # fmt: skip


def work(partners, database):
    """A month with a credit note, bad debt and an upheld dispute; the next one shows them."""
    redis = partners.redis
    books.close_month(period=SEPTEMBER, actor=APPROVER, now=NOW)
    settle()
    issue_credit_note(document_id=invoice(redis).id, actor=APPROVER, now=NOW,
                      credit=Credit("k", "why", net_minor=40_00))  # fmt: skip
    write_off_invoice(document_id=invoice(redis, "big").id, reason="gone", actor=APPROVER, now=NOW)
    statement = invoice(redis, "", "payout_statement")
    database.login("web")
    with in_partner(redis):
        opened = disputes.open_dispute(document_id=statement.id, position=1, text="more",
                                       actor="owner@redis.example", now=NOW)  # fmt: skip
    with in_console():
        disputes.uphold_dispute(dispute_id=opened.id, amount_minor=5_00, text="yes",
                                actor=APPROVER, now=NOW)  # fmt: skip
    database.login("settle")
    seal_journal(now=NOW)
    seal_ledgers(now=NOW)
    settle(OCTOBER, LATER)
    issue_credit_note(document_id=invoice(redis).id, actor=APPROVER, now=LATER,
                      credit=Credit("k2", "why", net_minor=1_00))  # fmt: skip
    seal_journal(now=LATER)


@pytest.fixture
def worked(world, database):
    work(world, database)
    return world


def found(name: str = "") -> list[str]:
    checks = [check for check in reconcile.CHECKS if name in check.name]
    assert checks, name
    return [str(breach) for check in checks for breach in check.run()]


def test_a_planted_corruption_is_found(database, worked):
    """One after the other in one database; what was changed is put back from a copy."""
    assert found() == []
    for name, sql in PLANTED:
        with database.psql() as boss:
            boss.execute("set session_replication_role = replica")
            table = sql.split()[1 if sql.startswith("update") else 2]
            boss.execute(f"create temporary table kept as table {table}")
            assert boss.execute(sql).rowcount > 0, sql

            assert found(name) != [], (name, sql)

            boss.execute(f"delete from {table}")
            boss.execute(f"insert into {table} select * from kept")
    assert found() == []


def test_sealing_covers_each_entry_once_and_chains(database, worked):
    first, second = JournalSeal.objects.all()
    assert second.previous_sha256 == first.sha256
    before = fingerprint(database)

    assert seal_journal(now=LATER) == 0

    assert fingerprint(database) == before
    with database.psql("settle") as settle_login, pytest.raises(Exception, match="permission"):
        settle_login.execute("update billing_journalseal set entries = 0")
