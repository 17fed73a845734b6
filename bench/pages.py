"""P8: server time and queries of every portal page of a partner with 13 months × 1,000 customers.

    python -m bench.pages [--customers 1000] [--rounds 20] [--only TEXT] [--json FILE]

Needs running servers (DATA_DIR) and an opened partner. Fills that partner's rollups (every customer
on every day: two models, hits, misses and stores; the running month and the days before it by hour
as well), settles last month, and asks for each page in this process, as Django serves it: no
network, no browser. The data stay: use a throw-away DATA_DIR.
"""

import argparse
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

import django

django.setup()

import psycopg  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import URLPattern, get_resolver  # noqa: E402

from bench import report  # noqa: E402
from bench.checks import Untrue  # noqa: E402
from bench.place import Place  # noqa: E402
from bench.throwaway import (  # noqa: E402
    CHECKER,
    CUSTOMERS,
    MAKER,
    address,
    backend_cpu_s,
    login,
)
from billing.actions.agreements import sign_agreement  # noqa: E402
from billing.actions.open_runs import open_run  # noqa: E402
from billing.actions.rate_cards import create_rate_card  # noqa: E402
from billing.actions.review import approve_runs  # noqa: E402
from billing.actions.settle import issue_approved, settle_run  # noqa: E402
from billing.models import Agreement, Document, SettlementRun  # noqa: E402
from billing.rules.periods import month_of  # noqa: E402
from cache_api.models import Customer  # noqa: E402
from portal.rules.ranges import month_start  # noqa: E402
from tenants import resolve, schema  # noqa: E402
from tenants.accounts.models import User  # noqa: E402
from tenants.models import Partner  # noqa: E402

BAR_MS, AHEAD_MS = 150, 60
HOURS_A_DAY, HOURLY_DAYS = 4, 15

# Six rows a customer and bucket: two models, each with hits, misses and stores.
USAGE = """
INSERT INTO cache_api_rollup{unit} (bucket_at, customer_id, livemode, kind, outcome, provider,
    model, region, events, quantity, tokens_in, tokens_out, bytes, byte_seconds,
    cost_saved_micros, latency_us_sum, prefix_tokens, prefix_saved_micros)
SELECT at, c.id, true, k.kind, k.outcome, 'openai', 'model-' || m, 'eu-1', 10,
    10 + hashtext(c.external_id || at || m) %% 7, 900, 300, 20000, 0, 1500, 90000,
    CASE WHEN k.kind = 'store' AND c.external_id LIKE '%%00' THEN 1000 ELSE 0 END, 0
FROM cache_api_customer c,
    generate_series(%(start)s::timestamptz, %(end)s::timestamptz, %(step)s::interval) at,
    generate_series(1, 2) m,
    (VALUES ('lookup', 'hit'), ('lookup', 'miss'), ('store', 'stored')) k (kind, outcome)
WHERE %(unit)s = 'day' OR
    (extract(hour FROM at AT TIME ZONE 'UTC')::int + abs(hashtext(c.external_id))) %% 24 < %(hours)s
"""
LATENCY = """
INSERT INTO cache_api_latency{unit} (bucket_at, customer_id, livemode, region, outcome, buckets)
SELECT bucket_at, customer_id, true, region, outcome,
    array_fill(0::bigint, ARRAY[10]) || ARRAY[sum(quantity)::bigint]
        || array_fill(0::bigint, ARRAY[37])
FROM cache_api_rollup{unit} WHERE kind = 'lookup' GROUP BY 1, 2, 4, 5
"""
TOTALS = """
INSERT INTO cache_api_total{unit} (bucket_at, livemode, kind, outcome, provider, model, region,
    events, quantity, tokens_in, tokens_out, bytes, byte_seconds, cost_saved_micros,
    latency_us_sum, prefix_tokens, prefix_saved_micros, buckets)
SELECT bucket_at, livemode, kind, outcome, provider, model, region, sum(events), sum(quantity),
    sum(tokens_in), sum(tokens_out), sum(bytes), 0, sum(cost_saved_micros), sum(latency_us_sum),
    sum(prefix_tokens), 0, array_fill(0::bigint, ARRAY[10]) || ARRAY[sum(quantity)::bigint]
        || array_fill(0::bigint, ARRAY[37])
FROM cache_api_rollup{unit} GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
PEOPLE = """
INSERT INTO cache_api_customer{unit} (bucket_at, customer_id, livemode, lookups, hits, stores,
    bytes_served, tokens_saved, cost_saved, semantic_hits)
SELECT bucket_at, customer_id, livemode, coalesce(sum(quantity) FILTER (WHERE kind = 'lookup'), 0),
    coalesce(sum(quantity) FILTER (WHERE outcome = 'hit'), 0),
    coalesce(sum(quantity) FILTER (WHERE kind = 'store'), 0),
    coalesce(sum(bytes) FILTER (WHERE outcome = 'hit'), 0),
    coalesce(sum(tokens_in + tokens_out) FILTER (WHERE outcome = 'hit'), 0),
    coalesce(sum(cost_saved_micros) FILTER (WHERE outcome = 'hit'), 0), 0
