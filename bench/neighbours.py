"""One partner sends five times its limit: what another one, who asks at its own pace, feels.

    python -m bench neighbours [--rounds N] [--seconds N]

Both ask for cached exact hits of 2,048 bytes through one edge process. Short rounds take turns: B
alone; B beside an A that keeps to its limit; B while A sends five times that; and B while the same
load goes to a server on the same core that refuses everything and does nothing else, which is the
machine's own share: two cores hold the generators too. A p99 is that of all rounds of a kind
together, since the twenty slowest of one are as many waits for a disk. Aborts unless every answer B
got is a 200, and A got about its limit and 429 for the rest.
"""

import json
import math
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench import bars, bodies, load, loop, processes, report, servers, traffic
from bench.checks import Untrue, check_stored
from bench.paced import Heard, Pace, Round
from bench.place import Place
from bench.subject import AT_ONCE

A, B = "redis-labs", "pinecone"
LIMIT_PER_S, TIMES, B_PER_S = 200, 5, 200
ROUNDS, SECONDS, SIZE = 15, 3, 2_048
WARM_S = 2.0
ALONE, KEEPS, FLOODS, BARE = (
    "B alone", "B, while A keeps to its limit", "B, while A floods", "B, while A floods a refuser",
)  # fmt: skip
DRAWS = 1_000


class Turn(NamedTuple):
    """One round of each kind, and what A heard while it kept to its limit and while it flooded."""

    calm: dict[str, Heard]
    kept: Heard
    flood: Heard


def run(place: Place, rounds: int = ROUNDS, seconds: float = SECONDS) -> dict[str, Any]:
    """Measure; the result as it goes to JSON. Raises Untrue."""
    limits = json.dumps({"partner_rps": LIMIT_PER_S, "partner_burst": LIMIT_PER_S})
    place.run("manage.py", "entitle", A, "limits", limits, "--as", "bench")
    place.keys = json.loads(place.run("-m", "bench.keys"))
    cores = sorted(os.sched_getaffinity(0))
    aside = [server.child.pid for server in place.stack.servers.values()]
    with (
        servers.edge(place, cores[0]) as edge,
        servers.refuser(place, cores[0]) as bare,
        processes.moved(aside, cores[-1]),
    ):
        decks = {slug: str(_deck(place, edge, slug)) for slug in (B, A)}
        Round(Pace(decks[B], edge.port, B_PER_S, WARM_S)).heard()
        turns = [_turn(decks, edge.port, bare.port, seconds) for _ in range(rounds)]
    rows = rows_of(turns)
    return {
        "benchmark": "a partner beside one that sends five times its limit",
        "method": method(rounds, seconds, cores),
        "surroundings": report.surroundings(),
        "rows": rows,
        "bars": bars.judged(bars.NEIGHBOURS, rows),
    }


def method(rounds: int, seconds: float, cores: list[int]) -> dict[str, str]:
    """How it was measured."""
    return {
        "A": f"may make {LIMIT_PER_S} requests/s, sends {LIMIT_PER_S * TIMES}",
        "B": f"sends {B_PER_S} requests/s, no limit",
        "rounds": f"{rounds} of {seconds:g} s each of four kinds in turn; p99 of all rounds of a "
        "kind together; 90 % of ratios when rounds are drawn anew lie in the range",
        "server": f"one edge process on core {cores[0]}; a refuser too",
        "load": f"paced, on core {cores[-1]} with both Valkeys; latency of 200s from when each "
        "request was due",
        "checked": "B: nothing but 200s; A: 200s within a tenth of its limit and burst, else 429",
    }


def show(result: dict[str, Any]) -> None:
    """Print it."""
    print(report.facts(result["method"] | result["surroundings"]))
    print("\n" + report.table(result["rows"]))
    print("\n" + report.table(result["bars"]))


