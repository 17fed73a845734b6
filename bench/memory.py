"""P11: memory of one idle edge process and of a web worker; and an edge that stays flat.

    python -m bench memory [--full]

Flat: requests that are all different, so that whatever a process remembers of one would pile up:
other requests, cache keys, customers, host names and API keys. Aborts unless each is answered as it
must be and every lookup left one durable event.
"""

import itertools
import json
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bench import bars, bodies, loop, report, servers, traffic
from bench.checks import Untrue
from bench.durable import Durable
from bench.field import PARTNER
from bench.place import Place
from tenants.rules import keys

CONNECTIONS, SAMPLES, PAGES = 16, 10, 20


@dataclass(frozen=True)
class Plan:
    """How many requests, all different, the edge is sent; 0: only the idle processes."""

    requests: int


QUICK, FULL = Plan(0), Plan(200_000)
# What one request differs by, and the status it gets. All of one process' memories are here.
KINDS: dict[str, int] = {
    "request": 200, "cache_key": 200, "customer": 200, "host": 200, "API key": 401,
}  # fmt: skip
METHOD = {
    "RSS": "VmRSS of /proc, in 10⁶ bytes: what others have too (libraries) is counted in full",
    "PSS": "the same with what is shared counted by share: what the machine needs for it",
    "flood": f"requests all different, in turn by {', '.join(KINDS)}; c = {CONNECTIONS}",
    "checked": "each answered as it must be; lookups answered = durable events",
}


@dataclass
class Strangers:
    """Requests nobody has sent before, kind after kind, and what they were answered."""

    host: str
    key: str
    answered: Counter[tuple[str, int]] = field(default_factory=Counter)

    def asked(self, number: int) -> Iterator[tuple[int, bytes]]:
        """That many, the kinds in turn."""
        for index in range(number):
            yield index, self._request(list(KINDS)[index % len(KINDS)])

    def heard(self, answer: loop.Answer) -> None:
        """Count it by kind and status."""
        self.answered[list(KINDS)[answer.index % len(KINDS)], answer.status] += 1

    def _request(self, kind: str) -> bytes:
        random = uuid.uuid4().hex
        body: dict[str, Any] = {"provider": "redis", "customer_id": traffic.CUSTOMER}
        host, key = self.host, self.key
        if kind == "cache_key":
            body["cache_key"] = random * 2
        else:
            about = {"role": "user", "content": random}
            body["original_request"] = bodies.request(0) | {"messages": [about]}
        if kind == "customer":
            body["customer_id"] = random
        elif kind == "host":
            host = f"{random}.example"
        elif kind == "API key":
            key = keys.mint(livemode=True).text
        return traffic.post(host, "/api/overflow", key, json.dumps(body).encode())


def run(place: Place, plan: Plan) -> dict[str, Any]:
    """Measure; the result as it goes to JSON. Raises Untrue."""
    core = min(os.sched_getaffinity(0))
    with servers.edge(place, core) as edge:
        rows = [_row("edge, idle", 0, edge)]
        if plan.requests:
            rows += _grown(place, edge, plan.requests)
    return {
        "benchmark": "memory (P11)",
        "method": METHOD,
        "surroundings": report.surroundings(),
        "rows": (rows := rows + _web_rows(place, core)),
        "bars": bars.judged(bars.MEMORY, rows),
    }


def _grown(place: Place, edge: servers.Server, requests: int) -> list[dict[str, Any]]:
    """RSS ten times on the way; then what the second half added, when memories are full."""
    durable, strangers = (
        Durable(place.stack.urls["EVENTS_URL"]),
        Strangers(edge.host, place.keys[PARTNER]),
    )
    durable.begin()
    rows, step = [], requests // SAMPLES
    for sent in range(step, requests + 1, step):
        loop.converse(edge.port, strangers.asked(step), strangers.heard, CONNECTIONS)
        rows.append(_row("edge, flooded", sent, edge))
    check(strangers.answered, requests, durable.new())
    first, last = rows[SAMPLES // 2 - 1], rows[-1]
    return [
        *rows,
        {
            "what": "edge, growth in the second half",
            "after requests": requests,
            **{name: round(last[name] - first[name], 1) for name in ("RSS MB", "PSS MB")},
        },
    ]


def _row(what: str, requests: int, server: servers.Server) -> dict[str, Any]:
    rss_mb, pss_mb = server.memory_mb()
    return {"what": what, "after requests": requests, "RSS MB": round(rss_mb, 1),
            "PSS MB": round(pss_mb, 1)}  # fmt: skip


def check(answered: Counter[tuple[str, int]], sent: int, events: Counter[str]) -> None:
    """Every request was answered with its kind's status; each lookup left its event. Untrue."""
    wrong = {pair: n for pair, n in answered.items() if KINDS[pair[0]] != pair[1]}
    if wrong or answered.total() != sent:
        raise Untrue(f"{sent} requests, {answered.total()} answers, of these not as due: {wrong}")
    lookups = sum(count for (_, status), count in answered.items() if status == 200)
    if events != Counter({"lookup:miss": lookups}):
        raise Untrue(f"{lookups} misses were answered, but the events are {dict(events)}")


def _web_rows(place: Place, core: int) -> list[dict[str, Any]]:
    """The larger worker before any request, and after pages and lookups."""
    place.run("manage.py", "collectstatic", "--noinput", "--verbosity=0")
    with servers.web(place, core) as web:
        rows = [_row("web worker, fresh", 0, web)]
        page = b"GET /accounts/login/ HTTP/1.1\r\nHost: %b\r\n\r\n" % web.host.encode()
        key = place.keys[PARTNER]
        asks: list[Callable[[int], bytes]] = [
            lambda n: page, lambda n: traffic.lookup(web.host, key, n),
        ]  # fmt: skip
        requests = [one(n) for n, one in zip(range(PAGES), itertools.cycle(asks), strict=False)]
        statuses = Counter(answer.status for answer in loop.ask(web.port, requests, 4))
        if set(statuses) != {200}:
            raise Untrue(f"pages and lookups of the web process were answered {dict(statuses)}")
        return [*rows, _row("web worker, idle after use", PAGES, web)]


def show(result: report.Facts) -> None:
    """Print it."""
    print(report.facts(result["method"] | result["surroundings"]))
    print("\n" + report.table(result["rows"]))
    print("\n" + report.table(result["bars"]))
