"""Three regions with long lines between them: what a hit takes in each of them.

    python -m bench regions [--links 80,150]

Three pairs of Valkeys and an edge each; what leads from a region to another's goes through a link
of `bench.links` (round trips eu–us: the first, ap: the second of --links). In each region: hits of
its own memory, first hits of what another region stored, again the same, and misses.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from math import ceil
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from bench import bodies, loop, report, servers, traffic
from bench.checks import Untrue
from bench.field import PARTNER
from bench.links import Links
from bench.place import Place
from bench.servers import Server
from portal import env
from portal.servers import ports
from portal.servers.valkey import Valkey

NAMES, ROUNDS, PATIENCE_S = ("eu", "us", "ap"), 100, 60
SIZE = 2_048


def run(place: Place, links_ms: Sequence[float]) -> dict[str, Any]:
    """Measure; the result as it goes to JSON. Raises Untrue."""
    with ExitStack() as stack:
        links = Links()
        stack.callback(links.close)
        urls = {**place.stack.urls, **stack.enter_context(_others(place))}
        _tell_all(place, urls)
        edges = {
            name: stack.enter_context(_edge(place, urls, links, name, links_ms)) for name in NAMES
        }
        for edge in edges.values():
            _await_hits(place, edge)
        rows = [row for name in NAMES for row in _rows(place, edges, name)]
    return {
        "benchmark": "regions", "rows": rows,
        "surroundings": {"round trips eu–us, to ap, ms": ", ".join(map(str, links_ms)),
                         "requests a row": ROUNDS, **report.surroundings()},
    }  # fmt: skip


def show(result: report.Facts) -> None:
    """Print it."""
    print(report.table(result["rows"]))
    print(report.facts(result["surroundings"]))


def _rtt_ms(one: str, other: str, links_ms: Sequence[float]) -> float:
    return links_ms[-1] if "ap" in (one, other) else links_ms[0]


@contextmanager
def _others(place: Place) -> Iterator[dict[str, str]]:
    """The place's own servers are the home's; a pair for each of the others, by variable."""
    with ExitStack() as stack:
        urls: dict[str, str] = {}
        for name in NAMES[1:]:
            for kind in ("cache", "events"):
                server = Valkey(kind, place.folder, ports.pick(), region=name)
                stack.callback(server.child.kill)
                server.start()
                urls |= server.urls()
        yield urls


def _tell_all(place: Place, urls: Mapping[str, str]) -> None:
    """The recorder publishes the facts in every region."""
    environ = {**place.environ, **urls, "REGIONS": ",".join(NAMES), "AC_DB_LOGIN": "recorder"}
    subprocess.run([sys.executable, "manage.py", "record", "--once"], cwd=env.BASE_DIR,
                   env=environ, check=True, capture_output=True)  # fmt: skip


@contextmanager
def _edge(
    place: Place, urls: Mapping[str, str], links: Links, name: str, links_ms: Sequence[float]
) -> Iterator[Server]:
    own = dict(urls)
    for other in NAMES:
        if other != name:
            for kind in ("CACHE", "EVENTS"):
                variable = f"{kind}_URL" + ("" if other == NAMES[0] else f"_{other.upper()}")
                far = urlsplit(own[variable])
                port = links.to(far.port or 6379, _rtt_ms(name, other, links_ms))
                own[variable] = far._replace(netloc=far.netloc.replace(str(far.port), str(port))
                                             ).geturl()  # fmt: skip
    wait_ms = str(round(3 * max(links_ms)))
    more = {**own, "REGIONS": ",".join(NAMES), "REGION": name, "REGION_DEADLINE_MS": wait_ms}
    with servers.edge(place, min(os.sched_getaffinity(0)), more) as edge:
        yield edge


def _await_hits(place: Place, edge: Server) -> None:
    """A region answers with misses until it follows the home's purges."""
    ends = time.monotonic() + PATIENCE_S
    while not _ask(place, edge, "ready", [0], store=True) or not all(
        one[1] for one in _ask(place, edge, "ready", [0])
    ):
        if time.monotonic() > ends:
            raise Untrue("a region never answered with a hit")
        time.sleep(0.2)


def _rows(place: Place, edges: dict[str, Server], name: str) -> list[dict[str, Any]]:
    others = [other for other in NAMES if other != name]
    numbers = range(ROUNDS)
    _ask(place, edges[name], f"of-{name}", numbers, store=True)
    rows = [_row(name, "own memory", _ask(place, edges[name], f"of-{name}", numbers), True)]
    for other in others:
        customer = f"{other}-for-{name}"
        _ask(place, edges[other], customer, numbers, store=True)
        time.sleep(1)  # until the stores' word has come over the link
        rows.append(
            _row(name, f"stored in {other}, first", _ask(place, edges[name], customer, numbers),
                 True),
        )  # fmt: skip
        rows.append(
            _row(name, f"stored in {other}, again", _ask(place, edges[name], customer, numbers),
                 True),
        )  # fmt: skip
    rows.append(
        _row(name, "nowhere (miss)", _ask(place, edges[name], f"nobody-{name}", numbers), False)
    )
    return rows


def _ask(
    place: Place, edge: Server, customer: str, numbers: Sequence[int], *, store: bool = False
) -> list[tuple[float, bool]]:
    """(ms, whether it was a hit) of each; one at a time. Raises Untrue."""
    key = place.keys[PARTNER]
    requests = [
        traffic.store(edge.host, key, n, bodies.response(n, SIZE), customer) if store
        else traffic.lookup(edge.host, key, n, customer) for n in numbers
    ]  # fmt: skip
    answers = loop.ask(edge.port, requests, 1)
    if bad := [one.body for one in answers if one.status not in {200, 201}]:
        raise Untrue(f"{len(bad)} refused: {bad[0][:200]!r}")
    return [(one.took_ns / 1e6, bool(json.loads(one.body).get("hit"))) for one in answers]


def _row(
    region: str, what: str, found: Sequence[tuple[float, bool]], is_hit: bool
) -> dict[str, Any]:
    hits = sum(hit for _, hit in found)
    if (hits == 0) is is_hit:
        raise Untrue(f"{region}, {what}: {hits} hits")
    took = sorted(ms for ms, hit in found if hit is is_hit)
    return {
        "region": region, "asked for": what, "hits": hits, "of": len(found),
        "p50 ms": round(median(took), 1), "p99 ms": round(took[ceil(len(took) * 0.99) - 1], 1),
    }  # fmt: skip
