"""From rounds to lines of a table: medians, and ratios taken within each round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from bench.checks import Tally


@dataclass(frozen=True)
class Round:
    """One measured and checked round."""

    tally: Tally
    server_cpu_s: float


class Line(NamedTuple):
    """A line of the table: response bytes, connections, server."""

    size: int
    connections: int
    server: str


Rounds = Mapping[Line, Sequence[Round]]


def rows(rounds: Rounds, beside: Mapping[str, str], rss_mb: Mapping[str, float]) -> list[Any]:
    """One row a line, small responses and most connections first.

    `beside`: by its short name, each server the others are compared with if it was measured.
    """
    measured = {line.server for line in rounds}
    beside = {name: server for name, server in beside.items() if server in measured}
    lines = sorted(rounds, key=lambda line: (line.size, -line.connections))
    return [_row(line, rounds, beside) | {"RSS MB": rss_mb.get(line.server)} for line in lines]


def _row(line: Line, rounds: Rounds, beside: Mapping[str, str]) -> dict[str, Any]:
    mine = rounds[line]
    cpu_s, seconds = sum(one.server_cpu_s for one in mine), sum(one.tally.seconds for one in mine)
    return {
        "bytes": line.size,
        "c": line.connections,
        "server": line.server,
        "requests/s": round(median(one.tally.per_s for one in mine)),
        "p50 ms": round(median(one.tally.p50_us for one in mine) / 1000, 2),
        "p99 ms": round(median(one.tally.p99_us for one in mine) / 1000, 2),
        "CPU µs": round(_cpu_us(mine)),
        "core %": round(cpu_s / seconds * 100),
        **_compared(line, rounds, beside),
        "answers": sum(one.tally.answers for one in mine),
    }


def _compared(line: Line, rounds: Rounds, beside: Mapping[str, str]) -> dict[str, Any]:
    """`×`: their rate in ours, median and range over the rounds; `CPU ×`: our CPU in theirs."""
    found: dict[str, Any] = {}
    for name, server in beside.items():
        mine, theirs = rounds[line], rounds.get(line._replace(server=server), [])
        ratios = ratios_by_round(mine, theirs)
        found[f"× {name}"] = rounded(median(ratios)) if ratios else None
        found[f"{name} range"] = _range(ratios)
        found[f"CPU × {name}"] = rounded(_cpu_us(theirs) / _cpu_us(mine)) if ratios else None
    return found


def ratios_by_round(mine: Sequence[Round], theirs: Sequence[Round]) -> list[float]:
    """Rates of the same round divided: neighbours on a shared machine disturb both alike."""
    return [a.tally.per_s / b.tally.per_s for a, b in zip(mine, theirs, strict=False)]


def rounded(ratio: float) -> float:
    """Three figures that count."""
    return float(f"{ratio:.3g}")


def _range(ratios: Sequence[float]) -> str | None:
    return f"{rounded(min(ratios))}–{rounded(max(ratios))}" if ratios else None


def _cpu_us(rounds: Sequence[Round]) -> float:
    """CPU of the server per answer: steady on a shared machine, where rates are not."""
    answers = sum(one.tally.answers for one in rounds)
    return max(sum(one.server_cpu_s for one in rounds) / answers * 1e6, 0.1)
