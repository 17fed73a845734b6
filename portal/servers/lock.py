"""One holder per DATA_DIR: a lock the kernel releases when the holder dies."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any


class Lock:
    """An exclusive lock on `path` whose file tells others who holds it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    @property
    def taken(self) -> bool:
        """Whether we hold it."""
        return self._file is not None

    def take(self) -> bool:
        """True when it is ours now; False when another holds it (see `holder`). Once only."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        self.tell({})
        return True

    def tell(self, facts: dict[str, Any]) -> None:
        """Write our pid and `facts` for others to read."""
        assert self._file is not None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps({"pid": os.getpid(), **facts}).encode(), 0)

    def holder(self) -> dict[str, Any]:
        """What the holder told (pid at least); empty when nobody holds it."""
        if not self.path.exists():
            return {}
        with self.path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                told: dict[str, Any] = json.loads(file.read() or "{}")
                return told
        return {}

    def release(self) -> None:
        """Give it back. Safe to repeat."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
