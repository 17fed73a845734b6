"""From rounds to lines of a table: medians, and ratios taken within each round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.checks import Tally


@dataclass(frozen=True)
class Round:
    """One measured and checked round."""

    tally: Tally
    server_cpu_s: float


Line = tuple[str, int]  # server, connections


def rows(rounds: Mapping[Line, Sequence[Round]], beside: str) -> list[dict[str, Any]]:
    """One row a line, most connections first; ratios against `beside` where it was measured."""
    lines = sorted(rounds, key=lambda line: -line[1])
    return [_row(line, rounds[line], rounds.get((beside, line[1]))) for line in lines]


def _row(line: Line, mine: Sequence[Round], theirs: Sequence[Round] | None) -> dict[str, Any]:
    ratios = ratios_by_round(mine, theirs or [])
    answers = sum(one.tally.answers for one in mine)
    cpu_s, seconds = sum(one.server_cpu_s for one in mine), sum(one.tally.seconds for one in mine)
    return {
        "server": line[0],
        "c": line[1],
        "requests/s": round(median(one.tally.per_s for one in mine)),
        "p50 ms": round(median(one.tally.p50_us for one in mine) / 1000, 2),
        "p99 ms": round(median(one.tally.p99_us for one in mine) / 1000, 2),
        "CPU µs/request": round(cpu_s / answers * 1e6),
        "core busy %": round(cpu_s / seconds * 100),
        "× webdis": round(median(ratios), 2) if ratios else None,
        "from": round(min(ratios), 2) if ratios else None,
        "to": round(max(ratios), 2) if ratios else None,
        "answers checked": answers,
    }


def ratios_by_round(mine: Sequence[Round], theirs: Sequence[Round]) -> list[float]:
    """Rates of the same round divided: neighbours on a shared machine disturb both alike."""
    return [a.tally.per_s / b.tally.per_s for a, b in zip(mine, theirs, strict=False)]