FROM cache_api_rollup{unit} GROUP BY 1, 2, 3
"""
MONTHS = """
INSERT INTO cache_api_customermonth (bucket_at, customer_id, livemode, lookups, hits, stores,
    bytes_served, tokens_saved, cost_saved, semantic_hits)
SELECT date_trunc('month', bucket_at, 'UTC'), customer_id, livemode, sum(lookups), sum(hits),
    sum(stores), sum(bytes_served), sum(tokens_saved), sum(cost_saved), 0
FROM cache_api_customerday GROUP BY 1, 2, 3
"""
QUESTIONS = (
    "?range=24h", "?range=7d", "?range=30d&by=customer&top=50", "?range=90d&by=customer",
    "?range=13m", "?range=13m&unit=week&by=customer&top=50", "?range=13m&by=provider",
    "?range=30d&by=key", "?range=90d&customer=customer-00007",
    "?range=13m&customer=customer-00007&by=region",
)  # fmt: skip


def main() -> int:
    """Fill, ask for every page, print; 0, 1 aborted, 2 nothing to measure with."""
    options = _options()
    login("SUPERUSER_DATABASE_URL")
    partner = Partner.objects.order_by("slug").first()
    if partner is None:
        print("open a partner first (manage.py open_partner, provision --once)")
        return 2
    try:
        _prepare(partner, options.customers)
        pages = [(client.get(page).status_code, client, page) for client, page in _pages(partner)
                 if options.only in page]  # fmt: skip
        # Forms only, passwords first, nothing to show, nothing there without Stripe: said, not hid.
        left = [f"{page} {status}" for status, _, page in pages if status != 200]
        rows = [_measured(client, page, options.rounds) for status, client, page in pages
                if status == 200]  # fmt: skip
    except Untrue as error:
        print(f"ABORTED: {error}", file=sys.stderr)
        return 1
    result = _result(rows, left, options)
    show(result)
    if options.json:
        report.write(Path(options.json), result)
    return 0


def show(result: report.Facts) -> None:
    """Print the table and the bar."""
    print(report.table(result["rows"]))
    print(report.table(result["bars"]))
    print(report.facts(result["surroundings"]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="", help="pages whose address holds this text")
    parser.add_argument("--json", default="")
    return parser.parse_args()


def _prepare(partner: Partner, customers: int) -> None:
    """Rollups, terms, a settled month and two people who look; what is there is used again."""
    call_command("collectstatic", interactive=False, verbosity=0)
    if Agreement.objects.filter(partner_id=partner.id).exists():
        return login("DATABASE_URL")
    now = datetime.now(UTC)
    _fill(partner, customers, now)
    login("SUPERUSER_DATABASE_URL")
    last = month_of(month_start(now) - timedelta(days=1))
    card = create_rate_card(
        code="bench", name="Bench", currency="USD", valid_from=last.start, actor=MAKER,
        approved_by=CHECKER, now=now,
        rates=[{"key": "cached", "meter": "cached_requests", "mode": "per_unit",
                "unit_price": "0.002"}],
    )  # fmt: skip
    sign_agreement(
        partner_id=partner.id, template="revenue_share_platform", starts_at=last.start, now=now,
        created_by=MAKER, approved_by=CHECKER, retail_card_id=card.id,
    )  # fmt: skip
    login("SETTLE_DATABASE_URL")
    agreement = Agreement.objects.get(partner_id=partner.id)
    run = open_run(agreement_id=agreement.id, period=last, actor=MAKER, now=now)
    settle_run(run_id=run.id, partner_id=partner.id, now=now)
    approve_runs(run_ids=[run.id], actor=CHECKER, now=now)
    issue_approved(run_id=run.id, partner_id=partner.id, now=now)
    run = SettlementRun.objects.get(pk=run.pk)
    if run.state != "issued":
        raise Untrue(f"last month is {run.state}: {run.reason}")
    login("OWNER_DATABASE_URL")
    with schema.in_partner(partner):
        one = Customer.objects.get(external_id="customer-00007").pk
        for role, customer in (("owner", None), ("customer_owner", one)):
            User.objects.create_user(f"{role}@bench.example", role=role, customer_id=customer)
    return login("DATABASE_URL")


def _fill(partner: Partner, customers: int, now: datetime) -> None:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first = month_start(now).replace(year=now.year - 1)
    hourly = min(month_start(now), today - timedelta(days=HOURLY_DAYS))
    hourly = min(hourly, month_start(month_start(now) - timedelta(days=1)))
    spans: dict[str, dict[str, Any]] = {
        "day": {"start": first, "end": today, "step": "1 day"},
        "hour": {"start": hourly, "end": now, "step": "1 hour"},
    }
    with psycopg.connect(address("SUPERUSER_DATABASE_URL"), autocommit=True) as boss:
        boss.execute(f'SET search_path TO "{partner.schema_name}", public')
        boss.execute("SET synchronous_commit = off")
        boss.execute(CUSTOMERS, {"start": first, "customers": customers})
        for unit, span in spans.items():
            for text in (USAGE, LATENCY, TOTALS, PEOPLE):
                given = {**span, "unit": unit, "hours": HOURS_A_DAY} if text is USAGE else None
                boss.execute(text.format(unit=unit), given)
        boss.execute(MONTHS)
        boss.execute("VACUUM ANALYZE")


def _pages(partner: Partner) -> list[tuple[Client, str]]:
    """Every page of the partner's host that needs no id, the explorer's questions, a document."""
    host = Place.host(partner.slug)
    clients = {role: _signed_in(host, role) for role in ("owner", "customer_owner")}
    with schema.in_partner(partner):
        paper = Document.objects.filter(customer_external_id="customer-00007").first()
        one = Customer.objects.get(external_id="customer-00007").pk
    manage = [*_addresses("partner_"), *(f"/manage/usage/{asks}" for asks in QUESTIONS),
              "/manage/?range=13m", f"/manage/customers/{one}/",
              f"/manage/invoices/{paper.pk if paper else ''}/"]  # fmt: skip
    own = [*_addresses("customer_"), "/usage/?range=13m&by=region", "/?range=13m"]
    return [(clients["owner"], page) for page in manage] + [
        (clients["customer_owner"], page) for page in own
    ]


def _addresses(prefix: str) -> list[str]:
    """The addresses without an argument whose name begins so, forms and files left out."""
    found = []
    for entry in get_resolver("portal.urls.partner").url_patterns:
        if not isinstance(entry, URLPattern) or not str(entry.name).startswith(prefix):
            continue
        route = str(entry.pattern)
        if "<" not in route and "." not in route and not route.endswith(("csv", "views/")):
            found.append(f"/{route}")
    return found


def _signed_in(host: str, role: str) -> Client:
    client = Client(HTTP_HOST=host)
    owner = resolve.resolve_host(host)
    with schema.in_partner(owner):
        client.force_login(User.objects.get(email=f"{role}@bench.example"))
        session = client.session
        session["scope"] = owner.schema_name
        session.save()
    return client


def _measured(client: Client, page: str, rounds: int) -> dict[str, Any]:
    """One page: the first time (nothing remembered), then its percentiles. Raises Untrue."""
    cache.clear()
    first = _timed(client, page)
    cpu = time.process_time() + backend_cpu_s()
    times = [_timed(client, page) for _ in range(rounds)]
    cpu = time.process_time() + backend_cpu_s() - cpu
    with CaptureQueriesContext(connection) as seen:
        client.get(page)
    if os.environ.get("BENCH_QUERIES"):
        for query in sorted(seen, key=lambda one: -float(one["time"]))[:3]:
            print(page, query["time"], query["sql"][:300], file=sys.stderr)
    times.sort()
    return {
        "page": page, "queries": len(seen), "first ms": round(first * 1000),
        "p50 ms": round(median(times) * 1000),
        "p95 ms": round(times[ceil(len(times) * 0.95) - 1] * 1000),
        # What a page takes of a processor, here and in its Postgres: also right on a busy machine.
        "CPU ms": round(cpu * 1000 / rounds),
    }  # fmt: skip


def _timed(client: Client, page: str) -> float:
    begun = time.perf_counter()
    answer = client.get(page)
    spent = time.perf_counter() - begun
    if answer.status_code != 200:
        raise Untrue(f"{page} answered {answer.status_code}")
    return spent


def _result(
    rows: list[dict[str, Any]], left: list[str], options: argparse.Namespace
) -> dict[str, Any]:
    return {
        "benchmark": "pages (P8)",
        "rows": rows,
        "bars": [
            _bar(rows, name, figure, limit)
            for name, limit in (("P8", BAR_MS), ("P8 ahead", AHEAD_MS))
            for figure in ("p95 ms", "CPU ms")
        ],
        "surroundings": {"customers": options.customers, "months": 13, "rounds": options.rounds,
                         "no pages": ", ".join(left), **report.surroundings()},
    }  # fmt: skip


def _bar(rows: list[dict[str, Any]], name: str, figure: str, limit: int) -> dict[str, Any]:
    slowest = max(rows, key=lambda row: row[figure])
    return {
        "bar": name, "what": f"slowest page, server {figure} ({slowest['page']})",
        "asked": f"≤ {limit}", "measured": slowest[figure],
        "met": "met" if slowest[figure] <= limit else "NOT MET",
        "pages within": f"{sum(row[figure] <= limit for row in rows)} of {len(rows)}",
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
