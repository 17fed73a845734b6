"""Load: Debian's `wrk` with load.lua where installed, else our own closed loop, which is slower.

Both ask a deck's requests in turn over kept-alive connections and compare every answer.
"""

import json
import math
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.checks import Tally, Untrue
from bench.loop import PATIENCE_S, Answer, converse
from portal import env

SCRIPT = Path(__file__).with_suffix(".lua")
END = b"\0"


@dataclass(frozen=True)
class Order:
    """One round: which deck, where, how; `hit_mark` is "" when the server does not say so."""

    folder: str
    hit_mark: str
    port: int
    connections: int
    seconds: float
    start: int = 0


def lay(folder: Path, requests: Sequence[bytes], values: Sequence[bytes]) -> None:
    """Write a deck: the requests, and what each one's answer must carry, for another process."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, deck in (("requests", requests), ("values", values)):
        (folder / name).write_bytes(b"".join(part + END for part in deck))


def generator() -> str:
    """Which one is used, for the report."""
    if shutil.which("wrk"):
        return "wrk -t1 with bench/load.lua (p99 as wrk corrects it for coordinated omission)"
    return (
        "own loop in Python: it slows webdis more than us and so flatters us; "
        "apt-get install -y wrk"
    )


def fire(order: Order) -> Tally:
    """One round in a process of its own. Raises Untrue when the generator failed."""
    if not shutil.which("wrk"):
        return _told([sys.executable, "-m", "bench.load"], json.dumps(asdict(order)))
    # wrk takes whole seconds only.
    seconds, url = max(1, round(order.seconds)), f"http://127.0.0.1:{order.port}/"
    how = ["-t1", f"-c{order.connections}", f"-d{seconds}s", f"--timeout={PATIENCE_S}s"]
    given = [order.folder, order.hit_mark, str(order.start)]
    return _told(["wrk", *how, f"-s{SCRIPT}", url, "--", *given], "")


def _told(argv: list[str], given: str) -> Tally:
    done = subprocess.run(
        argv, cwd=env.BASE_DIR, input=given, capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("TALLY ")]
    if done.returncode or not lines:
        raise Untrue(f"{argv[0]} failed ({done.returncode}): {done.stdout}{done.stderr}")
    told: dict[str, Any] = json.loads(lines[0].removeprefix("TALLY "))
    return Tally(**told)


@dataclass
class Loop:
    """Our own generator. It ends by waiting for what is under way, so `sent` = `answers`."""

    order: Order
    ok: int = 0
    hits: int = 0
    same: int = 0
    latencies_ns: list[int] = field(default_factory=list)

    def run(self) -> Tally:
        """The whole round. Raises TimeoutError, ConnectionError."""
        folder, order = Path(self.order.folder), self.order
        self.requests, self.values = _read(folder / "requests"), _read(folder / "values")
        begun = time.perf_counter_ns()
        asked = self._asked(begun + int(order.seconds * 1e9))
        converse(order.port, asked, self._heard, order.connections)
        return self._tally((time.perf_counter_ns() - begun) / 1e9)

    def _asked(self, until_ns: int) -> Iterator[tuple[int, bytes]]:
        index = self.order.start
        while time.perf_counter_ns() < until_ns:
            yield index, self.requests[index]
            index = (index + 1) % len(self.requests)

    def _heard(self, answer: Answer) -> None:
        self.latencies_ns.append(answer.took_ns)
        self.ok += answer.status == 200
        self.hits += self.order.hit_mark.encode() in answer.body
        self.same += self.values[answer.index] in answer.body

    def _tally(self, seconds: float) -> Tally:
        count, in_order = len(self.latencies_ns), sorted(self.latencies_ns)
        p50, p99 = (in_order[math.ceil(count * part) - 1] // 1000 for part in (0.5, 0.99))
        return Tally(seconds, count, count, self.ok, self.hits, self.same, 0, p50, p99)


def _read(file: Path) -> list[bytes]:
    return file.read_bytes().split(END)[:-1]


if __name__ == "__main__":
    print("TALLY " + json.dumps(asdict(Loop(Order(**json.load(sys.stdin))).run())))
