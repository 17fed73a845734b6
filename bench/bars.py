"""The bars (design: performance), as data, and whether a run met them."""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {"≥": operator.ge, "≤": operator.le}


@dataclass(frozen=True)
class Bar:
    """`figure` of the first row that has all members of `where`, against a limit."""

    number: str
    text: str
    where: Mapping[str, Any]
    figure: str
    sign: str
    limit: float

    def judge(self, rows: Iterable[Row]) -> dict[str, Any]:
        """One line of the list of bars; `met` is None when there is no such figure."""
        fits = (row for row in rows if self.where.items() <= row.items())
        figure = next((row.get(self.figure) for row in fits), None)
        met = None if figure is None else _COMPARE[self.sign](figure, self.limit)
        return {
            "bar": self.number, "what": self.text, "asked": f"{self.sign} {self.limit:g}",
            "measured": figure, "met": {None: "not measured", True: "met", False: "NOT MET"}[met],
        }  # fmt: skip


def _hit(server: str, connections: int) -> dict[str, Any]:
    return {"server": server, "c": connections, "bytes": 2_048}


# Portkey cannot be measured here (docs/benchmarks.md): what it gave when it was built from source.
_AT = (64, 16, 1)
EDGE = (
    *[Bar("P1", f"edge, c={c}, rate × webdis", _hit("edge", c), "× webdis", "≥", 0.6) for c in _AT],
    *[Bar("P1", f"edge, c={c}, CPU × webdis", _hit("edge", c), "CPU × webdis", "≥", 0.6)
      for c in _AT],
    Bar("P1 ahead", "edge, c=64, rate × webdis", _hit("edge", 64), "× webdis", "≥", 1.0),
    *[Bar("P2", f"edge, c={c}, rate × LiteLLM", _hit("edge", c), "× LiteLLM", "≥", 100)
      for c in (64, 16)],
    Bar("P2", "edge, c=16, CPU × LiteLLM", _hit("edge", 16), "CPU × LiteLLM", "≥", 100),
    Bar("P2", "edge, c=16, requests/s: 10 × Portkey's 669", _hit("edge", 16), "requests/s", "≥",
        6_690),
    Bar("P3", "edge, c=1, p50 in ms", _hit("edge", 1), "p50 ms", "≤", 1.5),
    Bar("P3", "edge, c=1, p99 in ms", _hit("edge", 1), "p99 ms", "≤", 5),
    Bar("P3", "edge, c=16, p99 in ms", _hit("edge", 16), "p99 ms", "≤", 10),
    Bar("P4", "DRF door, c=16, requests/s: 2 × Portkey's 669", _hit("DRF door", 16),
        "requests/s", "≥", 1_338),
)  # fmt: skip
WORKER, GROWTH = "web worker, idle after use", "edge, growth in the second half"
MEMORY = (
    Bar("P11", "one idle edge process, RSS in MB", {"what": "edge, idle"}, "RSS MB", "≤", 80),
    Bar("P11", "one web worker, PSS in MB", {"what": WORKER}, "PSS MB", "≤", 150),
    Bar("P11", "one web worker before its first page, RSS in MB",
        {"what": "web worker, fresh"}, "RSS MB", "≤", 150),
    Bar("flat", "growth by the last 100,000 of 200,000 requests, MB", {"what": GROWTH},
        "RSS MB", "≤", 2),
)  # fmt: skip
HIT_RATE = (
    Bar("goal", "hit rate %, memory for a tenth of the keys, best policy", {"best": "best"},
        "hit rate %", "≥", 75),
    Bar("goal", "hit rate %, nothing forgotten (second tier)", {"memory": "unlimited"},
        "hit rate %", "≥", 75),
)  # fmt: skip

SEMANTIC = (
    Bar("P12", "semantic lookup through the edge, c=1, p50 in ms", {"server": "edge"}, "p50 ms",
        "≤", 15),
    Bar("P12 ahead", "semantic lookup through the edge, c=1, p50 in ms", {"server": "edge"},
        "p50 ms", "≤", 5),
)  # fmt: skip

MEANING = (
    Bar("budget", "semantic hits that are wrong, guards on, default threshold, %",
        {"guards": "on", "threshold": 0.92}, "wrong %", "≤", 1),
)  # fmt: skip
SDK = tuple(
    Bar("S10", f"Python SDK, {how}, µs more a call", {"Python": how}, "added µs", "≤", 50)
    for how in ("threads", "asyncio")
)
DEAD = tuple(
    Bar("S10", f"overflow dead ({how}), p99 of a miss, µs more", {"dead overflow": how},
        "added p99 µs", "≤", 1_000)
    for how in ("refused", "black hole")
)  # fmt: skip
NEIGHBOURS = (
    Bar("S12", "p99 of B beside a flood, × p99 alone", {"who": "B, while A floods"}, "p99 ×", "≤",
        1.2),
)  # fmt: skip


def judged(bars: Sequence[Bar], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Every bar with its figure."""
    return [bar.judge(rows) for bar in bars]
