"""P6, P7: settling one agreement's month, beside the bare SQL GROUP BY of the same rows.

    python -m bench.settlement [--customers 1000] [--hours 720] [--rounds 5] [--json FILE]

Needs running servers (DATA_DIR) and an opened partner. Fills that partner's hourly rollups (the
first hours of a month of 30 days, 5 models; fewer hours for more customers: memory does not see
them) for a tenth of the customers and then for all, settles both as ac_settle, and aborts
unless the settled gross is what plain SQL comes to. The data stay: use a throw-away DATA_DIR.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("AC_DB_LOGIN", "settle")

import django

django.setup()

import psycopg  # noqa: E402
from django.db import connection  # noqa: E402

from bench import report, throwaway  # noqa: E402
from bench.checks import Untrue  # noqa: E402
from bench.throwaway import (  # noqa: E402
    CHECKER,
    CUSTOMERS,
    MAKER,
    address,
    backend_cpu_s,
)
from billing.actions.agreements import sign_agreement  # noqa: E402
from billing.actions.open_runs import open_run  # noqa: E402
from billing.actions.rate_cards import create_rate_card  # noqa: E402
from billing.actions.review import approve_runs, reject_run  # noqa: E402
from billing.actions.settle import issue_approved, settle_run  # noqa: E402
from billing.models import Agreement, SettlementRun  # noqa: E402
from billing.rules.periods import Period, parse_month  # noqa: E402
from tenants.models import Partner  # noqa: E402
from tenants.schema import in_partner  # noqa: E402


class Cost(NamedTuple):
    """What some work took: seconds by the clock, and of CPU in this process and its Postgres."""

    wall_s: float
    cpu_s: float


MODELS, HOURS, PRICE = 5, 720, "0.002"
SMALL, LARGE = parse_month("2026-04"), parse_month("2026-06")  # both have 30 days

ROLLUPS = """
INSERT INTO cache_api_rolluphour (bucket_at, customer_id, livemode, kind, outcome, provider, model,
    region, events, quantity, tokens_in, tokens_out, bytes, byte_seconds, cost_saved_micros,
    latency_us_sum)
SELECT %(start)s + h * interval '1 hour', c.id, true, 'lookup', 'hit', 'openai', 'model-' || m,
    'eu', 10, 10 + (h * m) %% 7, 900, 300, 20000, 0, 1500, 90000
FROM (SELECT id FROM cache_api_customer ORDER BY external_id LIMIT %(customers)s) c,
    generate_series(0, %(hours)s - 1) h, generate_series(1, %(models)s) m
"""
# The same sums over the same rows, and nothing else.
BARE = """
SELECT customer_id, model, sum(quantity), sum(bytes), sum(byte_seconds),
    sum(tokens_in + tokens_out), sum(cost_saved_micros)
FROM cache_api_rolluphour WHERE livemode AND bucket_at >= %s AND bucket_at < %s
GROUP BY customer_id, model ORDER BY customer_id, model
"""
# Each customer pays its requests, rounded to the cent, and its GB, rounded to the cent.
GROSS = """
SELECT sum(round(requests * 0.2) + round(bytes / 1e9 * 2))::bigint FROM (
    SELECT sum(quantity) AS requests, sum(bytes) AS bytes
    FROM cache_api_rolluphour WHERE bucket_at >= %s AND bucket_at < %s GROUP BY customer_id) sums
