"""A real trace settled: fourteen days of 162 tenants of an LLM service, 237 million requests.

    python -m bench.tenants [--trace TAR] [--json FILE]

Needs running servers (DATA_DIR) and an opened partner. Imports the trace by the product's own usage
import (a month ends inside it), settles and issues both months as ac_settle, and aborts unless
every customer's invoice is to the cent what plain SQL makes of the events. The data stay.
"""

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

# isort: split — `bench.settlement` has set Django up
import psycopg

from bench import report, settlement, tenant_trace
from bench.checks import Untrue
from bench.throwaway import address
from billing.actions.review import approve_runs
from billing.actions.settle import issue_approved
from billing.models import Document, SettlementRun
from billing.rules.periods import parse_month
from cache_api.actions.import_usage import import_usage
from portal import env
from tenants import schema
from tenants.models import Partner

TRACE = env.BASE_DIR.parent / "shared" / "data" / "traces" / "m-large-traces.tar.gz"
MONTHS = (parse_month("2026-09"), parse_month("2026-10"))
SHOWN = 10
# At the bench's list price: $0.002 a cached request, $0.02 a GB.
BARE = """
SELECT customer, extract(month FROM occurred_at AT TIME ZONE 'utc')::int,
    sum(quantity) FILTER (WHERE outcome = 'hit'), sum(quantity),
    sum(quantity * bytes) FILTER (WHERE outcome = 'hit')
FROM usage_event WHERE partner_id = %s AND kind = 'lookup' GROUP BY 1, 2
"""


def main() -> int:
    """Measure and print; 0, 1 aborted, 2 nothing to measure with."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trace", type=Path, default=TRACE)
    parser.add_argument("--json", default="")
    given = parser.parse_args()
    partner = Partner.objects.order_by("slug").first()
    if partner is None or not given.trace.exists():
        print(f"open a partner first, and have {given.trace}")
        return 2
    try:
        result = _run(partner, given.trace)
    except Untrue as error:
        print(f"ABORTED: {error}", file=sys.stderr)
        return 1
    print(report.table(result["rows"]))
    print(report.facts(result["surroundings"]))
    if given.json:
        report.write(Path(given.json), result)
    return 0


def _run(partner: Partner, trace: Path) -> report.Facts:
    settlement.agree(partner, MONTHS[0].start)
    imported = _imported(partner, trace)
    settlement.login("SETTLE_DATABASE_URL")
    begun = _clocks()
    for month in MONTHS:
        _issue(partner, month)
    settled = _since(begun)
    bare, billed = _bare(partner), _billed(partner)
    wrong = {key for key in {*bare, *billed} if bare.get(key, (0, 0, 0))[2] != billed.get(key, 0)}
    if wrong:
        raise Untrue(f"invoices differ from plain SQL for {sorted(wrong)[:3]}")
    return {
        "benchmark": "a real trace settled",
        "rows": _rows(bare),
        "surroundings": {"invoices, each to the cent": len(billed),
                         "imported s (CPU)": imported,
                         "settled and issued s (CPU)": settled,
                         **report.surroundings()},
    }  # fmt: skip


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(begun: tuple[float, float]) -> str:
    """Seconds on the wall and, in brackets, of this process' own processor time."""
    wall, own = (now - then for now, then in zip(_clocks(), begun, strict=True))
    return f"{wall:.1f} ({own:.1f})"


def _imported(partner: Partner, trace: Path) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trace.parquet"
        total = tenant_trace.write(trace, file)
        settlement.login("RECORDER_DATABASE_URL")
        begun = _clocks()
        with schema.in_public():
            import_usage(path=file, partner_slug=partner.slug, skip_bad=False, now=MONTHS[1].end)
        took = _since(begun)
    with psycopg.connect(address("SUPERUSER_DATABASE_URL")) as boss:
        found = boss.execute("SELECT sum(quantity) FROM usage_event").fetchone()
    if found != (total,):
        raise Untrue(f"{found} requests are recorded of {total}")
    return took


def _issue(partner: Partner, month: Any) -> None:
    now = MONTHS[1].end
    settlement.settle(settlement.partner_agreement(partner), month, now)
    run = SettlementRun.objects.get(partner_id=partner.id, period_start=month.start)
    approve_runs(run_ids=[run.id], actor=settlement.CHECKER, now=now)
    issue_approved(run_id=run.id, partner_id=partner.id, now=now)
    run.refresh_from_db()
    if run.state != "issued":
        raise Untrue(f"{month} is not issued: {run.state} {run.reason}")


def _bare(partner: Partner) -> dict[tuple[str, int], tuple[int, int, int]]:
    """(customer, month) → hits, lookups, cents at the list price, from the events alone."""
    with psycopg.connect(address("SUPERUSER_DATABASE_URL")) as boss:
        rows = boss.execute(BARE, [partner.id]).fetchall()
    return {
        (who, month): (int(hits or 0), int(lookups), _cents(hits or 0, "0.002")
                       + _cents(Decimal(size or 0) / 10**9, "0.02"))
        for who, month, hits, lookups, size in rows
    }  # fmt: skip


def _cents(quantity: Any, price: str) -> int:
    owed = Decimal(quantity) * Decimal(price)
    return int(owed.quantize(Decimal("0.01"), ROUND_HALF_UP) * 100)


def _billed(partner: Partner) -> dict[tuple[str, int], int]:
    papers = Document.objects.filter(partner_id=partner.id, kind="customer_invoice")
    return {(one.customer_external_id, one.period_start.month): one.total_minor for one in papers}


def _rows(bare: dict[tuple[str, int], tuple[int, int, int]]) -> list[dict[str, Any]]:
    """The largest tenants, the others together, all."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for (who, month), (hits, lookups, cents) in bare.items():
        for name in (who, "all"):
            sums[name][0] += lookups
            sums[name][1] += hits
            sums[name][2 if month == MONTHS[0].start.month else 3] += cents
    total = sums.pop("all")
    ranked = sorted(sums.items(), key=lambda one: -one[1][0])
    rest = [sum(column) for column in zip(*(row for _, row in ranked[SHOWN:]), strict=True)]
    named = [*ranked[:SHOWN], (f"{len(ranked) - SHOWN} others", rest), ("all", total)]
    return [
        {"tenant": name, "lookups": lookups, "hits": hits, "September $": f"{first / 100:,.2f}",
         "October $": f"{second / 100:,.2f}", "part %": round(100 * lookups / total[0], 1)}
        for name, (lookups, hits, first, second) in named
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
