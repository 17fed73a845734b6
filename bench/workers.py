"""A month of several partners settled by two Celery workers, one of them killed in the middle.

    python -m bench.workers [--broker amqp://…] [--customers 300] [--json FILE]

Needs running servers (DATA_DIR; a throw-away one). Gives partners that are there a month of usage,
queues their runs through the broker (RabbitMQ, or Valkey when none is named), kills one worker as
soon as the first run is ready, and waits for the other to do the rest; what the broker does not
give out again the sweep finds, as in production. Aborts unless every run is settled once, with the
gross that plain SQL comes to.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

# isort: split — `bench.settlement` has set Django up
import psycopg
from django.conf import settings
from django.utils import timezone

from bench import report, settlement
from bench.checks import Untrue
from bench.throwaway import CUSTOMERS, address
from billing.actions.open_runs import settle_period
from billing.actions.settle import sweep_runs
from billing.models import SettlementRun
from portal import env
from portal.celery import app
from portal.gateways import broker
from tenants.models import Partner

PATIENCE_S = 900
SWEEP_EVERY_S = 60


def main() -> int:
    """Run and print; 0, 1 aborted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker", default=settings.BROKER_URL)
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--partners", type=int, default=4, help="at most so many")
    parser.add_argument("--json", default="")
    given = parser.parse_args()
    try:
        found = _run(given)
    except Untrue as error:
        print(f"ABORTED: {error}", file=sys.stderr)
        return 1
    print(report.facts(found))
    if given.json:
        report.write(Path(given.json), found)
    return 0


def _run(given: argparse.Namespace) -> report.Facts:
    partners = list(Partner.objects.filter(state="active").order_by("slug")[: given.partners])
    _usage(partners, given.customers)
    app.conf.update(broker_url=given.broker, broker_transport_options=broker.options(given.broker))
    settlement.login("SETTLE_DATABASE_URL")
    workers = [_worker(number, given.broker) for number in (1, 2)]
    try:
        begun = time.monotonic()
        opened = settle_period(period=settlement.LARGE, actor=settlement.MAKER, now=timezone.now())
        if len(opened.runs) != len(partners):
            raise Untrue(f"{len(opened.runs)} runs of {len(partners)}: {opened.refused}")
        _await(lambda states: states.get("in_review", 0) >= 1)
        os.killpg(workers[0].pid, signal.SIGKILL)
        left = len(partners) - _states().get("in_review", 0)
        _await(lambda states: states.get("in_review", 0) == len(partners))
        seconds = time.monotonic() - begun
    finally:
        for one in workers:
            one.terminate()
        for one in workers:
            one.wait(60)
    _check(partners)
    return {
        "broker": given.broker.partition(":")[0], "partners": len(partners),
        "customers each": given.customers, "unfinished when one was killed": left,
        "seconds until all were ready": round(seconds, 1), **report.surroundings(),
    }  # fmt: skip


def _usage(partners: list[Partner], customers: int) -> None:
    month = settlement.LARGE
    for number, partner in enumerate(partners):
        settlement.agree(partner, month.start, code=f"bench-{number}")
        with psycopg.connect(address("SUPERUSER_DATABASE_URL"), autocommit=True) as boss:
            boss.execute(f'SET search_path TO "{partner.schema_name}", public')
            boss.execute(CUSTOMERS, {"start": month.start, "customers": customers})
            boss.execute(settlement.ROLLUPS, {
                "start": month.start, "customers": customers, "hours": settlement.HOURS,
                "models": settlement.MODELS,
            })  # fmt: skip


def _worker(number: int, url: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "celery", "-A", "portal.celery", "worker", "--concurrency=1",
            f"--hostname=w{number}@bench", "--loglevel=WARNING", "--without-gossip"]  # fmt: skip
    environ = {**os.environ, "AC_DB_LOGIN": "settle", "BROKER_URL": url}
    return subprocess.Popen(argv, cwd=env.BASE_DIR, env=environ, start_new_session=True)


def _states() -> dict[str, int]:
    states: dict[str, int] = {}
    for state in SettlementRun.objects.values_list("state", flat=True):
        states[state] = states.get(state, 0) + 1
    return states


def _await(is_so: Any) -> None:
    ends, sweep_at = time.monotonic() + PATIENCE_S, time.monotonic() + SWEEP_EVERY_S
    while not is_so(states := _states()):
        if time.monotonic() > ends:
            raise Untrue(f"not done in {PATIENCE_S} s: {states}")
        if time.monotonic() > sweep_at:
            sweep_runs(now=timezone.now())
            sweep_at = time.monotonic() + SWEEP_EVERY_S
        time.sleep(0.2)


def _check(partners: list[Partner]) -> None:
    for partner in partners:
        runs = SettlementRun.objects.filter(partner_id=partner.id)
        if [run.state for run in runs] != ["in_review"]:
            raise Untrue(f"{partner.slug}: {[run.state for run in runs]}")
        with psycopg.connect(address("SUPERUSER_DATABASE_URL")) as boss:
            boss.execute(f'SET search_path TO "{partner.schema_name}", public')
            month = settlement.LARGE
            (bare,) = boss.execute(settlement.GROSS, [month.start, month.end]).fetchone() or (0,)
        if runs[0].gross_minor != bare:
            raise Untrue(f"{partner.slug}: {runs[0].gross_minor} settled, {bare} by plain SQL")


if __name__ == "__main__":
    sys.exit(main())
