"""One partner sends five times its limit: what another one, who asks at its own pace, feels.

    python -m bench neighbours [--rounds N] [--seconds N]

Both ask for cached exact hits of 2,048 bytes through one edge process. Rounds are interleaved: B
alone, B beside an A that keeps to its limit, B while A sends five times that, and so on; a ratio is
of rounds beside each other. The second says what A's paid traffic costs, whose events wait for the
same disk: what is more than that is the flood's. Aborts unless every answer B got is a 200, and A
got about its limit and 429 for the rest.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench import bars, bodies, load, loop, processes, report, servers, traffic
from bench.checks import Untrue, check_stored
from bench.paced import Heard, Pace, Round
from bench.place import Place
from bench.subject import AT_ONCE

A, B = "redis-labs", "pinecone"
LIMIT_PER_S, TIMES, B_PER_S = 200, 5, 200
ROUNDS, SECONDS, SIZE = 5, 10, 2_048
WARM_S = 2.0
WHO = ("B alone", "B, while A keeps to its limit", "B, while A floods", "A, floods")


def run(place: Place, rounds: int = ROUNDS, seconds: float = SECONDS) -> dict[str, Any]:
    """Measure; the result as it goes to JSON. Raises Untrue."""
    limits = json.dumps({"partner_rps": LIMIT_PER_S, "partner_burst": LIMIT_PER_S})
    place.run("manage.py", "entitle", A, "limits", limits, "--as", "bench")
    place.keys = json.loads(place.run("-m", "bench.keys"))
    cores = sorted(os.sched_getaffinity(0))
    aside = [server.child.pid for server in place.stack.servers.values()]
    with servers.edge(place, cores[0]) as edge, processes.moved(aside, cores[-1]):
        decks = {slug: _deck(place, edge, slug) for slug in (B, A)}
        Round(Pace(str(decks[B]), edge.port, B_PER_S, WARM_S)).heard()
        asked = [_round(decks, edge.port, seconds) for _ in range(rounds)]
    rows = [_row(who, [one[n] for one in asked]) for n, who in enumerate(WHO)]
    for n in (1, 2):
        ratios = [one[n].p99_us / one[0].p99_us for one in asked]
        rows[n] |= {"p99 ×": round(median(ratios), 2),
                    "p99 × range": f"{min(ratios):.2f}–{max(ratios):.2f}"}  # fmt: skip
    return {
        "benchmark": "a partner beside one that sends five times its limit",
        "method": method(rounds, seconds, cores),
        "surroundings": report.surroundings(),
        "rows": [
            row | {"p99 ×": row.get("p99 ×"), "p99 × range": row.get("p99 × range", "–")}
            for row in rows
        ],
        "bars": bars.judged(bars.NEIGHBOURS, rows),
    }


def method(rounds: int, seconds: float, cores: list[int]) -> dict[str, str]:
    """How it was measured."""
    return {
        "A": f"may make {LIMIT_PER_S} requests/s, sends {LIMIT_PER_S * TIMES}",
        "B": f"sends {B_PER_S} requests/s, no limit",
        "rounds": f"{rounds} of three times {seconds:g} s, alone, beside A at its limit and beside "
        "its flood in turn; the ratio is the rounds' median",
        "server": f"one edge process on core {cores[0]}",
        "load": f"paced, on core {cores[-1]} with both Valkeys; latency of 200s from when each "
        "request was due",
        "checked": "B: nothing but 200s; A: 200s within a tenth of its limit and burst, else 429",
    }


def show(result: dict[str, Any]) -> None:
    """Print it."""
    print(report.facts(result["method"] | result["surroundings"]))
    print("\n" + report.table(result["rows"]))
    print("\n" + report.table(result["bars"]))


def _deck(place: Place, edge: servers.Server, slug: str) -> Path:
    """The partner's requests as a file, each answered once as a hit. Raises Untrue."""
    key, indexes = place.keys[slug], range(AT_ONCE * 8)
    stores = [traffic.store(edge.host, key, n, bodies.response(n, SIZE)) for n in indexes]
    lookups = [traffic.lookup(edge.host, key, n) for n in indexes]
    for number in range(0, len(stores), AT_ONCE):  # A may not make many at once
        some = loop.ask(edge.port, stores[number : number + AT_ONCE])
        check_stored(Counter(answer.status for answer in some), 201)
    folder = place.folder / "decks" / slug
    load.lay(folder, lookups, [])
    return folder / "requests"


def _round(decks: dict[str, Path], port: int, seconds: float) -> tuple[Heard, Heard, Heard, Heard]:
    calm = Pace(str(decks[B]), port, B_PER_S, seconds)
    alone = Round(calm).heard()
    beside, kept = _beside(calm, str(decks[A]), LIMIT_PER_S)
    flooded, flood = _beside(calm, str(decks[A]), LIMIT_PER_S * TIMES)
    _check((alone, beside, flooded), flood)
    if set(kept.statuses) != {"200"}:
        raise Untrue(f"A kept to its limit and was answered {kept.statuses}")
    return alone, beside, flooded, flood


def _beside(calm: Pace, deck: str, per_s: float) -> tuple[Heard, Heard]:
    """B's round, and A's around it: it has begun before B does, and ends after it."""
    storm = Round(Pace(deck, calm.port, per_s, calm.seconds + 2))
    time.sleep(1)
    heard = Round(calm).heard()
    return heard, storm.heard()


def _check(calm: Sequence[Heard], flooded: Heard) -> None:
    """Raises Untrue."""
    for one in calm:
        if set(one.statuses) != {"200"}:
            raise Untrue(f"B was answered {one.statuses}")
    passed, refused = (flooded.statuses.get(code, 0) for code in ("200", "429"))
    owed = LIMIT_PER_S * (flooded.seconds + 1)  # a second's burst
    if passed + refused != flooded.sent or not 0.8 * owed <= passed <= 1.1 * owed:
        raise Untrue(f"A sent {flooded.sent}, was answered {flooded.statuses}, owed {owed:.0f}")


def _row(who: str, rounds: list[Heard]) -> dict[str, Any]:
    passed = sum(one.statuses.get("200", 0) for one in rounds)
    seconds = sum(one.seconds for one in rounds)
    return {
        "who": who,
        "sent/s": round(median(one.per_s for one in rounds)),
        "200/s": round(passed / seconds),
        "429 %": round(100 * sum(one.statuses.get("429", 0) for one in rounds)
                       / sum(one.sent for one in rounds), 1),
        "p50 ms": round(median(one.p50_us for one in rounds) / 1000, 2),
        "p99 ms": round(median(one.p99_us for one in rounds) / 1000, 2),
    }  # fmt: skip
