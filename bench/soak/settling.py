"""A settlement that is always under way: month after month, by the commands people use."""

import subprocess
import sys
import threading
import time
from contextlib import suppress

import psycopg

from bench.place import Place
from portal import env
from portal.demo.cast import CONSOLE_PEOPLE

PREPARER, APPROVER = CONSOLE_PEOPLE[0][0], CONSOLE_PEOPLE[1][0]
QUEUE_PATIENCE_S = 12.0  # then it is settled in a process of its own: the sweep comes after minutes
COMMAND_PATIENCE_S = 90.0
STATES = (
    "SELECT state FROM billing_settlementrun WHERE to_char(period_start AT TIME ZONE 'UTC',"
    " 'YYYY-MM') = %s"
)
RATED = ("in_review", "approved", "issued", "delivered", "closed")
DONE = ("issued", "delivered", "closed")


class Settler(threading.Thread):
    """Settles, approves and issues each month in turn. `process`: the command that runs now.

    `every_s`: a month is begun at most so often, so that they last as long as the kills do. Its
    commands are not tied to a thread: whoever stops the soak stops them by `finish`.
    """

    def __init__(self, place: Place, months: list[str], partners: int, every_s: float) -> None:
        super().__init__(daemon=True)
        self.place, self.months, self.partners, self.every_s = place, months, partners, every_s
        self.process: subprocess.Popen[str] | None = None
        self.reached: list[str] = []
        self.failed = 0  # commands that ended otherwise than well, mostly because they were killed
        self.last_words = ""
        self.ended = threading.Event()
        self.is_working = False  # whether a month is on its way

    def run(self) -> None:
        """One month after the other; the running one is brought to its end."""
        for month in self.months:
            began = time.monotonic()
            if self.ended.is_set():
                return
            self.reached.append(month)
            self.is_working = True
            self._issue(month)
            self.is_working = False
            self.ended.wait(max(0.0, began + self.every_s - time.monotonic()))

    def finish(self, patience_s: float) -> bool:
        """Bring the running month to its end, begin none; whether that came within `patience_s`."""
        self.ended.set()
        self.join(patience_s)
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        return not self.is_alive()

    def _issue(self, month: str) -> None:
        while not self._all(month, DONE):
            self._run("settle", month, "--as", PREPARER)
            ends = time.monotonic() + QUEUE_PATIENCE_S
            while time.monotonic() < ends and not self._all(
                month, ("in_review", "approved", *DONE)
            ):
                time.sleep(0.3)
            # What is there already says so; what a lost task left is done here.
            self._run("settle", month, "--as", PREPARER, "--wait")
            self._run("approve_run", month, "--as", APPROVER, "--wait")

    def _all(self, month: str, states: tuple[str, ...]) -> bool:
        """Whether every partner's run is in one of these; no, while Postgres is away."""
        with (
            suppress(psycopg.Error),
            psycopg.connect(
                self.place.stack.urls["SUPERUSER_DATABASE_URL"], connect_timeout=3
            ) as database,
        ):
            found = [state for (state,) in database.execute(STATES, [month])]
            return len(found) >= self.partners and all(state in states for state in found)
        return False

    def _run(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments], cwd=env.BASE_DIR, text=True,
            env=self.place.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            told, _ = self.process.communicate(timeout=COMMAND_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            told, _ = self.process.communicate()
        if self.process.returncode:
            self.failed += 1
            self.last_words = f"{' '.join(arguments)}: {told[-600:]}"