def rows_of(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """A row a kind; each p99 beside that of B alone."""
    alone = [turn.calm[ALONE] for turn in turns]
    rows = []
    for kind in turns[0].calm:
        rounds = [turn.calm[kind] for turn in turns]
        few, many = _drawn(rounds, alone)
        told = (round(_p99(rounds) / _p99(alone), 2), f"{few:.2f}–{many:.2f}")
        rows.append(_row(kind, rounds, *(told if kind != ALONE else (None, "–"))))
    return [*rows, _row("A, floods", [turn.flood for turn in turns], None, "–")]


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


def _turn(decks: dict[str, str], port: int, bare: int, seconds: float) -> Turn:
    calm = Pace(decks[B], port, B_PER_S, seconds)
    alone = Round(calm).heard()
    beside, kept = _beside(calm, decks[A], port, LIMIT_PER_S)
    flooded, flood = _beside(calm, decks[A], port, LIMIT_PER_S * TIMES)
    aside, refused = _beside(calm, decks[A], bare, LIMIT_PER_S * TIMES)
    if set(kept.statuses) != {"200"} or set(refused.statuses) != {"429"}:
        raise Untrue(f"A kept to its limit: {kept.statuses}; asked a refuser: {refused.statuses}")
    turn = Turn({ALONE: alone, KEEPS: beside, FLOODS: flooded, BARE: aside}, kept, flood)
    _check(turn)
    return turn


def _beside(calm: Pace, deck: str, port: int, per_s: float) -> tuple[Heard, Heard]:
    """B's round, and A's around it: it has begun before B does, and ends after it."""
    storm = Round(Pace(deck, port, per_s, calm.seconds + 2))
    time.sleep(1)
    heard = Round(calm).heard()
    return heard, storm.heard()


def _check(turn: Turn) -> None:
    """Raises Untrue."""
    for one in turn.calm.values():
        if set(one.statuses) != {"200"}:
            raise Untrue(f"B was answered {one.statuses}")
    flood = turn.flood
    passed, refused = (flood.statuses.get(code, 0) for code in ("200", "429"))
    owed = LIMIT_PER_S * (flood.seconds + 1)  # a second's burst
    if passed + refused != flood.sent or not 0.8 * owed <= passed <= 1.1 * owed:
        raise Untrue(f"A sent {flood.sent}, was answered {flood.statuses}, owed {owed:.0f}")


def _percentile(rounds: Sequence[Heard], part: float) -> int:
    took = sorted(us for one in rounds for us in one.took_us) or [0]
    return took[math.ceil(len(took) * part) - 1]


def _p99(rounds: Sequence[Heard]) -> int:
    return _percentile(rounds, 0.99)


def _drawn(rounds: Sequence[Heard], alone: Sequence[Heard]) -> tuple[float, float]:
    """Between which ratios of p99 nine of ten lie, when turns are drawn anew with replacement."""
    chance, turns, ratios = random.Random(1), range(len(rounds)), []
    for _ in range(DRAWS):
        drawn = chance.choices(turns, k=len(turns))
        ratios.append(_p99([rounds[n] for n in drawn]) / max(1, _p99([alone[n] for n in drawn])))
    ratios.sort()
    return ratios[DRAWS // 20], ratios[-DRAWS // 20]


def _row(who: str, rounds: Sequence[Heard], ratio: float | None, spread: str) -> dict[str, Any]:
    seconds, sent = sum(one.seconds for one in rounds), sum(one.sent for one in rounds)
    passed, refused = (
        sum(one.statuses.get(code, 0) for one in rounds) for code in ("200", "429")
    )  # fmt: skip
    return {
        "who": who, "sent/s": round(sent / seconds), "200/s": round(passed / seconds),
        "429 %": round(100 * refused / sent, 1),
        "p50 ms": round(_percentile(rounds, 0.5) / 1000, 2),
        "p99 ms": round(_p99(rounds) / 1000, 2), "p99 ×": ratio, "p99 × range": spread,
    }  # fmt: skip
