"""P1, P3: a cached exact hit through our edge beside webdis, in one run on the same cores.

    python -m bench edge

Ours authenticates, checks the customer, canonicalises, decrypts and marks each answer durably;
webdis does one GET of a value of the same size in the same Valkey. Rounds are interleaved. Aborts
unless 200s = hits = durable events and every body is the stored one.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis

from bench import figures, load, report, rivals, traffic
from bench.checks import check_answers, check_body, check_durable
from bench.place import Place

ROUNDS, SECONDS, WARM_S = 3, 2, 1
CONNECTIONS = (16, 1)
VALUE = "bench:value"
BARS = "P1 ≥ 0.6 × webdis; P3 c=1 p50 ≤ 1.5 ms, p99 ≤ 5 ms; c=16 p99 ≤ 10 ms"
WHOLE, BY_KEY, WEBDIS = "edge, whole request", "edge, cache_key only", "webdis, one GET"


@dataclass(frozen=True)
class Subject:
    """One line of the table: a server and what it is asked."""

    name: str
    server: rivals.Server
    request: bytes
    value_after: str
    hit_mark: str
    is_metered: bool = True


class Bench:
    """The measuring: one stored response, one durable stream, several subjects."""

    def __init__(self, place: Place) -> None:
        self.value = traffic.response()
        self.stream = traffic.DurableStream(place.stack.urls["EVENTS_URL"])

    def measure(self, subject: Subject, connections: int, seconds: float) -> figures.Round:
        """One round, compared before it counts. Raises Untrue."""
        order = load.Order(
            subject.server.port, subject.request.decode(), self.value.decode(), subject.hit_mark,
            connections, seconds,
        )  # fmt: skip
        self.check_one(subject)
        self.stream.new()
        cpu_s = subject.server.cpu_s()
        tally = load.fire(order)
        cpu_s = subject.server.cpu_s() - cpu_s
        check_answers(tally, connections)
        if subject.is_metered:
            events = self.stream.new(at_least=tally.sent)
            hits = events.pop("lookup:hit", 0)
            check_durable(tally, hits, events.total())
        self.check_one(subject)
        return figures.Round(tally, cpu_s)

    def check_one(self, subject: Subject) -> None:
        """The body hash of one answer of its own. Raises Untrue."""
        answer = traffic.once(subject.server.port, subject.request)
        check_body(answer, subject.value_after.encode(), self.value)


@contextmanager
def subjects(place: Place, core: int, value: bytes) -> Iterator[list[Subject]]:
    """The servers, running, with the response stored in each."""
    key = place.keys["redis-labs"]
    with rivals.edge(place, core) as ours, rivals.webdis(place, core) as theirs:
        traffic.store(ours.port, key, value)
        found = [
            Subject(name, ours, traffic.lookup(ours.port, key, whole=name == WHOLE),
                    '"response":', '"hit":true')
            for name in (WHOLE, BY_KEY)
        ]  # fmt: skip
        if theirs is not None:
            redis.Redis.from_url(place.stack.urls["CACHE_URL"]).set(VALUE, value)
            request = traffic.plain_get(theirs.port, VALUE)
            found.append(Subject(WEBDIS, theirs, request, "\r\n\r\n", value[:40].decode(), False))
        yield found


def run(place: Place) -> dict[str, Any]:
    """Measure everything; the result as it goes to JSON. Raises Untrue."""
    cores = sorted(os.sched_getaffinity(0))
    bench = Bench(place)
    rounds: dict[tuple[str, int], list[figures.Round]] = {}
    with rivals.moved(place, cores[-1]), subjects(place, cores[0], bench.value) as found:
        for subject in found:
            bench.measure(subject, CONNECTIONS[0], WARM_S)
        for _ in range(ROUNDS):
            for connections in CONNECTIONS:
                for subject in found:
                    one = bench.measure(subject, connections, SECONDS)
                    rounds.setdefault((subject.name, connections), []).append(one)
        append_ms = bench.stream.append_alone_ms()
    result = {
        "benchmark": "edge (P1, P3)",
        "method": method(cores, bench.value),
        "surroundings": surroundings(place) | {"one durable append ms": append_ms},
        "bars": BARS,
        "rows": figures.rows(rounds, beside=WEBDIS),
    }
    show(result)
    return result


def method(cores: list[int], value: bytes) -> dict[str, str]:
    """How it was measured."""
    return {
        "payload": f"cached response of {len(value)} bytes",
        "SHA-256": hashlib.sha256(value).hexdigest(),
        "rounds": f"{ROUNDS} interleaved of {SECONDS} s a line; medians, ratios within a round",
        "server": f"one process, pinned to core {cores[0]}",
        "load": f"{load.generator()}; on core {cores[-1]} with both Valkeys",
        "checked": "200s = hits = durable events (appendfsync always) in every round; every body",
    }


def surroundings(place: Place) -> dict[str, Any]:
    """Versions and the machine."""
    valkey = redis.Redis.from_url(place.stack.urls["CACHE_URL"]).info("server")
    known = {"webdis": rivals.webdis_version(), "valkey": valkey["valkey_version"]}
    return report.surroundings() | known


def show(result: dict[str, Any]) -> None:
    """Print it."""
    print(report.facts(result["method"] | result["surroundings"] | {"bars": result["bars"]}))
    print("\n" + report.table(result["rows"]))
    if not any(row["server"] == WEBDIS for row in result["rows"]):
        print("webdis is not installed, so there is no ratio: apt-get install -y webdis")
