"""Load: Debian's `wrk` with load.lua where installed, else our own closed loop, which is slower.

Both send one request again and again over kept-alive connections and compare every answer.
"""

import json
import math
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Any, NoReturn

from bench.checks import Tally, Untrue
from portal import env

SCRIPT = Path(__file__).with_suffix(".lua")
PATIENCE_S = 10


@dataclass(frozen=True)
class Order:
    """One round: what to send, how, and what the answers must carry."""

    port: int
    request: str
    value: str
    hit_mark: str
    connections: int
    seconds: float


def generator() -> str:
    """Which one is used, for the report."""
    if shutil.which("wrk"):
        return "wrk -t1 with bench/load.lua (p99 as wrk corrects it for coordinated omission)"
    return "own loop in Python: it slows webdis more than us and so flatters us; install wrk"


def fire(order: Order) -> Tally:
    """One round in a process of its own. Raises Untrue when the generator failed."""
    if not shutil.which("wrk"):
        argv, given = [sys.executable, "-m", "bench.load"], json.dumps(asdict(order))
        return Tally(**_told(argv, given))
    with tempfile.TemporaryDirectory() as folder:
        request, value = Path(folder, "request"), Path(folder, "value")
        request.write_bytes(order.request.encode())
        value.write_bytes(order.value.encode())
        # wrk takes whole seconds only.
        seconds, url = max(1, round(order.seconds)), f"http://127.0.0.1:{order.port}/"
        argv = ["wrk", "-t1", f"-c{order.connections}", f"-d{seconds}s", f"-s{SCRIPT}", url, "--"]
        return Tally(**_told([*argv, str(request), str(value), order.hit_mark], ""))


def _told(argv: list[str], given: str) -> dict[str, Any]:
    done = subprocess.run(
        argv, cwd=env.BASE_DIR, input=given, capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("TALLY ")]
    if done.returncode or not lines:
        raise Untrue(f"{argv[0]} failed ({done.returncode}): {done.stdout}{done.stderr}")
    return json.loads(lines[0].removeprefix("TALLY "))


class Loop:
    """Our own generator. It ends by waiting for what is under way, so `sent` = `answers`."""

    def __init__(self, order: Order) -> None:
        self.order, self.request = order, order.request.encode()
        self.value, self.mark = order.value.encode(), order.hit_mark.encode()
        self.ok = self.hits = self.same = 0
        self.latencies_ns: list[int] = []

    def run(self) -> Tally:
        """The whole round. Raises TimeoutError, ConnectionError."""
        begun = time.perf_counter_ns()
        ends = begun + int(self.order.seconds * 1e9)
        with DefaultSelector() as ready:
            for _ in range(self.order.connections):
                link = socket.create_connection(("127.0.0.1", self.order.port), PATIENCE_S)
                ready.register(link, EVENT_READ, (link, self._send(link)))
            while ready.get_map():
                for key, _ in ready.select(PATIENCE_S) or _nothing():
                    link, sent_ns = key.data
                    self._receive(link, sent_ns)
                    if time.perf_counter_ns() < ends:
                        ready.modify(link, EVENT_READ, (link, self._send(link)))
                    else:
                        ready.unregister(link)
                        link.close()
        return self._tally((time.perf_counter_ns() - begun) / 1e9)

    def _send(self, link: socket.socket) -> int:
        sent_ns = time.perf_counter_ns()
        link.sendall(self.request)
        return sent_ns

    def _receive(self, link: socket.socket, sent_ns: int) -> None:
        answer = b""
        while (body := _body(answer)) is None:
            chunk = link.recv(1 << 18)
            if not chunk:
                raise ConnectionError("the server hung up in the middle of a round")
            answer += chunk
        self.latencies_ns.append(time.perf_counter_ns() - sent_ns)
        self.ok += answer[9:12] == b"200"
        self.hits += self.mark in body
        self.same += self.value in body

    def _tally(self, seconds: float) -> Tally:
        count, in_order = len(self.latencies_ns), sorted(self.latencies_ns)
        p50, p99 = (in_order[math.ceil(count * part) - 1] // 1000 for part in (0.5, 0.99))
        return Tally(seconds, count, count, self.ok, self.hits, self.same, 0, p50, p99)


def _nothing() -> NoReturn:
    raise TimeoutError(f"no answer within {PATIENCE_S} s")


def _body(answer: bytes) -> bytes | None:
    """The body once it is whole."""
    head, blank, body = answer.partition(b"\r\n\r\n")
    if not blank:
        return None
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return body if len(body) >= int(length) else None


if __name__ == "__main__":
    print("TALLY " + json.dumps(asdict(Loop(Order(**json.load(sys.stdin))).run())))
