"""The demo's clock: how far it is ahead, kept in DATA_DIR, and programs that live by it.

`python -m portal.demo.clock` moves it a month on and starts the demo there. Every program of the
demo then runs below `python -m portal.demo.clocked`; PostgreSQL and the Valkeys keep real time, by
which nothing is dated.
"""

import calendar
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

from portal import env
from portal.servers.lock import Lock

_begun = False


def ahead(data_dir: Path) -> timedelta:
    """How far the demo of this folder is ahead of us; usually not at all."""
    file = data_dir / "clock"
    return timedelta(seconds=int(file.read_text())) if file.exists() else timedelta()


def begin() -> None:
    """From here on this process, and what it forks, lives by the demo's clock. Safe to repeat."""
    global _begun
    distance = ahead(env.data_dir())
    if distance and not _begun:
        import time_machine  # noqa: PLC0415 - a demo whose clock was never moved does not need it

        time_machine.travel(distance, tick=True).start()
        _begun = True


def clocked(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command line (of a Python program) that runs it by the demo's clock."""
    return (argv[0], "-m", "portal.demo.clocked", *argv[1:])


def month_on(now: datetime) -> datetime:
    """The same day and hour of the next month; a missing day becomes the month's last."""
    year, month = divmod(now.year * 12 + now.month, 12)
    day = min(now.day, calendar.monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)


def main() -> NoReturn:
    """Move the clock of a demo that stands still, then start it."""
    data_dir = env.data_dir()
    if not (data_dir / "demo.json").exists():
        sys.exit(f"There is no demo in {data_dir}: `make run` makes one.")
    lock = Lock(data_dir / "run.lock")
    if not lock.take():
        sys.exit("The demo runs: stop it (Ctrl-C), then `make demo-month` starts it a month later.")
    now = datetime.now(UTC)
    then = month_on(now + ahead(data_dir))
    (data_dir / "clock").write_text(str(int((then - now).total_seconds())))
    lock.release()
    sys.stdout.write(f"The demo's clock: {then:%Y-%m-%d %H:%M} UTC.\n")
    sys.stdout.flush()
    os.execv(sys.executable, (sys.executable, "-m", "portal.run"))  # noqa: S606 - our own program


if __name__ == "__main__":
    main()
