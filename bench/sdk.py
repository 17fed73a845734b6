"""What the SDK adds to a call of a healthy primary: redis-py with it and without, turn by turn.

`python -m bench.sdk` on a Valkey (CACHE_URL); `python -m bench sdk` brings one. The overflow is
never asked: its address is one where nobody listens, and a call that went there is no figure.
"""

import argparse
import asyncio
import statistics
import sys
import time
from pathlib import Path

import redis
import redis.asyncio

from bench import report
from bench.checks import Untrue
from portal import env

sys.path.insert(0, str(env.BASE_DIR / "sdk/python/src"))

from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.wrappers.redis import OverflowRedis

BAR_US = 50
ROUNDS, CALLS = 100, 100
KEY, VALUE = "bench:sdk", b"x" * 1300
NOWHERE = "http://127.0.0.1:9"
NOTE = (
    f"GET of {len(VALUE)} bytes; {ROUNDS} turns of {CALLS} calls each, one connection, this machine"
    " alone; added is the median of the turns' differences of their medians"
)


def run(cache_url: str) -> report.Facts:
    """Both clients of redis-py. Raises Untrue when the overflow was asked."""
    overflow = AgentCacheOverflow(api_key="acp_test_bench", base_url=NOWHERE, threshold="10s")
    rows = [
        _row("threads", *_by_threads(cache_url, overflow)),
        _row("asyncio", *asyncio.run(_in_a_loop(cache_url, overflow))),
    ]
    counts = overflow.counts()
    overflow.close()
    if counts["primary_hits"] != counts["calls"] or counts["calls"] != 2 * (ROUNDS + 1) * CALLS:
        raise Untrue(f"not every call was a hit of the primary: {counts}")
    return {"what": "sdk", "rows": rows, "bar_us": BAR_US, "note": NOTE}


def show(result: report.Facts) -> None:
    """The table."""
    print(report.table(result["rows"]))
    print(result["note"])


def _row(how: str, plain: list[float], wrapped: list[float]) -> dict[str, object]:
    added = statistics.median(b - a for a, b in zip(plain, wrapped, strict=True))
    return {
        "Python": how,
        "without µs": round(statistics.median(plain) * 1e6, 1),
        "with µs": round(statistics.median(wrapped) * 1e6, 1),
        "added µs": round(added * 1e6, 1),
        "bar µs": BAR_US,
    }


def _by_threads(cache_url: str, overflow: AgentCacheOverflow) -> tuple[list[float], list[float]]:
    plain = redis.Redis.from_url(cache_url)
    plain.set(KEY, VALUE)
    wrapped = OverflowRedis(redis.Redis.from_url(cache_url), overflow)
    turns: tuple[list[float], list[float]] = ([], [])
    for turn in range(ROUNDS + 1):
        for client, medians in zip((plain, wrapped), turns, strict=True):
            took = []
            for _ in range(CALLS):
                began = time.perf_counter()
                client.get(KEY)
                took.append(time.perf_counter() - began)
            if turn:  # the first warms up
                medians.append(statistics.median(took))
    plain.close()
    wrapped.close()
    return turns


async def _in_a_loop(
    cache_url: str, overflow: AgentCacheOverflow
) -> tuple[list[float], list[float]]:
    plain = redis.asyncio.Redis.from_url(cache_url)
    wrapped = OverflowRedis(redis.asyncio.Redis.from_url(cache_url), overflow)
    turns: tuple[list[float], list[float]] = ([], [])
    for turn in range(ROUNDS + 1):
        for client, medians in zip((plain, wrapped), turns, strict=True):
            took = []
            for _ in range(CALLS):
                began = time.perf_counter()
                await client.get(KEY)
                took.append(time.perf_counter() - began)
            if turn:
                medians.append(statistics.median(took))
    await plain.aclose()
    await wrapped.aclose()
    return turns


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = run(env.url("CACHE_URL"))
    show(found)
    if given.json:
        report.write(given.json, found)
