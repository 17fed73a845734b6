"""What every answering process does once a second beside answering: heartbeat, spool, facts.

Runs in a thread of its own with blocking clients, so that neither door's requests wait for it.
Duties in order: ship the own spool; adopt the spools of dead processes; read used facts again; tell
`events` how far the row of events has got (`usage:heartbeats`, field = boot id, JSON value); share
what partners took of memory and tier.
"""

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from cache_api.gateways.counters import UNMETERED, Counters
from cache_api.gateways.rooms import Rooms
from cache_api.gateways.spool import Spool
from cache_api.gateways.valkey_sync import SyncLane
from cache_api.hot.marks import Stamp
from cache_api.hot.snapshot import Snapshot
from cache_api.rules import events
from cache_api.rules.lately import Lately

log = logging.getLogger(__name__)
HEARTBEATS = b"usage:heartbeats"
EVERY_S = 1.0
ADOPT_EVERY = 5
SHIP_DEADLINE_S = 5.0
ENTRY_EVENTS = 64  # an entry is read whole, so it stays small
_STREAM = events.STREAM.encode("ascii")


def xadds(encoded: Sequence[bytes], shards: int = 1) -> list[tuple[bytes, ...]]:
    """The commands that make encoded events durable: entries of streams, a field an event."""
    if shards == 1:
        return _entries(_STREAM, encoded)
    parts: dict[int, list[bytes]] = {}
    for event in encoded:
        parts.setdefault(events.shard_of(event, shards), []).append(event)
    return [
        command
        for shard, some in parts.items()
        for command in _entries(events.stream_of(shard).encode("ascii"), some)
    ]


def _entries(stream: bytes, encoded: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    commands = []
    for start in range(0, len(encoded), ENTRY_EVENTS):
        command = [b"XADD", stream, b"*"]
        for event in encoded[start : start + ENTRY_EVENTS]:
            command += (events.FIELD, event)
        commands.append(tuple(command))
    return commands


class Server(Protocol):
    """A server that this process asks."""

    @property
    def is_up(self) -> bool:
        """Whether it is asked at all right now."""


class Helper(Protocol):
    """Work beside upkeep, in a thread of its own."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End soon."""


class Upkeep:
    """One process's housekeeping thread."""

    def __init__(
        self,
        *,
        lane: SyncLane,
        spool: Spool,
        snapshot: Snapshot,
        stamp: Stamp,
        counters: Counters,
        door: str,
        snapshot_file: Path,
        rooms: Rooms,
        helpers: Sequence[Helper],
        lags: Mapping[str, int],
        shards: int,
    ) -> None:
        """`lane` leads to `events` and should have a deadline of seconds: nobody waits for it."""
        self._rooms, self._helpers, self._lags, self._shards = rooms, helpers, lags, shards
        self._lane, self._spool, self._snapshot = lane, spool, snapshot
        self._stamp, self._counters, self._door = stamp, counters, door
        self._snapshot_file = snapshot_file
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._saved, self._lately = b"", Lately()
        self.lanes: Mapping[str, Server] = {}  # to what the requests ask, by name

    def start(self) -> None:
        """Make this process known, then begin; `stop` ends it. Waits half a second at most."""
        # Before the first answer: a purge waits for every process that may have read older facts.
        self._attempt(lambda: self._beat(stopped=False))
        self._thread.start()
        for helper in self._helpers:
            helper.start()

    def stop(self) -> None:
        """Finish the round, ship what can be shipped, say goodbye."""
        self._stop.set()
        for helper in self._helpers:
            helper.stop()
        self._thread.join(SHIP_DEADLINE_S * 2)
        self._attempt(lambda: self._spool.ship(self._ship))
        self._attempt(lambda: self._beat(stopped=True))
        self._spool.close()

    def _run(self) -> None:
        rounds = 0
        while True:
            self._attempt(lambda: self._spool.ship(self._ship))
            if rounds % ADOPT_EVERY == 0:
                self._attempt(self._adopt)
                self._attempt(self._save)
            self._attempt(self._refresh)
            self._attempt(lambda: self._beat(stopped=False))
            self._attempt(lambda: self._rooms.share(_now_ms()))
            rounds += 1
            if self._stop.wait(EVERY_S):
                return

    def _attempt(self, duty: Callable[[], object]) -> None:
        try:
            duty()
        except Exception:  # one duty's trouble must not end the others
            log.exception("upkeep: a duty failed and will be tried again")
            self._counters.add("upkeep_failed")

    def _ship(self, batch: Sequence[bytes]) -> bool:
        return self._lane.run(xadds(batch, self._shards)) is not None

    def _adopt(self) -> None:
        self._spool.adopt(self._ship, self._mark_adopted)

    def _mark_adopted(self, boot_id: uuid.UUID) -> bool:
        """The dead process's last heartbeat still says it holds events; they are shipped now."""
        field = boot_id.hex.encode("ascii")
        replies = self._lane.run([(b"HGET", HEARTBEATS, field)])
        if replies is None:
            return False
        if replies[0] is None:
            return True  # it died before its first heartbeat
        known = json.loads(replies[0])
        known |= {"spool_bytes": 0, "adopted_by": str(self._stamp.boot_id)}
        written = self._lane.run([(b"HSET", HEARTBEATS, field, json.dumps(known).encode())])
        return written is not None

    def _refresh(self) -> None:
        names = self._snapshot.due(_now_ms())
        for start in range(0, len(names), 500):
            some, now_ms = names[start : start + 500], _now_ms()
            replies = self._lane.run([(b"GET", name) for name in some])
            if replies is None:
                return
            self._snapshot.absorb(some, replies, now_ms)  # as old as the question may be

    def _beat(self, *, stopped: bool) -> None:
        counters = self._counters.read()
        # In this order: an event spooled in between must not look as if it were in the stream.
        beat = {
            "boot_id": str(self._stamp.boot_id),
            "last_seq": self._stamp.settled_through(),
            "spool_bytes": self._spool.waiting_bytes(),
            "unmetered": counters.get(UNMETERED, 0),
            "disk_full": self._spool.is_refusing(),
            "seen_at_ms": _now_ms(),
            "door": self._door,
            "region": self._stamp.region,
            "stopped": stopped,
            "counters": counters,
            "answers": dict(self._stamp.answers),
            "lately": self._lately.of(time.monotonic_ns() // 1_000_000, self._stamp.answers.copy()),
            "lags_us": dict(self._lags),
            "down": sorted(name for name, lane in [*self.lanes.items()] if not lane.is_up),
            "purges": self._snapshot.purges_seen(_now_ms()),
        }
        field = self._stamp.boot_id.hex.encode("ascii")
        self._lane.run([(b"HSET", HEARTBEATS, field, json.dumps(beat).encode())])

    def _save(self) -> None:
        """Keep the facts for a restart while `events` is away. Holds key hashes: owner only."""
        dump = self._snapshot.dump()
        if dump == self._saved or self._snapshot.is_empty():
            return
        self._snapshot_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = self._snapshot_file.with_suffix(f".{self._stamp.boot_id}")
        aside.touch(mode=0o600)
        aside.write_bytes(dump)
        aside.rename(self._snapshot_file)
        self._saved = dump


def load_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Facts of the last process, if they can be read; good only while `events` is away."""
    try:
        snapshot.load(path.read_bytes())
    except FileNotFoundError:
        return  # the first start on this machine
    except (OSError, ValueError) as error:
        log.warning("snapshot file %s left aside: %s", path, error)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
