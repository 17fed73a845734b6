"""Two hosts: an edge on each, with a spool of its own. One host dies for good, again and again.

What waited on its disk is carried to the other host, whose edge adopts it as it does the spools of
its own dead processes; a new host with an empty disk takes its place.
"""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

from cache_api.gateways import spool
from cache_api.rules import events
from portal.servers.supervisor import Supervised
from portal.servers.table import Ports, Process, processes

EDGE, SECOND = "edge", "edge of host 2"
SPOOL = "spool"


def second_edge(port: int, disk: Path) -> Process:
    """The row of another host's edge: the same program with that host's folder."""
    rows = processes(Ports(web=0, edge=port), disk, demo=False)
    row = next(one for one in rows if one.name == EDGE)
    return replace(row, name=SECOND, environ=(("DATA_DIR", str(disk)),))


def waiting_bytes(disk: Path) -> int:
    """How much usage waits in a host's spools."""
    return sum(_size(log) for folder in _folders(disk) for log in _logs(folder))


def orphans(disk: Path) -> set[UUID]:
    """Ids of what waits in the spools of its dead processes, except for corrections: those are
    recorded under another id."""
    dead = [folder for folder in _folders(disk) if _is_free(folder)]
    found = [events.decode(raw) for folder in dead for log in _logs(folder)
             for raw in spool.read(log)]  # fmt: skip
    return {one.event_id for one in found if one.kind != "feedback"}


def carry(dead: Path, living: Path) -> None:
    """Bring the spools of a dead host's disk to another host (docs/operating.md)."""
    (living / SPOOL).mkdir(exist_ok=True)
    for folder in sorted(_folders(dead)):
        aside = living / SPOOL / f".{folder.name}"  # nobody adopts it before it is whole
        shutil.copytree(folder, aside)
        aside.rename(living / SPOOL / folder.name)
    shutil.rmtree(dead)


def _folders(disk: Path) -> Iterator[Path]:
    return (disk / SPOOL).glob("[!.]*")


def _logs(folder: Path) -> list[Path]:
    return [log for name in (spool.SHIPPING, spool.CURRENT) if (log := folder / name).exists()]


def _size(log: Path) -> int:
    try:
        return log.stat().st_size
    except FileNotFoundError:
        return 0  # shipped just now


def _is_free(folder: Path) -> bool:
    """Whether its process is gone: that held the lock."""
    with (folder / "lock").open("rb+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@dataclass
class Hosts:
    """The disk of the first host; edge and disk of the second, and what became of it."""

    first: Path
    disk: Path
    lost: int = 0  # hosts that died for good
    orphaned: set[UUID] = field(default_factory=set)  # waited in a spool when its edge was killed

    def disk_of(self, edge: str) -> Path:
        """Where that edge spools."""
        return self.disk if edge == SECOND else self.first

    def kill(self, edge: Supervised, strike: Callable[[], object]) -> None:
        """An edge dies by `strike`; what waits in its spool is noted, for another one to adopt."""
        strike()
        edge.child.kill()  # and reaped: its lock on the spool is free
        self.orphaned |= orphans(self.disk_of(edge.row.name))

    def lose(self, edge: Supervised, strike: Callable[[], object]) -> None:
        """The second host dies; whoever starts its edge again starts it on a new one."""
        self.kill(edge, strike)
        dead, self.disk = self.disk, self.disk.with_name(f"host-{self.lost + 3}")
        self.disk.mkdir(mode=0o711)
        edge.child.env["DATA_DIR"] = str(self.disk)
        carry(dead, self.first)
        self.lost += 1

    def left(self) -> list[str]:
        """What still waits on a disk, as lines that say so."""
        return [f"{size} bytes of usage wait in {disk}/{SPOOL}"
                for disk in (self.first, self.disk) if (size := waiting_bytes(disk))]  # fmt: skip
