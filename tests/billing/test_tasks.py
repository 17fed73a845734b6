"""The Celery doors: a real worker settles and issues; a task without its partner does not run."""

import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from billing import tasks
from billing.actions.review import reject_run
from billing.models import Document, SettlementRun
from tenants.accounts.models import User
from tenants.tasking import MissingPartner
from tests.billing.people import APPROVER, PREPARER
from tests.billing.world import NOW, hit, record, review, sign
from tests.conftest import own_valkey
from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def office(database, partners):
    for partner in partners:
        sign(partner, "revenue_share_platform")
        record(hit(partner, "2026-09-10", "acme", 50_005))
    for email in (PREPARER, APPROVER):
        User.objects.create_user(email, "a long password", role="finance_approver")
    return partners


@pytest.fixture
def environ(database, office):
    """This database, and a broker of this test's own."""
    broker = own_valkey("BROKER_URL")
    return database.environ(LOG_LEVEL="ERROR", AC_DB_LOGIN="settle", BROKER_URL=broker)


@pytest.fixture
def worker(environ):
    child = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "portal.celery", "worker", "-P", "solo",
         "--loglevel", "WARNING", "--without-gossip", "--without-mingle"],
        cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    yield child
    child.terminate()
    print(child.communicate(timeout=PATIENCE_S)[0])


def states() -> set[str]:
    return set(SettlementRun.objects.values_list("state", flat=True))


def wait_for(state: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while states() != {state}:
        assert time.monotonic() < until, f"still {states()} instead of {state}"
        time.sleep(0.2)


def manage(environ, *arguments: str) -> None:
    done = subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environ,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_worker_settles_and_issues_what_the_commands_queue(environ, worker, office):
    manage(environ, "settle", "2026-09", "--as", PREPARER)
    wait_for("in_review")

    manage(environ, "approve_run", "2026-09", "--as", APPROVER)
    wait_for("issued")

    assert Document.objects.count() == 4
    assert set(SettlementRun.objects.values_list("preparer", "approver")) == {(PREPARER, APPROVER)}


def test_a_task_without_its_partner_or_for_another_one_refuses(database, office):
    database.login("settle")
    run = review()["redis-labs-revenue-share-platform"]
    reject_run(run_id=run.id, actor=APPROVER, reason="again", now=NOW)

    with pytest.raises(MissingPartner, match="without partner_id"):
        tasks.settle_agreement(run_id=str(run.id))
    with pytest.raises(MissingPartner, match="another partner"):
        tasks.settle_agreement(partner_id=str(uuid.uuid4()), run_id=str(run.id))

    run.refresh_from_db()
    assert run.state == "collecting"
    assert tasks.settle_agreement(partner_id=str(run.partner_id), run_id=str(run.id)) == "in_review"
