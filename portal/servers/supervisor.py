"""Runs the process table: starts, waits for answers, restarts what crashes, stops in order."""

import http.client
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from portal.servers.child import Child
from portal.servers.errors import ServerError
from portal.servers.table import BASE_DIR, Process

STEADY_S = 30.0
LONGEST_PAUSE_S = 30.0
CRASHES_BEFORE_GIVING_UP = 3  # only while it has never answered


def status_of(url: str) -> int:
    """HTTP status of a GET at 127.0.0.1 with the URL's host as Host header; 0 when none.

    `*.localhost` is resolved by browsers and curl, not by Python.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=5)
    try:
        connection.request("GET", parts.path or "/", headers={"Host": parts.netloc})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


class Supervised:
    """One row of the table with its child and the history of its crashes."""

    def __init__(self, row: Process, data_dir: Path, env: dict[str, str]) -> None:
        self.row = row
        self.crashes = 0
        self.resume_at: float | None = None
        self.child = Child(
            row.name,
            row.argv,
            data_dir=data_dir,
            env={**env, "AC_DB_LOGIN": row.login, **dict(row.environ)},
            cwd=BASE_DIR,
        )

    def tend(self, now: float) -> str:
        """Restart it when its pause is over; note a crash. Returns what happened, or ''."""
        if self.resume_at is not None:
            if now < self.resume_at:
                return ""
            self.resume_at = None
            self.child.start()
            return f"{self.row.name} runs again"
        if self.child.alive:
            return ""
        # Its own children would keep the port, or work on unwatched.
        self.child.kill()
        if now - self.child.started > STEADY_S:
            self.crashes = 0
        pause = min(LONGEST_PAUSE_S, 0.5 * 2**self.crashes)
        self.crashes += 1
        self.resume_at = now + pause
        return (
            f"{self.row.name} stopped (exit {self.child.exit_code}), again in {pause:g} s; "
            f"log: {self.child.log}"
        )

    def answers(self) -> bool:
        """Whether its `ready` URL answers; without one, whether it runs."""
        if not self.row.ready:
            return self.child.alive
        return self.child.alive and 0 < status_of(self.row.ready) < 500


class Supervisor:
    """`tend_servers` restarts servers below the processes and returns what it did."""

    def __init__(
        self,
        table: Sequence[Process],
        *,
        data_dir: Path,
        env: dict[str, str],
        say: Callable[[str], None],
        tend_servers: Callable[[], list[str]] = list,
    ) -> None:
        self.say, self.tend_servers = say, tend_servers
        self.all = [Supervised(row, data_dir, env) for row in table]

    def start(self, *, timeout_s: float = 90.0) -> None:
        """Start all, wait until those with a URL answer. Raises ServerError with the log's end."""
        for one in self.all:
            one.child.start()
        deadline = time.monotonic() + timeout_s
        waiting = self.all
        while waiting := [one for one in waiting if not one.answers()]:
            self.tend()
            for one in waiting:
                if one.crashes >= CRASHES_BEFORE_GIVING_UP:
                    raise ServerError(f"{one.row.name} does not start:\n{one.child.log_end()}")
                if time.monotonic() > deadline:
                    raise ServerError(
                        f"{one.row.name} does not answer after {timeout_s:g} s "
                        f"{one.row.ready}:\n{one.child.log_end()}"
                    )
            time.sleep(0.1)

    def tend(self) -> None:
        """One look at everything. Call it several times a second."""
        for text in self.tend_servers():
            self.say(text)
        for one in self.all:
            if text := one.tend(time.monotonic()):
                self.say(text)

    def stop(self) -> None:
        """Stop all, last of the table first. Safe to repeat."""
        for one in reversed(self.all):
            one.child.stop(timeout_s=one.row.patience_s)
