"""Load at a fixed pace: requests go out when they are due, whether or not answers have come.

What waits for a free connection waits on the clock of its due time, so a slow server does not
slow the asking down and so look better (coordinated omission).
"""

import json
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from socket import create_connection, socket

from bench.checks import Untrue
from bench.load import END
from bench.loop import PATIENCE_S, receive
from portal import env


@dataclass(frozen=True)
class Pace:
    """One round: the requests in this file in turn, so many a second."""

    file: str
    port: int
    per_s: float
    seconds: float
    connections: int = 32


@dataclass(frozen=True)
class Heard:
    """What came of a round: statuses, and how long its 200s took from when they were due."""

    sent: int
    seconds: float
    statuses: dict[str, int]
    took_us: list[int]

    @property
    def per_s(self) -> float:
        """Requests per second that were really sent."""
        return self.sent / self.seconds


class Pacer:
    """Sends and hears on a fixed number of connections that stay open."""

    def __init__(self, pace: Pace, requests: Sequence[bytes]) -> None:
        self.pace, self.requests = pace, requests
        links = range(pace.connections)
        self.free = deque(create_connection(("127.0.0.1", pace.port), PATIENCE_S) for _ in links)
        self.took_us: list[int] = []
        self.statuses: Counter[str] = Counter()

    def run(self) -> Heard:
        """The whole round. Raises TimeoutError, ConnectionError."""
        began, count = time.perf_counter(), round(self.pace.per_s * self.pace.seconds)
        due, sent = deque(began + n / self.pace.per_s for n in range(count)), 0
        with DefaultSelector() as ready:
            while due or ready.get_map():
                while due and self.free and due[0] <= time.perf_counter():
                    link = self.free.popleft()
                    link.sendall(self.requests[sent % len(self.requests)])
                    ready.register(link, EVENT_READ, due.popleft())
                    sent += 1
                self._hear(ready, due[0] if due and self.free else None)
        seconds = max(self.pace.seconds, time.perf_counter() - began)
        for link in self.free:
            link.close()
        return Heard(sent, seconds, dict(self.statuses), self.took_us)

    def _hear(self, ready: DefaultSelector, until: float | None) -> None:
        wait_s = PATIENCE_S if until is None else max(0.0, until - time.perf_counter())
        if not ready.get_map():
            return time.sleep(wait_s)
        found = ready.select(wait_s)
        if until is None and not found:
            raise TimeoutError(f"no answer within {PATIENCE_S} s")
        for key, _ in found:
            link: socket = key.fileobj  # type: ignore[assignment]
            status, _ = receive(link)
            if status == 200:
                self.took_us.append(round((time.perf_counter() - key.data) * 1e6))
            self.statuses[str(status)] += 1
            ready.unregister(link)
            self.free.append(link)
        return None


class Round:
    """A round in a process of its own, which runs until it is asked for what it heard."""

    def __init__(self, pace: Pace) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.paced", json.dumps(asdict(pace))], cwd=env.BASE_DIR,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def heard(self) -> Heard:
        """Wait for its end. Raises Untrue when it failed."""
        told, _ = self._process.communicate()
        if self._process.returncode:
            raise Untrue("a generator of paced load failed (see above)")
        return Heard(**json.loads(told))


if __name__ == "__main__":
    given = Pace(**json.loads(sys.argv[1]))
    deck = Path(given.file).read_bytes().split(END)[:-1]
    print(json.dumps(asdict(Pacer(given, deck).run())))
