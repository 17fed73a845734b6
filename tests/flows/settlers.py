"""`python -m tests.flows.settlers 2026-09 FOLDER`: eight processes settle a month, some get killed.

The test's triggers put whoever reaches a kill point first to sleep inside its transaction. This
program looks for the sleeper, kills its process with SIGKILL, puts a new one in its place, and
prints one line a kill. It ends when every run is closed; mails lie in FOLDER.
"""

# ruff: noqa: E402 - Django is set up before anything of it is imported.
import os
import signal
import sys
import time

import django

django.setup()

import psycopg
from django.conf import settings
from django.db import connection
from django.utils.timezone import now

from billing.actions.deliver import close_finished_runs, deliver_documents
from billing.actions.disputes import accept_statement
from billing.actions.open_runs import settle_period
from billing.actions.payments import Receipt, record_payment
from billing.actions.review import approve_period
from billing.actions.settle import issue_approved, settle_run
from billing.models import Document, SettlementRun
from billing.rules.drafts import PAYOUT_STATEMENT
from billing.rules.errors import BillingError
from billing.rules.periods import Period, parse_month
from tests.billing.people import APPROVER, PREPARER

PROCESSES = 8
PATIENCE_S = 150
SLEEPERS = """
SELECT application_name, query FROM pg_stat_activity
WHERE wait_event = 'PgSleep' AND application_name LIKE 'settler %'
"""


def settle(period: Period) -> None:
    """What eight people and workers do at once, until it is done: begin, settle, approve, issue,
    mail, pay, accept, close."""
    runs = SettlementRun.objects.filter(period_start=period.start)
    while True:
        try:
            for run in settle_period(period=period, actor=PREPARER, now=now()).runs:
                settle_run(run_id=run.id, partner_id=run.partner_id, now=now())
            approve_period(period=period, actor=APPROVER, now=now())
        except BillingError:
            pass  # somebody else was faster
        for run in runs:
            issue_approved(run_id=run.id, partner_id=run.partner_id, now=now())
        if not runs.filter(issued_at=None).exists():
            break
    while runs.exclude(state="closed").exists():
        deliver_documents(now=now())
        answer_documents()
        close_finished_runs(now=now())


def answer_documents() -> None:
    """The partners accept their statements, the customers pay: the same money, said eight times."""
    for paper in Document.objects.order_by("id"):
        if paper.kind == PAYOUT_STATEMENT:
            accept_statement(document_id=paper.id, actor="owner", now=now())
            continue
        receipt = Receipt(f"bank {paper.number}", "bank", paper.total_minor, paper.currency,
                          paper.issued_at)  # fmt: skip
        record_payment(partner_id=paper.partner_id, receipt=receipt, pays=[(paper.id, None)],
                       actor=PREPARER, now=now())  # fmt: skip


def spawn(period: Period) -> int:
    """A process of its own; returns its pid."""
    pid = os.fork()
    if pid:
        return pid
    os.environ["PGAPPNAME"] = f"settler {os.getpid()}"
    # A killed client is noticed at once, as on a server whose operator wants locks back.
    connection.settings_dict["OPTIONS"]["options"] += " -c client_connection_check_interval=50"
    code = 1
    try:
        settle(period)
        code = 0
    finally:
        os._exit(code)


def reap(alive: set[int]) -> None:
    """Take away who has ended; a failure of its own ends the program."""
    for pid in list(alive):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            alive.discard(pid)
            if os.waitstatus_to_exitcode(status) != 0:
                raise SystemExit(f"settler {pid} failed by itself: {status}")


def main(label: str) -> None:
    """Start the eight, kill whoever sleeps, wait for the rest."""
    period, until = parse_month(label), time.monotonic() + PATIENCE_S
    alive = {spawn(period) for _ in range(PROCESSES)}
    with psycopg.connect(os.environ["SUPERUSER_DATABASE_URL"], autocommit=True) as watch:
        while alive:
            if time.monotonic() > until:
                for pid in alive:
                    os.kill(pid, signal.SIGKILL)
                raise SystemExit(f"not settled within {PATIENCE_S} s")
            for name, _query in watch.execute(SLEEPERS).fetchall():
                pid = int(name.removeprefix("settler "))
                if pid in alive:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                    alive.discard(pid)
                    alive.add(spawn(period))
                    print(f"killed {pid}", flush=True)
            reap(alive)
            time.sleep(0.02)


if __name__ == "__main__":
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = sys.argv[2]
    main(sys.argv[1])
