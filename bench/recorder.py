"""P5: durable stream → deduplicated event rows and rollups, events per second.

    python -m bench.recorder [--events 200000] [--batch 20000] [--customers 1000] [--json FILE]

Needs running servers (DATA_DIR) and at least two opened partners. Appends the events to a stream of
its own in the events Valkey, then lets the recorder's own loop drain it as ac_recorder. Aborts
unless rows = events = rollup counts. The events stay in the database: use a throw-away DATA_DIR.
"""

import argparse
import gc
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("AC_DB_LOGIN", "recorder")

import django

django.setup()

import redis  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from bench import report  # noqa: E402
from bench.checks import Untrue  # noqa: E402
from bench.usage import make_events  # noqa: E402
from cache_api.actions.drain_stream import StreamReader, drain_stream  # noqa: E402
from cache_api.gateways.stream import EventStream  # noqa: E402
from cache_api.metering import store  # noqa: E402
from cache_api.rules.events import FIELD  # noqa: E402
from tenants.models import Partner  # noqa: E402
from tenants.rules.ids import uuid7  # noqa: E402


def fill(stream: str, payloads: list[bytes]) -> None:
    """Append every event durably."""
    client = redis.Redis.from_url(settings.EVENTS_URL)
    for start in range(0, len(payloads), 5000):
        pipe = client.pipeline(transaction=False)
        for payload in payloads[start : start + 5000]:
            pipe.xadd(stream, {FIELD: payload})
        pipe.execute()


def totals(partners: list[Partner]) -> tuple[int, int, int]:
    """(event rows, hour rollup events, day rollup events) of all partners."""
    hours = days = 0
    for partner in partners:
        for table in ("hour", "day"):
            text = f"SELECT coalesce(sum(events), 0) FROM {{schema}}.cache_api_rollup{table}"
            count = int(store.in_schema(partner.schema_name, text)[0][0])
            hours, days = (hours + count, days) if table == "hour" else (hours, days + count)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM usage_event")
        return int(cursor.fetchone()[0]), hours, days


def drain(stream: str, batch: int) -> tuple[int, float]:
    """Run the recorder's step until the stream is empty: (rows inserted, seconds)."""
    reader = StreamReader(EventStream(settings.EVENTS_URL), stream, batch)
    inserted, begun = 0, time.perf_counter()
    while True:
        step = drain_stream(reader=reader, now=timezone.now())
        inserted += step.inserted
        if not step.more:
            reader.close()
            return inserted, time.perf_counter() - begun


def backend_cpu_s() -> float:
    """CPU seconds that this connection's Postgres process has used (0 when it runs elsewhere)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    try:
        with open(f"/proc/{pid}/stat") as file:
            cells = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(cells[11]) + int(cells[12])) / os.sysconf("SC_CLK_TCK")


def postgres_version() -> str:
    """Like 18.6."""
    return ".".join(str(part) for part in divmod(connection.pg_version, 10_000))


def options_given() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=20_000)
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--json", default="")
    return parser.parse_args()


def measured(options: argparse.Namespace, partners: list[Partner]) -> dict[str, object]:
    """Fill, drain, compare. Raises Untrue unless rows = events = rollup counts."""
    stream = f"bench:{uuid7().hex}"
    payloads = make_events(options.events, options.customers, [p.pk for p in partners])
    fill(stream, payloads)
    before = totals(partners)
    gc.freeze()
    gc.disable()
    cpu, postgres_cpu = time.process_time(), backend_cpu_s()
    inserted, seconds = drain(stream, options.batch)
    cpu, postgres_cpu = time.process_time() - cpu, backend_cpu_s() - postgres_cpu
    grown = [after - was for after, was in zip(totals(partners), before, strict=True)]
    if not inserted == options.events == grown[0] == grown[1] == grown[2]:
        raise Untrue(f"{options.events} events, {inserted} inserted, rows grew by {grown}")
    return {
        "seconds": round(seconds, 2), "events_per_s": round(options.events / seconds),
        "python_cpu_us_per_event": round(cpu / options.events * 1e6, 1),
        "postgres_cpu_us_per_event": round(postgres_cpu / options.events * 1e6, 1),
        "bytes_per_event": round(sum(map(len, payloads)) / len(payloads)),
    }  # fmt: skip


def main() -> int:
    """Measure and print; 0, 1 aborted, 2 nothing to measure with."""
    options = options_given()
    partners = [p for p in Partner.objects.all() if store.schemas([p.pk])]
    if len(partners) < 2:
        print("open two partners first (manage.py open_partner, provision --once)")
        return 2
    try:
        figures = measured(options, partners)
    except Untrue as error:
        print(f"ABORTED: {error}", file=sys.stderr)
        return 1
    result = {
        "benchmark": "recorder (P5)", "bar_events_per_s": 20_000, "ahead_events_per_s": 50_000,
        "events": options.events, **figures, "batch": options.batch,
        "customers": options.customers, "partners": len(partners), **report.surroundings(),
        "postgres": postgres_version(),
    }  # fmt: skip
    print(report.facts(result))
    if options.json:
        report.write(Path(options.json), result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
