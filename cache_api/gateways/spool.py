"""Events that `events` did not take: on disk before the answer leaves, shipped later.

A process writes to `<spool>/<boot id>/events.log`: `length (4) ‖ CRC-32 (4) ‖ event` each, synced
before the writer is told. It holds a lock on its folder; a folder whose lock is free belongs to a
process that died, and any other may ship it. Shipping twice is harmless: the event id is the key.
"""

import contextlib
import fcntl
import logging
import os
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

log = logging.getLogger(__name__)
_HEADER = 8
MAX_RECORD = 1024 * 1024
CURRENT, SHIPPING = "events.log", "shipping.log"
# Gives the events to the durable stream; whether every one of them is there.
Ship = Callable[[Sequence[bytes]], bool]
CHUNK = 500
REFUSING_S = 60.0


class SpoolFull(OSError):
    """The disk did not take the event."""


class Spool:
    """This process's folder. `append` may be called from any thread."""

    def __init__(self, root: Path, boot_id: uuid.UUID) -> None:
        self.root, self.folder = root, root / str(boot_id)
        self._lock = threading.Lock()
        self._file: int | None = None
        self._folder_lock: int | None = None
        self._refused_at: float | None = None

    def append(self, events: Sequence[bytes]) -> None:
        """Write events and sync them once. Raises SpoolFull when the disk refuses."""
        data = b"".join([_record(event) for event in events])
        with self._lock:
            try:
                file = self._open()
                start = os.lseek(file, 0, os.SEEK_END)
                try:
                    _write_all(file, data)
                    os.fdatasync(file)
                except OSError:
                    with contextlib.suppress(OSError):
                        os.ftruncate(file, start)  # half a record would hide those after it
                    raise
            except OSError as error:
                self._refused_at = time.monotonic()
                raise SpoolFull(f"{self.folder}: {error}") from error

    def is_refusing(self) -> bool:
        """Whether the disk did not take an event within the last REFUSING_S."""
        at = self._refused_at
        return at is not None and time.monotonic() - at < REFUSING_S

    def waiting_bytes(self) -> int:
        """How much of this process's is not shipped yet."""
        return sum(path.stat().st_size for path in _files(self.folder))

    def ship(self, ship: Ship) -> int:
        """Give what waits to the durable stream; how many events. 0 when it does not take them."""
        if not self.folder.exists():
            return 0
        with self._lock:
            current, aside = self.folder / CURRENT, self.folder / SHIPPING
            if not aside.exists() and current.exists() and current.stat().st_size:
                self._close_file()
                current.rename(aside)
        return _ship_file(self.folder / SHIPPING, ship)

    def adopt(self, ship: Ship, tell: Callable[[uuid.UUID], bool]) -> None:
        """Ship the folders of processes that died. `tell` is called for each that is empty now;
        when it says False the folder stays, and the next round tells again."""
        for folder in sorted(self.root.iterdir()) if self.root.exists() else ():
            if folder == self.folder or folder.name.startswith(".") or not folder.is_dir():
                continue
            with _locked(folder) as is_free:
                if is_free and _ship_folder(folder, ship) and tell(uuid.UUID(folder.name)):
                    _remove(folder)

    def close(self) -> None:
        """Give the folder up; removed when nothing waits in it."""
        with self._lock:
            self._close_file()
            if self._folder_lock is not None:
                if not self.waiting_bytes():
                    _remove(self.folder)
                os.close(self._folder_lock)
                self._folder_lock = None

    def _open(self) -> int:
        if self._file is None:
            if self._folder_lock is None:
                self._folder_lock = _make_locked(self.folder)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
            self._file = os.open(self.folder / CURRENT, flags, 0o600)
            _sync_folder(self.folder)
        return self._file

    def _close_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def read(path: Path) -> Iterator[bytes]:
    """The whole events of a file. What follows the first torn record is left and reported."""
    data = path.read_bytes()
    at = 0
    while at + _HEADER <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        event = data[at + _HEADER : at + _HEADER + length]
        checksum = int.from_bytes(data[at + 4 : at + 8], "big")
        if length > MAX_RECORD or len(event) != length or zlib.crc32(event) != checksum:
            break
        yield event
        at += _HEADER + length
    if at != len(data):
        log.error("spool %s: %d bytes after byte %d are torn", path, len(data) - at, at)


def _record(event: bytes) -> bytes:
    return len(event).to_bytes(4, "big") + zlib.crc32(event).to_bytes(4, "big") + event


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _files(folder: Path) -> list[Path]:
    return [path for name in (SHIPPING, CURRENT) if (path := folder / name).exists()]


def _ship_file(path: Path, ship: Ship) -> int:
    if not path.exists():
        return 0
    events = list(read(path))
    for start in range(0, len(events), CHUNK):
        if not ship(events[start : start + CHUNK]):
            return 0
    path.unlink()
    return len(events)


def _ship_folder(folder: Path, ship: Ship) -> bool:
    for path in _files(folder):
        shipped = _ship_file(path, ship)
        if path.exists():
            return False
        log.warning("spool: shipped %d events of the dead process %s", shipped, folder.name)
    return True


def _remove(folder: Path) -> None:
    for path in (folder / CURRENT, folder / "lock"):
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Whether the folder's owner is gone; holds its lock meanwhile."""
    try:
        lock = os.open(folder / "lock", os.O_RDWR)
    except OSError:
        yield False  # just being made, or just removed
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        yield False
        return
    try:
        yield True
    finally:
        os.close(lock)


def _make_locked(folder: Path) -> int:
    """Make the folder, already locked when it appears under its name; the lock's descriptor."""
    hidden = folder.with_name(f".{folder.name}")
    hidden.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(hidden / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    hidden.rename(folder)
    _sync_folder(folder.parent)
    return lock


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
