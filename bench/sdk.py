"""What the SDKs add to a call of the caller's own cache: with them and without, turn by turn.

`python -m bench.sdk` on a Valkey (CACHE_URL); `python -m bench sdk` brings one, and runs
`sdk/js/bench/overhead.mjs` as well where Node and its packages are. A healthy primary: the overflow
is never asked, its address is one where nobody listens. A dead overflow, refused or a black hole:
what a miss of the primary takes once the breaker is open, its probes included.
"""

import argparse
import asyncio
import math
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
import redis.asyncio

from bench import bars, report
from bench.checks import Untrue
from portal import env

sys.path.insert(0, str(env.BASE_DIR / "sdk/python/src"))

from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.wrappers.redis import OverflowRedis

ROUNDS, CALLS, PAIRS = 100, 100, 5000
KEY, ABSENT, VALUE = "bench:sdk", "bench:absent", b"x" * 1300
NOWHERE = "http://127.0.0.1:9"
JS = env.BASE_DIR / "sdk/js"
Turns = tuple[list[float], list[float]]
NOTE = (
    f"Healthy: GET of {len(VALUE)} bytes; {ROUNDS} turns of {CALLS} calls each, one connection;"
    " added is the median of the turns' differences of their medians, CPU that of this process.\n"
    f"Dead: a GET that misses, {PAIRS} pairs of calls without and with the SDK one after the other,"
    " its breaker open; added p99 is the difference of the two p99. The breaker's probes are among"
    " the calls: a probe of a black hole takes the deadline, 250 ms, once in 1 to 60 s (worst)."
)


def run(cache_url: str) -> report.Facts:
    """Both clients of redis-py. Raises Untrue when a call was not what it claims to be."""
    overflow = AgentCacheOverflow(api_key="acp_test_bench", base_url=NOWHERE, threshold="10s")
    rows = [
        _row("threads", *_by_threads(cache_url, overflow)),
        _row("asyncio", *asyncio.run(_in_a_loop(cache_url, overflow))),
    ]
    counts = overflow.counts()
    overflow.close()
    if counts["primary_hits"] != counts["calls"] or counts["calls"] != 2 * (ROUNDS + 1) * CALLS:
        raise Untrue(f"not every call was a hit of the primary: {counts}")
    dead = [_dead(cache_url, "refused", NOWHERE)]
    with black_hole() as url:
        dead.append(_dead(cache_url, "black hole", url))
    return {
        "surroundings": report.surroundings(), "what": "sdk", "rows": rows, "dead": dead,
        "bars": bars.judged(bars.SDK, rows) + bars.judged(bars.DEAD, dead), "note": NOTE,
    }  # fmt: skip


def show(result: report.Facts) -> None:
    """The tables."""
    for part in ("rows", "dead", "bars"):
        print(report.table(result[part]), end="\n\n")
    print(result["note"])


@contextmanager
def black_hole() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as silent:
        yield f"http://127.0.0.1:{silent.getsockname()[1]}"


def percentile(took: list[float], share: float) -> float:
    """The smallest that at least `share` of them do not exceed."""
    return sorted(took)[math.ceil(len(took) * share) - 1]


def _row(how: str, clock: Turns, cpu: Turns) -> dict[str, object]:
    plain, wrapped = clock
    return {
        "Python": how,
        "without µs": round(statistics.median(plain) * 1e6, 1),
        "with µs": round(statistics.median(wrapped) * 1e6, 1),
        "added µs": round(_added(clock) * 1e6, 1),
        "added CPU µs": round(_added(cpu) * 1e6, 1),
    }


def _added(turns: Turns) -> float:
    return statistics.median(b - a for a, b in zip(*turns, strict=True))


