"""A process and its descendants as /proc shows them: CPU time, memory, and which core they use."""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def family(pid: int) -> list[int]:
    """The process and all its living descendants."""
    children = defaultdict(list)
    for folder in _PROC.iterdir():
        if folder.name.isdecimal() and (cells := _stat(int(folder.name))):
            children[int(cells[1])].append(int(folder.name))
    found = [pid]
    for parent in found:  # grows while it is read
        found += children[parent]
    return found


def cpu_s(pids: list[int]) -> float:
    """CPU seconds (user and system) used so far, all threads, and by children that have ended."""
    ticks = sum(sum(map(int, cells[11:15])) for pid in pids if (cells := _stat(pid)))
    return ticks / _TICKS


def rss_mb(pid: int) -> float:
    """Resident memory of one process in MB (10⁶ bytes), as /proc counts it: shared pages too."""
    lines = (_PROC / str(pid) / "status").read_text().splitlines()
    (kilobytes,) = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(kilobytes) * 1024 / 1e6


def pss_mb(pid: int) -> float:
    """The same with pages that processes share counted by share: what the machine needs for it."""
    lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    (kilobytes,) = [line.split()[1] for line in lines if line.startswith("Pss:")]
    return int(kilobytes) * 1024 / 1e6


@contextmanager
def moved(pids: list[int], core: int) -> Iterator[None]:
    """This thread, and these processes with their descendants, on one core for the block."""
    all_cores = os.sched_getaffinity(0)
    members = [member for pid in pids for member in family(pid)]
    try:
        for member in [0, *members]:
            _pin(member, {core})
        yield
    finally:
        for member in [0, *members]:
            _pin(member, all_cores)


def _pin(pid: int, cores: set[int]) -> None:
    """All threads of a process; 0 is this thread."""
    with suppress(ProcessLookupError, FileNotFoundError):
        folder = _PROC / str(pid) / "task"
        for task in [int(entry.name) for entry in folder.iterdir()] if pid else [0]:
            with suppress(ProcessLookupError):
                os.sched_setaffinity(task, cores)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name, from the state on; nothing when it is gone."""
    with suppress(OSError):
        return (_PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    return []
