"""Hit rate against the 75 % goal: a day of real keys through a real Valkey, by eviction policy.

    python -m bench hitrate [--trace FILE] [--minutes 2]

Memory holds a tenth of the distinct keys. The day passes in minutes, and so does the clock of the
Valkeys (libfaketime): LRU counts whole seconds and LFU whole minutes, so at the real clock a fast
replay would measure mostly that. Last, the trace goes through our own edge with memory for all: the
hit rate when whatever memory forgets is kept in a second tier.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from bench import bars, bodies, loop, report, servers, trace, traffic
from bench.checks import Untrue
from bench.durable import Durable
from bench.evicting import Outcome, Policy, fast_clock, replay
from bench.field import PARTNER
from bench.place import Place
from portal import env

TRACE = env.BASE_DIR.parent / "shared" / "data" / "traces" / "trace-mt-20121220.trc.bin.gz"
MINUTES, RESPONSE_BYTES, CALLERS = 2.0, 2_048, 16
CUSTOMER = "shop"  # of its own: the second tier still has what others stored
LFU, DECAY = "allkeys-lfu", "lfu-decay-time"
POLICIES = (
    Policy("allkeys-lru"),
    Policy("allkeys-lru", {"maxmemory-samples": 10}),
    *(Policy(LFU, {DECAY: minutes}) for minutes in (1, 10, 30, 60, 240, 0)),
    Policy("allkeys-random"),
    Policy("volatile-lru"),
    Policy("volatile-lfu", {DECAY: 60}),
    Policy("volatile-random"),
    Policy("volatile-ttl"),
    *(Policy(LFU, {DECAY: 60}, share) for share in (0.15, 0.2, 0.25)),
    Policy("allkeys-lru", share=0.2),
)


def missing(file: Path) -> str:
    """What must be there first, as a sentence; '' when nothing."""
    if not fast_clock():
        return "libfaketime is not installed, so there is no hit rate: apt-get install -y faketime"
    if not file.exists():
        return f"the key sequence {file} is not there, so there is no hit rate: --trace FILE"
    return ""


def run(place: Place, file: Path, minutes: float) -> dict[str, Any]:
    """Replay by every policy at once, then through the edge. Raises Untrue, ServerError."""
    keys, library = trace.read(file), fast_clock()
    with ThreadPoolExecutor(len(POLICIES)) as pool:
        replays = [
            pool.submit(replay, keys, policy, minutes, library, place.folder) for policy in POLICIES
        ]
        rows = [_row(policy, one.result()) for policy, one in zip(POLICIES, replays, strict=True)]
    tenth = [row for row in rows if row["memory"] == "10 %"]
    best = max(row["hit rate %"] for row in tenth)
    for row in tenth:
        row["best"] = "best" if row["hit rate %"] == best else None
    rows.append(_through_edge(place, keys))
    return {
        "benchmark": "hit rate (goal 75 %)",
        "method": {
            "trace": file.name,
            **trace.facts(keys),
            "clock": f"a day in {minutes:g} minutes, the Valkeys' clock as fast (libfaketime)",
            "entries": "2 kB each, stored on a miss for 7 days ± 10 %; maxmemory steered",
        },
        "surroundings": report.surroundings(),
        "rows": rows,
        "bars": bars.judged(bars.HIT_RATE, rows),
    }


def _row(policy: Policy, outcome: Outcome) -> dict[str, Any]:
    return {
        "policy": policy.text,
        "memory": f"{100 * policy.share:g} %" if policy.share else "unlimited",
        "keys held": outcome.held,
        "evicted": outcome.evicted,
        "days": round(outcome.days, 2),
        "hit rate %": round(100 * outcome.hits / outcome.requests, 1),
        "best": None,
    }


@dataclass
class Caller:
    """Asks our edge for each key, stores what is not there, and compares what is."""

    keys: Sequence[int]
    edge: servers.Server
    key: str
    hits: int = 0
    wrong: int = 0
    _answer: loop.Answer | None = None

    def go(self) -> None:
        """All its keys, one after the other. Raises Untrue."""
        loop.converse(self.edge.port, self.asked(), self.heard)

    def asked(self) -> Iterator[tuple[int, bytes]]:
        """A lookup for each key, and a store behind each miss."""
        for number in self.keys:
            yield number, traffic.lookup(self.edge.host, self.key, number, CUSTOMER)
            response = bodies.response(number, RESPONSE_BYTES)
            if b'"hit":true' in self._body(200):
                self.hits += 1
                self.wrong += response not in self._body(200)
            else:
                yield number, traffic.store(self.edge.host, self.key, number, response, CUSTOMER)
                self._body(201)

    def heard(self, answer: loop.Answer) -> None:
        """The answer to what was asked last."""
        self._answer = answer

    def _body(self, status: int) -> bytes:
        if self._answer is None or self._answer.status != status:
            raise Untrue(f"the edge answered {self._answer}, not {status}")
        return self._answer.body


def check_ceiling(keys: Sequence[int], hits: int, wrong: int, events: Counter[str]) -> None:
    """With room for all, exactly the first request for each key misses. Raises Untrue."""
    distinct = len(set(keys))
    due = Counter({"lookup:miss": distinct, "store:stored": distinct})
    due["lookup:hit"] = len(keys) - distinct
    if wrong or hits != due["lookup:hit"] or events != due:
        raise Untrue(f"{hits} hits, {wrong} with another body, events {dict(events)}; due: {due}")


def _through_edge(place: Place, keys: Sequence[int]) -> dict[str, Any]:
    """Each caller has keys of its own, so that every key's requests keep their order."""
    cache = redis.Redis.from_url(place.stack.urls["CACHE_URL"])
    cache.execute_command("FLUSHALL", "SYNC")
    durable = Durable(place.stack.urls["EVENTS_URL"])
    durable.begin()
    with servers.edge(place, min(os.sched_getaffinity(0))) as edge:
        callers = [
            Caller([key for key in keys if key % CALLERS == number], edge, place.keys[PARTNER])
            for number in range(CALLERS)
        ]
        with ThreadPoolExecutor(CALLERS) as pool:
            list(pool.map(Caller.go, callers))
    hits, wrong = sum(one.hits for one in callers), sum(one.wrong for one in callers)
    check_ceiling(keys, hits, wrong, durable.new())
    outcome = Outcome(len(keys), hits, cache.dbsize(), 0, 0)
    return _row(Policy("through our edge", share=None), outcome)


def show(result: report.Facts) -> None:
    """Print it."""
    print(report.facts(result["method"] | result["surroundings"]))
    print("\n" + report.table(result["rows"]))
    print("\n" + report.table(result["bars"]))
