"""`settle` and `approve_run` as a person types them: real processes, plain refusals."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from billing.models import (
    Document,
    FinanceRequest,
    FxRate,
    RunSnapshot,
    SettlementRun,
    TaxRate,
    TaxStatus,
)
from manage import LOGIN_BY_COMMAND
from tenants.accounts.models import User
from tests.billing.people import APPROVER, PREPARER
from tests.billing.world import hit, record, sign
from tests.conftest import two_partners

ROOT = Path(__file__).resolve().parents[2]
AUDITOR = "audit@agentcache.example"


def staffed(_database):
    """Two partners with usage in September 2026, three platform people."""
    for partner in two_partners():
        sign(partner, "revenue_share_platform")
        record(hit(partner, "2026-09-10", "acme", 50_005))
    for email, role in ((PREPARER, "finance_approver"), (APPROVER, "finance_approver"),
                        (AUDITOR, "auditor")):  # fmt: skip
        User.objects.create_user(email, "a long password", role=role)


@pytest.fixture
def office(database):
    database.fill(staffed)
    return database


def call(database, command, *arguments: str) -> None:
    """The command in this process, as its login: what it refuses is a CommandError."""
    database.login(LOGIN_BY_COMMAND.get(command, "web"))
    try:
        call_command(command, *arguments)
    finally:
        database.login("owner")


def run(database, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, capture_output=True, text=True,
        env=database.environ(LOG_LEVEL="ERROR"), check=False,
    )  # fmt: skip


def test_a_month_from_preview_to_issued_documents(office):
    preview = run(office, "settle", "2026-09", "--as", PREPARER, "--preview")
    assert SettlementRun.objects.count() == 0
    settled = run(office, "settle", "2026-09", "--as", PREPARER.upper(), "--wait")
    own = run(office, "approve_run", "2026-09", "--as", PREPARER)
    approved = run(office, "approve_run", "2026-09", "--as", APPROVER, "--wait")
    with pytest.raises(CommandError, match="2026-09 is settled"):
        call(office, "settle", "2026-09", "--as", PREPARER, "--wait")

    assert "redis-labs-revenue-share-platform: preview  gross $100.01  net $70.01  share $30.00" \
        in preview.stdout  # fmt: skip
    assert f"in_review  gross $100.01  net $70.01  share $30.00  shadow $0.00  prepared by " \
        f"{PREPARER}" in settled.stdout  # fmt: skip
    assert (own.returncode, "Ask a second person" in own.stderr) == (1, True)
    assert sorted(approved.stdout.splitlines()) == [
        "pinecone-revenue-share-platform: issued", "redis-labs-revenue-share-platform: issued",
    ]  # fmt: skip
    assert Document.objects.count() == 4


@pytest.mark.parametrize(("arguments", "why"), [
    (["2026-13", "--as", PREPARER], "is not a month"),
    (["2031-01", "--as", PREPARER], "has not ended"),
    (["2025-01", "--as", PREPARER], "nothing to settle"),
    (["2026-09", "--as", "nobody@agentcache.example"], "No active platform person"),
    (["2026-09", "--as", AUDITOR], "which lacks the permission runs.prepare"),
])  # fmt: skip
def test_a_wrong_request_is_refused_in_plain_words_and_leaves_nothing(office, arguments, why):
    with pytest.raises(CommandError, match=why):
        call(office, "settle", *arguments)

    assert SettlementRun.objects.count() == 0


def test_reconcile_refuses_a_word_that_names_no_equation(office, capsys):
    with pytest.raises(CommandError, match="nothing was checked"):
        call(office, "reconcile", "--only", "jornal")

    call(office, "reconcile", "--only", "journal entries")
    assert "1 of 1 equations hold" in capsys.readouterr().out


def test_four_processes_at_once_make_one_run_each_agreement(office):
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(
            lambda _: run(office, "settle", "2026-09", "--as", PREPARER, "--wait"), range(4)
        ))  # fmt: skip

    assert [one.returncode for one in done] == [0] * 4, [one.stderr for one in done]
    assert list(SettlementRun.objects.values_list("state", "attempt")) == [("in_review", 1)] * 2
    assert RunSnapshot.objects.count() == 2


def test_finance_enters_rates_and_tax_status(office):
    def enter(words):
        call(office, "enter_rates", "--as", PREPARER, *words.split())

    first = run(office, "enter_rates", "--as", PREPARER, "fx", "2026-09-30", "USD", "EUR", "0.92")
    enter("tax GB VAT 20 --from 2026-01-01")
    enter("status redis-labs standard --customer acme --country GB --from 2026-01-01")
    with pytest.raises(CommandError, match="has no customer 'nobody'"):
        enter("status redis-labs standard --customer nobody --country GB --from 2026-01-01")
    with pytest.raises(CommandError, match="much"):
        enter("fx 2026-09-30 USD EUR much")

    assert first.returncode == 0, first.stderr
    waiting = FinanceRequest.objects.filter(approved_by="")
    asked = list(waiting.values_list("id", flat=True))
    with pytest.raises(CommandError, match="cannot approve it"):
        call(office, "enter_rates", "--as", PREPARER, "approve", str(asked[0]))
    listed = run(office, "enter_rates", "--as", PREPARER, "waiting").stdout
    assert f"{asked[0]} fx_rate: base USD, day 2026-09-30, quote EUR, rate 0.92;" in listed
    assert not TaxStatus.objects.exists()
    for one in asked:
        call(office, "enter_rates", "--as", APPROVER, "approve", str(one))
    assert (FxRate.objects.count(), TaxRate.objects.count()) == (1, 1)
    assert TaxStatus.objects.get().entered_by == PREPARER
