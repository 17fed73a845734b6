"""One supervised process: dies with its parent, is stopped with its whole group."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from portal.servers import leash
from portal.servers.errors import ServerError

MARK = "AC_SUPERVISED"


def leashed(
    argv: Sequence[str],
    *,
    identity: str = "same",
    death_signal: int = signal.SIGTERM,
    paths: Sequence[Path] = (),
) -> list[str]:
    """`argv` wrapped so that it changes identity first and gets a signal when we die.

    The kernel ties it to the calling thread: call from one that lives as long as the process.
    """
    order = {
        "parent": os.getpid(),
        "signal": int(death_signal),
        "identity": identity,
        "paths": [str(path) for path in paths],
    }
    return [sys.executable, "-I", "-S", leash.__file__, json.dumps(order), *argv]


class Child:
    """A process with a log file. `argv[0]` must be an absolute path."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        data_dir: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        identity: str = "same",
        stop_signal: signal.Signals = signal.SIGTERM,
        paths: Sequence[Path] = (),
        to_terminal: bool = False,
    ) -> None:
        self.name, self.argv, self.cwd = name, list(argv), cwd
        self.identity, self.stop_signal, self.paths = identity, stop_signal, paths
        self.env = {**os.environ, **(env or {}), MARK: str(data_dir)}
        self.to_terminal = to_terminal
        self.log = data_dir / "logs" / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0

    @property
    def pid(self) -> int:
        """Process id; 0 before the first start."""
        return self.process.pid if self.process else 0

    @property
    def exit_code(self) -> int | None:
        """None while running; otherwise as `subprocess` gives it (negative: a signal)."""
        return self.process.poll() if self.process else 0

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it in a session of its own (a terminal's Ctrl-C reaches only the supervisor)."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = leashed(
            self.argv, identity=self.identity, death_signal=self.stop_signal, paths=self.paths
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=None if self.to_terminal else log,
                stderr=None if self.to_terminal else log,
                env=self.env,
                cwd=self.cwd,
                start_new_session=True,
            )
        self.started = time.monotonic()

    def wait_ready(self, ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Poll `ready` until true. Raises ServerError with the log's end when it exits or hangs."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.alive:
                raise ServerError(
                    f"{self.name} stopped at once (exit {self.exit_code}):\n{self.log_end()}"
                )
            if time.monotonic() > deadline:
                raise ServerError(
                    f"{self.name} did not answer within {timeout_s:.0f} s:\n{self.log_end()}"
                )
            time.sleep(0.03)

    def ask_to_stop(self) -> None:
        """Send the stop signal to the leader, which tells its own children."""
        if self.process is not None and self.alive:
            self.process.send_signal(self.stop_signal)

    def stop(self, timeout_s: float = 10.0) -> None:
        """Stop and wait; after `timeout_s` kill the group. Safe to repeat."""
        self.ask_to_stop()
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout_s)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group, then reap. Safe to repeat."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def log_end(self, lines: int = 15) -> str:
        """The last lines of its log, and where the rest is."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join([*text.splitlines()[-lines:], f"(log: {self.log})"])