"""


def main() -> int:
    """Measure and print; 0, 1 aborted, 2 nothing to measure with."""
    options = _options()
    if options.alone:
        print(json.dumps(_settled_alone(parse_month(options.alone))))
        return 0
    partner = Partner.objects.order_by("slug").first()
    if partner is None:
        print("open a partner first (manage.py open_partner, provision --once)")
        return 2
    try:
        _prepare(partner, options.customers, options.hours)
        sizes = {options.customers // 10: SMALL, options.customers: LARGE}
        rows = [_measured(partner, count, month, options) for count, month in sizes.items()]
    except Untrue as error:
        print(f"ABORTED: {error}", file=sys.stderr)
        return 1
    result = _result(rows)
    show(result)
    if options.json:
        report.write(Path(options.json), result)
    return 0


def show(result: report.Facts) -> None:
    """Print the table and the bars."""
    print(report.table(result["rows"]))
    print(report.table(result["bars"]))
    print(report.facts(result["surroundings"]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--hours", type=int, default=HOURS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", default="")
    parser.add_argument("--alone", default="", help="YYYY-MM, for this benchmark itself")
    return parser.parse_args()


def login(name: str) -> None:
    """Connect Django as another login of the throw-away servers."""
    throwaway.login(name)
    with connection.cursor() as cursor:  # one process each, so that its CPU time is all of it
        cursor.execute("SET max_parallel_workers_per_gather = 0")


def agree(partner: Partner, now: datetime, code: str = "bench") -> None:
    """Prices and terms from `now` on: $0.002 a cached request, $0.02 a GB, a share of it."""
    login("SUPERUSER_DATABASE_URL")
    card = create_rate_card(
        code=code, name="Bench", currency="USD", valid_from=now, actor=MAKER,
        approved_by=CHECKER, now=now,
        rates=[{"key": "cached", "meter": "cached_requests", "mode": "per_unit",
                "unit_price": PRICE},
               {"key": "served", "meter": "gb_served", "mode": "per_unit", "unit_price": "0.02"}],
    )  # fmt: skip
    sign_agreement(
        partner_id=partner.id, template="revenue_share_platform", starts_at=now, now=now,
        created_by=MAKER, approved_by=CHECKER, retail_card_id=card.id,
    )  # fmt: skip


def _prepare(partner: Partner, customers: int, hours: int) -> None:
    """The rows of two months: a tenth of the customers, and all of them."""
    agree(partner, SMALL.start)
    with psycopg.connect(address("SUPERUSER_DATABASE_URL"), autocommit=True) as boss:
        boss.execute(f'SET search_path TO "{partner.schema_name}", public')
        boss.execute(CUSTOMERS, {"start": SMALL.start, "customers": customers})
        for count, month in ((customers // 10, SMALL), (customers, LARGE)):
            boss.execute(ROLLUPS, {"start": month.start, "customers": count, "hours": hours,
                                   "models": MODELS})  # fmt: skip
        boss.execute("VACUUM ANALYZE cache_api_rolluphour")
    login("SETTLE_DATABASE_URL")


def _measured(
    partner: Partner, customers: int, month: Period, options: argparse.Namespace
) -> dict[str, Any]:
    """One size: bare and settled in turn, then issued once. Raises Untrue for another gross."""
    agreement_id = partner_agreement(partner)
    bare: list[Cost] = []
    settled: list[Cost] = []
    for _ in range(options.rounds):
        bare.append(_timed(lambda: _sql(partner, BARE, month)))
        settled.append(_timed(lambda: settle(agreement_id, month, month.end)))
    alone = _alone(month)
    run = SettlementRun.objects.get(agreement_id=agreement_id, period_start=month.start)
    [(gross,)] = _sql(partner, GROSS, month)
    if (run.state, run.gross_minor) != ("issued", gross):
        raise Untrue(f"{run.state} {run.reason}: {run.gross_minor}, plain SQL has {gross}")
    pairs = list(zip(settled, bare, strict=True))
    walls = [mine.wall_s / theirs.wall_s for mine, theirs in pairs]
    cpus = [mine.cpu_s / theirs.cpu_s for mine, theirs in pairs]
    return {
        "customers": customers, "rollup rows": customers * options.hours * MODELS,
        "GROUP BY s": round(median(one.wall_s for one in bare), 2),
        "settled s": round(median(one.wall_s for one in settled), 2),
        "×": round(median(walls), 2), "× range": f"{min(walls):.2f}–{max(walls):.2f}",
        "GROUP BY CPU s": round(median(one.cpu_s for one in bare), 2),
        "settled CPU s": round(median(one.cpu_s for one in settled), 2),
        "CPU ×": round(median(cpus), 2), "CPU × range": f"{min(cpus):.2f}–{max(cpus):.2f}",
        "issued CPU s": alone["issued_cpu_s"], "documents": run.documents.count(),
        "idle MB": alone["idle_mb"], "peak MB": alone["peak_mb"],
    }  # fmt: skip


def _alone(month: Period) -> dict[str, Any]:
    """The month settled and issued once more by a process that does nothing else: its memory.

    This one also holds the rows of the bare sums.
    """
    argv = [sys.executable, "-m", "bench.settlement", f"--alone={month.label}"]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Untrue(f"{month.label} was not settled and issued alone (see above)")
    return dict(json.loads(done.stdout))


def _settled_alone(month: Period) -> dict[str, Any]:
    login("SETTLE_DATABASE_URL")
    agreement = Agreement.objects.get()
    before = _peak_mb()
    settle(agreement.id, month, month.end)
    run = SettlementRun.objects.get(agreement=agreement, period_start=month.start)
    approve_runs(run_ids=[run.id], actor=CHECKER, now=month.end)
    issued = _timed(
        lambda: issue_approved(run_id=run.id, partner_id=agreement.partner_id, now=month.end)
    )
    return {"idle_mb": before, "peak_mb": _peak_mb(), "issued_cpu_s": round(issued.cpu_s, 2)}


def _peak_mb() -> int:
    # Of this program alone: `ru_maxrss` begins with that of the process that started it.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


def partner_agreement(partner: Partner) -> Any:
    """The id of the partner's only agreement."""
    return Agreement.objects.get(partner_id=partner.id).id


