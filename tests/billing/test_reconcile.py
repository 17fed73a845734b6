"""Each planted corruption is found by the equation that it breaks, and by nothing else named."""

import pytest

from billing import reconcile
from tests.billing.test_reconcile_papers import PLANTED as PAPERS
from tests.billing.world import hit, record, settle, sign

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
    ("frozen quantities", "update usage_event set quantity = quantity + 1"),
    ("frozen quantities", "delete from usage_event"),
    ("frozen quantities", "update billing_runinput set bytes_served = bytes_served + 1"),
    ("frozen quantities", "delete from billing_runinput"),
]  # fmt: skip


@pytest.fixture
def issued(database, partners):
    for partner in partners:
        sign(partner, "revenue_share_platform")
        record(hit(partner, "2026-09-10", "acme", 50_005, bytes=1_300),
               hit(partner, "2026-09-10", "big", 700))  # fmt: skip
    database.login("settle")
    settle()
    return partners


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
    names = {check.name for check in reconcile.CHECKS}

    unplanted = {
        name for name in names if not any(part in name for part, _sql in [*PLANTED, *PAPERS])
    }

    assert unplanted == guarded