def _by_threads(cache_url: str, overflow: AgentCacheOverflow) -> tuple[Turns, Turns]:
    plain = redis.Redis.from_url(cache_url)
    plain.set(KEY, VALUE)
    wrapped = OverflowRedis(redis.Redis.from_url(cache_url), overflow)
    clock: Turns = ([], [])
    cpu: Turns = ([], [])
    for turn in range(ROUNDS + 1):
        for at, client in enumerate((plain, wrapped)):
            took, used = [], time.process_time()
            for _ in range(CALLS):
                began = time.perf_counter()
                client.get(KEY)
                took.append(time.perf_counter() - began)
            if turn:  # the first warms up
                clock[at].append(statistics.median(took))
                cpu[at].append((time.process_time() - used) / CALLS)
    plain.close()
    wrapped.close()
    return clock, cpu


async def _in_a_loop(cache_url: str, overflow: AgentCacheOverflow) -> tuple[Turns, Turns]:
    plain = redis.asyncio.Redis.from_url(cache_url)
    wrapped = OverflowRedis(redis.asyncio.Redis.from_url(cache_url), overflow)
    clock: Turns = ([], [])
    cpu: Turns = ([], [])
    for turn in range(ROUNDS + 1):
        for at, client in enumerate((plain, wrapped)):
            took, used = [], time.process_time()
            for _ in range(CALLS):
                began = time.perf_counter()
                await client.get(KEY)
                took.append(time.perf_counter() - began)
            if turn:
                clock[at].append(statistics.median(took))
                cpu[at].append((time.process_time() - used) / CALLS)
    await plain.aclose()
    await wrapped.aclose()
    return clock, cpu


def _dead(cache_url: str, how: str, url: str) -> dict[str, object]:
    """Misses of the primary beside an overflow that is not there."""
    overflow = AgentCacheOverflow(api_key="acp_test_bench", base_url=url, threshold="10s")
    plain = redis.Redis.from_url(cache_url)
    wrapped = OverflowRedis(redis.Redis.from_url(cache_url), overflow)
    while not overflow.counts()["overflow_breaker_open"]:
        wrapped.get(ABSENT)
    took: Turns = ([], [])
    for _ in range(PAIRS):
        for at, client in enumerate((plain, wrapped)):
            took[at].append(_timed(client))
    counts = overflow.counts()
    if counts["misses"] != counts["calls"] or counts["overflow_hits"]:
        raise Untrue(f"not every call was a miss of both: {counts}")
    for client in (plain, wrapped, overflow):
        client.close()
    without, with_us = took
    added = {
        share: percentile(with_us, share) - percentile(without, share) for share in (0.5, 0.99)
    }
    return {
        "dead overflow": how,
        "without p50 µs": round(percentile(without, 0.5) * 1e6, 1),
        "with p50 µs": round(percentile(with_us, 0.5) * 1e6, 1),
        "added p50 µs": round(added[0.5] * 1e6, 1),
        "without p99 µs": round(percentile(without, 0.99) * 1e6, 1),
        "with p99 µs": round(percentile(with_us, 0.99) * 1e6, 1),
        "added p99 µs": round(added[0.99] * 1e6, 1),
        "probes": PAIRS + 1 - counts["overflow_breaker_open"],
        "worst ms": round(max(with_us) * 1e3, 1),
    }


def _timed(client: "redis.Redis") -> float:
    began = time.perf_counter()
    found = client.get(ABSENT)
    took = time.perf_counter() - began
    if found is not None:
        raise Untrue(f"{ABSENT} is there")
    return took


def _javascript() -> None:
    """The same of the JavaScript SDK, which prints it."""
    node = shutil.which("node")
    if node is None or not (JS / "node_modules").is_dir():
        print("JavaScript: left out, it needs Node and sdk/js/node_modules (npm ci)")
        return
    sys.stdout.flush()
    argv = [node, "--no-warnings", "bench/overhead.mjs"]
    if subprocess.run(argv, cwd=JS, check=False).returncode:
        raise Untrue("the JavaScript SDK's benchmark ended without a figure (see above)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = run(env.url("CACHE_URL"))
    show(found)
    if given.json:
        report.write(given.json, found)
    _javascript()