def settle(agreement_id: Any, month: Period, now: datetime) -> None:
    """From opening to review; a run that waits there is sent back and made again."""
    run = open_run(agreement_id=agreement_id, period=month, actor=MAKER, now=now)
    if run.state == "in_review":
        reject_run(run_id=run.id, actor=CHECKER, reason="again", now=now)
        run = open_run(agreement_id=agreement_id, period=month, actor=MAKER, now=now)
    settle_run(run_id=run.id, partner_id=run.partner_id, now=now)


def _sql(partner: Partner, text: str, month: Period) -> list[tuple[Any, ...]]:
    with in_partner(partner), connection.cursor() as cursor:
        cursor.execute(text, [month.start, month.end])
        return list(cursor.fetchall())


def _timed(work: Callable[[], Any]) -> Cost:
    begun, cpu = time.perf_counter(), time.process_time() + backend_cpu_s()
    work()
    spent = time.process_time() + backend_cpu_s() - cpu
    return Cost(time.perf_counter() - begun, spent)


def _result(rows: list[dict[str, Any]]) -> dict[str, Any]:
    small, large = rows
    # A bare sum over a few hours is too little to compare with: then only growth is judged.
    compared = large["rollup rows"] >= large["customers"] * HOURS * MODELS
    growth = round(large["settled CPU s"] / small["settled CPU s"], 1)
    memory = large["peak MB"] - small["peak MB"]
    return {
        "benchmark": "settlement (P6, P7)",
        "rows": rows,
        "bars": [
            *([_bar("P6", "settled to review in bare GROUP BY, CPU ×", "≤ 3", large["CPU ×"],
                    large["CPU ×"] <= 3),
               _bar("P6 ahead", "settled to review in bare GROUP BY, CPU ×", "≤ 1.5",
                    large["CPU ×"], large["CPU ×"] <= 1.5)] if compared else []),
            _bar("P7", "10 × customers, × CPU time", "≤ 11", growth, growth <= 11),
            _bar("P7", "memory of 10 × customers, MB more", "flat", memory, memory <= 16),
        ],
        "surroundings": {**report.surroundings()},
    }  # fmt: skip


def _bar(name: str, what: str, asked: str, measured: float, met: bool) -> dict[str, Any]:
    return {"bar": name, "what": what, "asked": asked, "measured": measured,
            "met": "met" if met else "NOT MET"}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
