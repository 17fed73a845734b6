"""P1–P4: cached exact hits through both our doors, beside webdis and LiteLLM, in one run.

    python -m bench edge [--full] [--rows edge,drf,webdis] [--sizes 2048] [--rounds N] [--seconds N]

1,000 different requests in turn, each with a response of its own. Ours authenticates, checks the
customer, canonicalises, decrypts and marks each answer durably; webdis does one GET of a value of
the same size in the same Valkey. Rounds are interleaved. Aborts unless 200s = hits = durable events
= event rows and every body is the stored one.
"""

import os
import time
from dataclasses import dataclass
from typing import Any

import redis

from bench import bars, bodies, figures, load, processes, report, servers
from bench.durable import Durable, Rows
from bench.field import LITELLM, WEBDIS, Field, field_of, missing
from bench.figures import Line, Round
from bench.litellm import VERSION
from bench.place import Place

WARM_S = 1
PORTKEY = (
    "Portkey is not measured: its npm package cannot cache and its source is on no package index. "
    "Its 669 requests/s (c=16, 2 kB, one core of such a machine) are from when it was built."
)


@dataclass(frozen=True)
class Plan:
    """What is measured: response sizes, connections, rows (of `field.NAMES`), rounds of seconds.

    `minutes`: for all of it once the servers run; a size past its share has fewer rounds, one at
    least.
    """

    sizes: tuple[int, ...]
    connections: tuple[int, ...]
    rows: tuple[str, ...]
    rounds: int = 3
    seconds: float = 2
    minutes: float = 60


QUICK = Plan((2_048,), (64, 16, 1), ("edge", "key", "drf", "webdis"))
# With what starts and installs, twelve minutes.
FULL = Plan(bodies.SIZES, (64, 16, 1), ("edge", "drf", "webdis", "litellm"), seconds=1, minutes=8)


def run(place: Place, plan: Plan) -> dict[str, Any]:
    """Measure everything; the result as it goes to JSON. Raises Untrue."""
    cores = sorted(os.sched_getaffinity(0))
    durable, event_rows = Durable(place.stack.urls["EVENTS_URL"]), Rows(place)
    digests: dict[str, str] = {}
    rounds: dict[Line, list[Round]] = {}
    aside = [server.child.pid for server in place.stack.servers.values()]
    with field_of(place, durable, plan.rows, cores[0]) as field:
        began_s = time.monotonic()
        for number, size in enumerate(plan.sizes, 1):
            ends_s = began_s + 60 * plan.minutes * number / len(plan.sizes)
            with processes.moved(aside, cores[-1]):
                print(f"{size:,} bytes …", flush=True)
                digests[str(size)] = field.fill(size)
                _measure(field, plan, size, ends_s, rounds)
            recorded = event_rows.record(durable)
        rss_mb = {one.name: round(one.server.rss_mb()) for one in field.subjects}
        append_ms = durable.append_alone_ms()
    rows = figures.rows(rounds, {"webdis": WEBDIS, "LiteLLM": LITELLM}, rss_mb)
    return {
        "benchmark": "edge (P1–P4)",
        "method": method(cores, plan),
        "surroundings": surroundings(place) | {"one durable append ms": append_ms},
        "SHA-256 over all responses, by bytes": digests,
        "event rows compared": recorded,
        "rows": rows,
        "bars": bars.judged(bars.EDGE, rows),
        "not measured": [text for text in (missing(plan.rows), PORTKEY) if text],
    }


def _measure(
    field: Field, plan: Plan, size: int, ends_s: float, rounds: dict[Line, list[Round]]
) -> None:
    """All rounds of one size. `ends_s`: by the monotonic clock, after which none begins."""
    for subject in field.subjects:
        subject.round(plan.connections[0], WARM_S)
    for number in range(plan.rounds):
        if number and time.monotonic() > ends_s:
            return
        for connections in plan.connections:
            for subject in field.subjects:
                one = Round(*subject.round(connections, plan.seconds))
                rounds.setdefault(Line(size, connections, subject.name), []).append(one)


def method(cores: list[int], plan: Plan) -> dict[str, str]:
    """How it was measured."""
    return {
        "requests": f"{bodies.KEYS:,} different ones in turn, a response of its own for each",
        "rounds": f"up to {plan.rounds} of {plan.seconds:g} s, interleaved; medians, and ratios "
        "within each round",
        "server": f"all its processes on core {cores[0]} (edge, webdis, LiteLLM: one; DRF: 2 × 4)",
        "load": f"{load.generator()}; on core {cores[-1]} with both Valkeys and PostgreSQL",
        "checked": "200s = hits = durable events (appendfsync always) in every round, every body; "
        "then event rows in PostgreSQL = events; LiteLLM: its provider was not asked",
        "CPU µs": "CPU time of the server's processes for one answer; CPU × = theirs / this one's",
    }


def surroundings(place: Place) -> dict[str, Any]:
    """Versions and the machine."""
    valkey = redis.Redis.from_url(place.stack.urls["CACHE_URL"]).info("server")
    return report.surroundings() | {
        "gunicorn": report.version("gunicorn"),
        "webdis": servers.webdis_version(),
        "LiteLLM": VERSION,
        "valkey": valkey["valkey_version"],
    }


def show(result: dict[str, Any]) -> None:
    """Print it."""
    print(report.facts(result["method"] | result["surroundings"]))
    print("\n" + report.table(result["rows"]))
    print("\n" + report.table(result["bars"]))
    print("\n" + "\n".join(result["not measured"]))
