"""One recorder and two on four shards of the usage stream: events per second, and none twice.

    python -m bench.recorders [--events 400000] [--json FILE]

Needs running servers (DATA_DIR; a throw-away one) and two opened partners, better eight. Starts
`manage.py record` once, then twice, on as many new events each. The clock runs from the start of
the processes, whose imports it holds, until the streams are empty. Aborts unless events = rows.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

# isort: split — `bench.recorder` has set Django up
import redis
from django.conf import settings

from bench import processes, recorder, report
from bench.checks import Untrue
from bench.usage import make_events
from cache_api.gateways.upkeep import xadds
from cache_api.metering import store
from cache_api.rules.events import stream_of
from portal import env
from tenants.models import Partner

SHARDS, PATIENCE_S = 4, 900


def main() -> int:
    """Measure and print; 0, 1 aborted, 2 nothing to measure with."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--json", default="")
    given = parser.parse_args()
    partners = [p for p in Partner.objects.all() if store.schemas([p.pk])]
    if len(partners) < 2:
        print("open two partners first (manage.py open_partner, provision --once)")
        return 2
    try:
        rows = [_measured(number, given.events, partners) for number in (1, 2)]
    except Untrue as error:
        print(f"ABORTED: {error}", file=sys.stderr)
        return 1
    result = {"benchmark": "recorders", "rows": rows,
              "surroundings": {"partners": len(partners), "shards": SHARDS,
                               **report.surroundings()}}  # fmt: skip
    print(report.table(rows))
    print(report.facts(result["surroundings"]))
    if given.json:
        report.write(Path(given.json), result)
    return 0


def _measured(number: int, events: int, partners: list[Partner]) -> dict[str, object]:
    client = redis.Redis.from_url(settings.EVENTS_URL)
    before = recorder.totals(partners)[0]
    payloads = make_events(events, 1000, [p.pk for p in partners])
    for start in range(0, len(payloads), 5_000):
        pipe = client.pipeline(transaction=False)
        for command in xadds(payloads[start : start + 5_000], SHARDS):
            pipe.execute_command(*command)
        pipe.execute()
    argv = [sys.executable, "manage.py", "record"]
    begun = time.perf_counter()
    running = [subprocess.Popen(argv, cwd=env.BASE_DIR, env=os.environ) for _ in range(number)]
    try:
        while _waiting(client):
            time.sleep(0.02)
            if any(one.poll() is not None for one in running) or time.perf_counter() - begun > 900:
                raise Untrue("a recorder ended, or it took too long")
        seconds = time.perf_counter() - begun
        cpu_s = processes.cpu_s([one.pid for one in running])
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait(30)
    grown = recorder.totals(partners)[0] - before
    if grown != events:
        raise Untrue(f"{events} events, {grown} rows")
    return {"recorders": number, "events": events, "seconds": round(seconds, 1),
            "events/s": round(events / seconds), "recorders' CPU s": round(cpu_s, 1)}  # fmt: skip


def _waiting(client: redis.Redis) -> int:
    return sum(client.xlen(stream_of(shard)) for shard in range(SHARDS))


if __name__ == "__main__":
    sys.exit(main())
