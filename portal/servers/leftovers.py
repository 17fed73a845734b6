"""Finds and ends processes that an earlier, killed run on the same DATA_DIR left behind."""

import os
import signal
import time
from pathlib import Path

from portal.servers.child import MARK


def find(data_dir: Path) -> list[int]:
    """Pids (not ours) started for this DATA_DIR: they carry its name in their environment.

    A mark in the process itself cannot be mistaken for a reused pid, as a pid file can.
    """
    mark = f"{MARK}={data_dir}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environ = (entry / "environ").read_bytes()
        except OSError:
            continue
        if int(entry.name) != os.getpid() and mark in environ.split(b"\0"):
            found.append(int(entry.name))
    return found


def end(data_dir: Path, patience_s: float = 8.0) -> list[int]:
    """Ask leftovers to stop, kill what stays after `patience_s`. Returns whom. Safe to repeat."""
    first = find(data_dir)
    _signal(first, signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while (still := find(data_dir)) and time.monotonic() < deadline:
        time.sleep(0.05)
    while still:
        _signal(still, signal.SIGKILL)
        time.sleep(0.05)
        still = find(data_dir)
    return first


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
