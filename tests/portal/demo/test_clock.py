"""The demo's clock: a month on, for every program of the demo and what it forks."""

import os
import subprocess
import sys
import time

import pytest

from portal.demo import clock
from portal.demo.steps import Calendar
from portal.servers.lock import Lock
from tests.billing.people import utc

TELLS = """
import os, sys, time
if os.fork() == 0:
    print(round(time.time()), *sys.argv[1:], flush=True)
    os._exit(0)
os.wait()
"""


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-26T09:30", "2026-12-26T09:30"),
        ("2026-12-31T00:00", "2027-01-31T00:00"),
        ("2027-01-31T00:00", "2027-02-28T00:00"),
    ],
)
def test_a_month_on_is_the_same_day_or_the_last(now, then):
    assert clock.month_on(utc(now)) == utc(then)


@pytest.mark.parametrize("ahead_s", [0, 2_592_000])
def test_a_program_and_what_it_forks_live_by_it(tmp_path, ahead_s):
    (tmp_path / "tells.py").write_text(TELLS)
    if ahead_s:
        (tmp_path / "clock").write_text(str(ahead_s))
    argv = clock.clocked((sys.executable, str(tmp_path / "tells.py"), "a", "-b"))

    done = subprocess.run(argv, env={**os.environ, "DATA_DIR": str(tmp_path)}, check=True,
                          capture_output=True, text=True)  # fmt: skip

    told, *arguments = done.stdout.split()
    assert arguments == ["a", "-b"]
    assert abs(int(told) - time.time() - ahead_s) < 3_600


def test_it_is_moved_only_while_the_demo_stands_still(tmp_path):
    def move():
        return subprocess.run([sys.executable, "-m", "portal.demo.clock"], text=True, check=False,
                              env={**os.environ, "DATA_DIR": str(tmp_path)},
                              capture_output=True)  # fmt: skip

    without = move()
    assert without.returncode == 1 and "no demo" in without.stderr
    (tmp_path / "demo.json").write_text("{}")
    running = Lock(tmp_path / "run.lock")
    assert running.take()
    assert "stop it" in move().stderr and not (tmp_path / "clock").exists()
    running.release()


def test_what_the_demo_holds_is_placed_by_the_month_it_began_in():
    began = Calendar.at(utc("2026-11-26T09:30"))
    later = Calendar.at(utc("2027-01-10T09:30"), began.first)

    assert (later.start, later.fine_from, later.before(3)) == (
        began.start, began.fine_from, began.before(3),
    )  # fmt: skip
    assert [one.label for one in began.ended()][::12] == ["2025-10", "2026-10"]
    assert [one.label for one in later.ended()] == [
        *[one.label for one in began.ended()], "2026-11", "2026-12",
    ]  # fmt: skip
