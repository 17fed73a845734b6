"""Where a run keeps its servers' files: in memory where the machine has room, else on its disk."""

import os
import shutil
import tempfile
from pathlib import Path

from portal.servers.lock import Lock

MEMORY = Path("/dev/shm")
ROOM = 4 << 30  # bytes; a run needs one at most
PREFIX = "agentcache-tests-"


def make_folder() -> Path:
    """A new folder. The suite copies a thousand small databases: on a disk that is a third of it.

    What killed runs left in memory is removed first.
    """
    inside: Path | str | None = os.environ.get("PYTEST_DEBUG_TEMPROOT")
    if _free() > ROOM:
        inside = MEMORY
        for left in MEMORY.glob(f"{PREFIX}*"):
            _remove_if_dead(left)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=inside))
    folder.chmod(0o711)
    return folder


def _free() -> int:
    """Bytes that files in memory may take; 0 where there is no such place."""
    if not os.access(MEMORY, os.W_OK | os.X_OK):
        return 0
    facts = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    available = int(facts["MemAvailable"].split()[0]) << 10
    return min(available, shutil.disk_usage(MEMORY).free)


def _remove_if_dead(folder: Path) -> None:
    """A run holds its lock as long as it lives, in whatever container."""
    lock = Lock(folder / "servers.lock")
    try:
        if lock.path.exists() and lock.take():
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()
    except PermissionError:
        return  # another user's
