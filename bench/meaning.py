"""P12 through the edge: one caller asks real questions that were stored in other words.

The newest 2,000 of BANKING77's training questions are stored, so that every lookup embeds its
question, searches a full partition and checks guards; what is timed is the whole request over HTTP
on loopback, authentication and the durable usage event included. Aborts unless every answer is 200
and each semantic hit has its durable event.
"""

import http.client
import json
import os
import statistics
import time
from collections import Counter
from typing import Any

from bench import banking, bars, report, servers
from bench.checks import Untrue
from bench.durable import Durable
from bench.place import Place
from cache_api.hot.shelves import MAX_RECORDS

PARTNER = "redis-labs"
POLICY = {"threshold": 0.92, "budget_bps": 100, "shadow_bps": 200}
ASKED = 600
METHOD = {
    "asked": f"{ASKED} test questions, one at a time, on one connection",
    "stored": "the newest 2,000 training questions, one partition",
    "policy": json.dumps(POLICY),
    "server": "edge on one core, both Valkeys elsewhere",
}


class Caller:
    """One connection with a partner's key."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer's JSON. Raises Untrue for anything but success."""
        self._connection.request("POST", path, json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        raw = answer.read()
        if answer.status not in (200, 201):
            raise Untrue(f"{path} answered {answer.status}: {raw[:200]!r}")
        told: dict[str, Any] = json.loads(raw)
        return told


def request(text: str) -> dict[str, Any]:
    """A question that may take part."""
    return {
        "provider": "openai", "model": "gpt-4o-mini", "temperature": 0,
        "messages": [{"role": "system", "content": "You help customers of a bank."},
                     {"role": "user", "content": text}],
    }  # fmt: skip


def run(place: Place) -> dict[str, Any]:
    """Measure; the result as it goes to JSON. Raises Untrue."""
    place.run("manage.py", "entitle", PARTNER, "semantic", json.dumps(POLICY), "--as", "bench")
    key = json.loads(place.run("-m", "bench.keys"))[PARTNER]
    core = sorted(os.sched_getaffinity(0))[0]
    durable = Durable(place.stack.urls["EVENTS_URL"])
    with servers.edge(place, core) as server:
        caller = Caller(server.port, key)
        _fill(caller)
        durable.begin()
        cpu_s = server.cpu_s()
        times, found = _ask(caller)
        cpu_ms = (server.cpu_s() - cpu_s) / ASKED * 1000
        events = durable.new(at_least=ASKED)
    hits = found["semantic_hit"]
    if not hits == events["lookup:semantic_hit"] > 0 or events.total() != ASKED:
        raise Untrue(f"{ASKED} lookups, {dict(found)}, left the durable events {dict(events)}")
    row = {
        "server": "edge", "lookups": len(times), "semantic hits": hits,
        "p50 ms": round(statistics.median(times), 2), "p95 ms": _percentile(times, 95),
        "p99 ms": _percentile(times, 99), "CPU ms/lookup": round(cpu_ms, 2),
    }  # fmt: skip
    return {
        "benchmark": "semantic lookups through the edge (P12)",
        "method": METHOD | {"core": core},
        "surroundings": report.surroundings(),
        "rows": [row],
        "answers": dict(found),
        "bars": bars.judged(bars.SEMANTIC, [row]),
    }


def show(result: dict[str, Any]) -> None:
    """Print it."""
    print(report.facts(result["method"] | result["surroundings"]))
    print("\n" + report.table(result["rows"]))
    print(f"answers: {result['answers']}\n")
    print(report.table(result["bars"]))


def _fill(caller: Caller) -> None:
    for number, text in enumerate(banking.questions("train")[::5][-MAX_RECORDS:]):
        said = {"choices": [{"message": {"content": f"{number}"}, "finish_reason": "stop"}]}
        caller.post("/api/overflow/store", {"original_request": request(text), "response": said})


def _ask(caller: Caller) -> tuple[list[float], Counter[str]]:
    times, found = [], Counter[str]()
    for text in banking.questions("test")[:ASKED]:
        body = {"original_request": request(text)}
        began = time.perf_counter()
        told = caller.post("/api/overflow", body)
        took_ms = (time.perf_counter() - began) * 1000
        if told["status"] != "hit":  # an exact one asks no model
            times.append(took_ms)
        found[told.get("reason") or told["status"]] += 1
    return times, found


def _percentile(times: list[float], percent: int) -> float:
    return round(sorted(times)[len(times) * percent // 100], 2)
