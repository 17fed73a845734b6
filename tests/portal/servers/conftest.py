"""Servers and processes of these tests: each in a DATA_DIR of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal.servers import Stack, leftovers, ports

ROOT = Path(__file__).resolve().parents[3]
SERVER_URLS = (
    "DATABASE_URL",
    "OWNER_DATABASE_URL",
    "RECORDER_DATABASE_URL",
    "SETTLE_DATABASE_URL",
    "CACHE_URL",
    "EVENTS_URL",
    "BROKER_URL",
)


class Program:
    """A python program of the project with its own DATA_DIR, its output, and its end."""

    def __init__(self, data_dir: Path, *argv: str, **environ: str) -> None:
        env = {key: value for key, value in os.environ.items() if key not in SERVER_URLS}
        self.data_dir = data_dir
        self.out = data_dir.with_suffix(f".{time.monotonic_ns()}.out")
        with self.out.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, *argv],
                cwd=ROOT,
                env={**env, "DATA_DIR": str(data_dir), **environ},
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def text(self) -> str:
        return self.out.read_text()

    def wait_for(self, text: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.text:
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.text}"
            assert time.monotonic() < deadline, f"no {text!r} in: {self.text}"
            time.sleep(0.02)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)

    def gone(self, seconds: float = 15) -> bool:
        """Whether nothing that this DATA_DIR started runs any more."""
        deadline = time.monotonic() + seconds
        while leftovers.find(self.data_dir):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


@pytest.fixture
def program(tmp_path):
    """Makes `Program`s on `tmp_path/data`; ends them all."""
    made = []

    def make(*argv, **environ):
        made.append(Program(tmp_path / "data", *argv, **environ))
        return made[-1]

    yield make
    for one in made:
        one.end(signal.SIGKILL)
    leftovers.end(tmp_path / "data", patience_s=5)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """PostgreSQL and both Valkeys, running."""
    with Stack(tmp_path_factory.mktemp("stack"), durable=False, environ={}) as started:
        yield started


@pytest.fixture
def two_ports():
    web = ports.pick()
    return web, ports.pick(avoid=frozenset({web}))
