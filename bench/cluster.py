"""Hits with `cache` as one Valkey, as a cluster of one node and of three, in one run.

    python -m bench cluster [--rounds N] [--seconds N]

An edge of its own for each, on one core; all Valkeys share another with the load. So this shows
what asking a cluster costs an edge, and that its keys do lie on all nodes; it cannot show what
three machines give, since there is one. Checked as `edge` is.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import redis

from bench import bodies, figures, load, loop, processes, report, servers, traffic
from bench.checks import Untrue, check_stored
from bench.durable import Durable
from bench.field import PARTNER
from bench.figures import Line, Round
from bench.place import Place
from bench.subject import AT_ONCE, Subject
from portal.servers.cluster import Cluster

SIZE, CONNECTIONS = 2_048, (64, 16)
ONE = "one Valkey"


def run(place: Place, rounds: int, seconds: float) -> dict[str, Any]:
    """Measure; the result as it goes to JSON. Raises Untrue."""
    cores = sorted(os.sched_getaffinity(0))
    durable = Durable(place.stack.urls["EVENTS_URL"])
    found: dict[Line, list[Round]] = {}
    with ExitStack() as stack:
        clusters = {size: stack.enter_context(_cluster(place, size)) for size in (1, 3)}
        aside = [one.child.pid for one in place.stack.servers.values()]
        aside += [node.child.pid for one in clusters.values() for node in one.nodes]
        urls = {ONE: place.stack.urls["CACHE_URL"]} | {
            f"cluster of {size}": one.url() for size, one in clusters.items()
        }
        rows = [stack.enter_context(_subject(place, durable, name, url, cores[0]))
                for name, url in urls.items()]  # fmt: skip
        with processes.moved(aside, cores[-1]):
            parts = [_fill(place, one, clusters) for one in rows][-1]
            for _ in range(rounds):
                for connections in CONNECTIONS:
                    for one in rows:
                        measured = Round(*one.round(connections, seconds))
                        found.setdefault(Line(SIZE, connections, one.name), []).append(measured)
    return {
        "benchmark": "cluster",
        "rows": figures.rows(found, {"one": ONE}, {}),
        "surroundings": {
            "entries on the three nodes": ", ".join(map(str, parts)),
            "load": load.generator(), **report.surroundings(),
        },
    }  # fmt: skip


def show(result: report.Facts) -> None:
    """Print it."""
    print(report.table(result["rows"]))
    print(report.facts(result["surroundings"]))


@contextmanager
def _cluster(place: Place, size: int) -> Iterator[Cluster]:
    folder = place.folder / f"cluster-{size}"
    folder.mkdir(mode=0o700)
    (folder / "secrets").symlink_to(place.folder / "secrets")
    with Cluster(folder, size) as found:
        yield found


@contextmanager
def _subject(
    place: Place, durable: Durable, name: str, cache_url: str, core: int
) -> Iterator[Subject]:
    real = place.stack.urls["CACHE_URL"]
    place.stack.urls["CACHE_URL"] = cache_url
    try:
        with servers.edge(place, core) as edge:
            key = place.keys[PARTNER]

            def ask(index: int, customer: str) -> bytes:
                return traffic.lookup(edge.host, key, index, customer)

            yield Subject(name, edge, ask, durable, b'"response":', '"hit":true')
    finally:
        place.stack.urls["CACHE_URL"] = real


def _fill(place: Place, one: Subject, clusters: dict[int, Cluster]) -> list[int]:
    """The same responses through its own door; the entries on each of three nodes by then."""
    responses = [bodies.response(index, SIZE) for index in range(bodies.KEYS)]
    customer = one.name.replace(" ", "-")
    one.lay_out(place.folder / "decks" / customer, customer, responses)
    stores = [traffic.store(one.server.host, place.keys[PARTNER], n, body, customer)
              for n, body in enumerate(responses)]  # fmt: skip
    told = loop.ask(one.server.port, stores, AT_ONCE)
    check_stored(Counter(answer.status for answer in told), 201)
    one.prove()
    parts = [redis.Redis.from_url(node.url()).dbsize() for node in clusters[3].nodes]
    if one.name == "cluster of 3" and min(parts) < bodies.KEYS / 6:
        raise Untrue(f"the keys are not spread: {parts}")
    return parts
