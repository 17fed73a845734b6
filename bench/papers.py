"""P10: what an invoice's PDF costs, one by one and a thousand on all cores.

python -m bench.papers [--json FILE]
"""

import argparse
import json
import os
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from bench import report  # noqa: E402
from billing.gateways.typst import render_pdf  # noqa: E402
from billing.rules.charging import charge  # noqa: E402
from billing.rules.documents import Brand, Party, document_json  # noqa: E402
from billing.rules.drafts import CUSTOMER_INVOICE  # noqa: E402
from billing.rules.inputs import RunInput, RunInputRow, SegmentTerms  # noqa: E402
from billing.rules.periods import parse_month, segments  # noqa: E402
from billing.rules.rates import PER_UNIT, Rate, RateCard  # noqa: E402
from billing.rules.templates import agreement_terms  # noqa: E402

CUSTOMERS, MODELS, SINGLES = 1_000, 5, 50
CORES = 2  # what the bar is stated for
CARD = RateCard("v1", "Retail", "USD", (
    Rate("cached", "cached_requests", PER_UNIT, unit_price=Decimal("0.002")),
    Rate("served", "gb_served", PER_UNIT, unit_price=Decimal("0.02")),
    *(Rate(f"lookups-{n}", "lookups", PER_UNIT, unit_price=Decimal("0.0001"),
           where=(("model", f"model-{n}"),)) for n in range(MODELS)),
))  # fmt: skip


def invoices() -> list[dict[str, Any]]:
    """A thousand customers' invoices, rated by the engine, as canonical documents."""
    period = parse_month("2026-09")
    terms = agreement_terms("revenue_share_platform", partner_kind="general_cache",
                            currency="USD", starts_at=datetime(2026, 1, 1, tzinfo=UTC))  # fmt: skip
    rows = tuple(
        RunInputRow(0, f"c{c}", f"customer-{c}", f"Customer {c}", model=f"model-{m}",
                    lookups=9_000 + c, cached_requests=7_000 + c * m, bytes_served=10**9 + c)
        for c in range(CUSTOMERS) for m in range(MODELS)
    )  # fmt: skip
    parts = tuple(SegmentTerms(part, "v1", terms, CARD) for part in segments(period, []))
    drafts = charge(RunInput("agreement", period, parts, rows)).drafts
    seller = Party("AgentCache Inc.", ("1 Example Street",), "US", "", "billing@agentcache.example")
    made = [draft for draft in drafts if draft.kind == CUSTOMER_INVOICE]
    return [
        document_json(
            draft, number=f"INV-2026-{n:06d}", issued_at=period.end, due_date=date(2026, 10, 31),
            seller=seller, buyer=Party(f"Customer {n} Ltd", ("2 Example Road",), "GB", "", ""),
            brand=Brand("Redis Edge Cache", "#ff4438"),
        )
        for n, draft in enumerate(made, 1)
    ]  # fmt: skip


def rendered(document: Mapping[str, Any]) -> int:
    """Bytes of one PDF; it has to be one."""
    pdf = render_pdf(document)
    if not pdf.startswith(b"%PDF-"):
        raise SystemExit(f"{document['number']} is no PDF")
    return len(pdf)


def measure() -> dict[str, Any]:
    """Milliseconds of one PDF in a warm process, seconds of all on the bar's cores."""
    papers = invoices()
    rendered(papers[0])
    singles = []
    for paper in papers[:SINGLES]:
        began = time.perf_counter()
        rendered(paper)
        singles.append((time.perf_counter() - began) * 1000)
    began = time.perf_counter()
    # Not forked: the compiler's threads do not come along, and their locks would stay shut.
    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
        sizes = list(pool.map(rendered, papers, chunksize=10))
    spent = time.perf_counter() - began
    one = round(median(singles), 1)
    return {
        "surroundings": report.surroundings(),
        "rows": [{"invoices": len(sizes), "lines each": len(papers[0]["lines"]),
                  "one, ms": one, f"all on {CORES} cores, s": round(spent, 1),
                  "invoices/hour": round(3600 * len(sizes) / spent)}],
        "bars": [_bar("one PDF, ms", 50, one), _bar("1,000 PDFs, s", 60, round(spent, 1))],
    }  # fmt: skip


def _bar(what: str, limit: float, figure: float) -> dict[str, Any]:
    met = "met" if figure <= limit else "NOT MET"
    return {"bar": "P10", "what": what, "asked": f"≤ {limit:g}", "measured": figure, "met": met}


def main() -> None:
    """Print the tables; `--json` keeps them."""
    parser = argparse.ArgumentParser(prog="python -m bench.papers")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    result = measure()
    for part in (result["rows"], result["bars"]):
        print(report.table(part), end="\n\n")
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
