"""Follows the home region's log of purges: carries each out in this region, then says so.

One process a region does it at a time (a lease in the region's `events`). In order: remove single
entries from memory, tier and memory again, leave the purge's number in memory, copy the partner's
floors. Then the region's stamp is renewed, without which a region other than the home answers with
misses, and the home hears which processes here know what. Everything may be done twice.
"""

import contextlib
import json
import logging
import threading
import uuid
from collections.abc import Sequence
from typing import Any

from cache_api.gateways.tier_store import FAILURES, TierStore
from cache_api.gateways.upkeep import HEARTBEATS
from cache_api.gateways.valkey_sync import SyncLane
from cache_api.hot import facts, purges, regions
from cache_api.hot.keyring import KEY_PREFIX
from cache_api.hot.tier import name_in
from cache_api.hot.verbs.purge_status import HEARD
from cache_api.hot.work import DEL, GET, SET

log = logging.getLogger(__name__)
EVERY_S, LEASE_MS = 0.25, 2_000
PAGE = 500
LEASE, POSITION = b"purges:follower", b"purges:position"
_KEY_BYTES = len(KEY_PREFIX) + 32
_MOVE_ON_MS = 3_600_000

# KEYS: fact. ARGV: number, fact. What is known of a later purge never gives way to an older one.
_COPY = b"""
local known = redis.call('GET', KEYS[1])
if known and cjson.decode(known).seq >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""


class NotNow(Exception):
    """A server did not answer; what was begun is done again."""


class Follower:
    """One process's offer to follow."""

    def __init__(
        self,
        *,
        region: str,
        home: SyncLane,
        events: SyncLane,
        cache: SyncLane,
        store: TierStore | None,
        is_home: bool,
    ) -> None:
        """`home` and `events` lead to the durable stores of the home and of this region."""
        self._region, self._is_home, self._store = region, is_home, store
        self._home, self._events, self._cache = home, events, cache
        self._me = uuid.uuid4().bytes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)

    def start(self) -> None:
        """Begin; `stop` ends it."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step under way."""
        self._stop.set()
        self._thread.join(5.0)

    def step(self) -> int | None:
        """One round: how many purges were carried out, None when another process does it.

        Raises NotNow or one of tier_store.FAILURES.
        """
        seconds, micros = self._ask(self._cache, [(b"TIME",)])[0]
        if not self._leads():
            return None
        position = self._ask(self._events, [(GET, POSITION)])[0]
        done = self._carry_on(position)
        if not self._is_home:
            # By the time before anything was read: a slow round must not promise more.
            until_ms = int(seconds) * 1000 + int(micros) // 1000 + regions.STAMP_MS
            self._ask(self._cache, [(SET, regions.STAMP, b"1", b"PXAT", b"%d" % until_ms)])
            self._tell()
        return done

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            try:
                while (self.step() or 0) >= PAGE:
                    pass
            except NotNow:
                continue  # the lane has said so
            except FAILURES as error:
                log.warning("purges: the tier does not answer: %s", type(error).__name__)

    def _leads(self) -> bool:
        claim = (SET, LEASE, self._me, b"NX", b"PX", b"%d" % LEASE_MS)
        taken, holder = self._ask(self._events, [claim, (GET, LEASE)])
        if taken is None and holder == self._me:
            self._ask(self._events, [(b"PEXPIRE", LEASE, b"%d" % LEASE_MS)])
        return bool(holder == self._me)

    def _carry_on(self, position: bytes | None) -> int:
        asked = [(b"TIME",), (b"XREVRANGE", purges.LOG, b"+", b"-", b"COUNT", b"1")]
        if position is not None:
            asked.append((b"XRANGE", purges.LOG, b"(" + position, b"+", b"COUNT", b"%d" % PAGE))
        (seconds, micros), last, *found = self._ask(self._home, asked)
        home_ms = int(seconds) * 1000 + int(micros) // 1000
        if position is None or _ms(position) < home_ms - purges.LOG_MS:
            self._begin_anew(last[0][0] if last else b"%d-0" % (home_ms - 1), position is not None)
            return 0
        entries = found[0]
        if entries:
            self._carry_out([_Purge(fields) for _, fields in entries])
            self._ask(self._events, [(SET, POSITION, entries[-1][0])])
        elif _ms(position) < home_ms - _MOVE_ON_MS:
            self._ask(self._events, [(SET, POSITION, b"%d-0" % (home_ms - 1))])
        return len(entries)

    def _begin_anew(self, position: bytes, has_entries: bool) -> None:
        """A region that is new, or was cut off for longer than the log goes back."""
        if has_entries:
            log.error("purges: cut off for too long; all entries of this region are dropped")
            self._ask(self._cache, [(b"FLUSHDB", b"ASYNC")])
            if self._store is not None:
                self._store.clear()
        cursor = b"0"
        while not self._is_home:
            match = (b"MATCH", facts.PURGES + b"*", b"COUNT", b"1000")
            cursor, names = self._ask(self._home, [(b"SCAN", cursor, *match)])[0]
            self._copy(names)
            if cursor == b"0":
                break
        self._ask(self._events, [(SET, POSITION, position)])

    def _carry_out(self, some: Sequence["_Purge"]) -> None:
        keys = [key for one in some for key in one.keys]
        removal = [(DEL, key) for key in keys]
        self._ask(self._cache, removal)
        if self._store is not None:
            for one in some:
                for key in one.keys:
                    self._store.remove(name_in(one.partner_id, key).decode("ascii"))
        self._ask(self._cache, removal)
        names = list(dict.fromkeys(purges.fact_name(one.partner_id) for one in some))
        told = self._ask(self._home, [(GET, name) for name in names])
        marks = [
            (SET, purges.mark_name(uuid.UUID(name[len(facts.PURGES) :].decode("ascii"))),
             b"%d" % json.loads(fact)["seq"], b"PX", purges.MARK_MS_TEXT)
            for name, fact in zip(names, told, strict=True) if fact is not None
        ]  # fmt: skip
        self._ask(self._cache, marks)
        if not self._is_home:
            self._write(names, told)

    def _copy(self, names: Sequence[bytes]) -> None:
        if names:
            self._write(names, self._ask(self._home, [(GET, name) for name in names]))

    def _write(self, names: Sequence[bytes], told: Sequence[bytes | None]) -> None:
        pairs = [(name, fact) for name, fact in zip(names, told, strict=True) if fact is not None]
        self._ask(
            self._events,
            [(b"EVAL", _COPY, b"1", name, b"%d" % json.loads(fact)["seq"], fact)
             for name, fact in pairs],
        )  # fmt: skip

    def _tell(self) -> None:
        beats = self._ask(self._events, [(b"HVALS", HEARTBEATS)])[0]
        known = []
        for beat in beats:
            with contextlib.suppress(ValueError):
                known.append(json.loads(beat))
        told = json.dumps(known).encode()
        self._ask(self._home, [(b"HSET", HEARD, self._region.encode(), told)])

    def _ask(self, lane: SyncLane, commands: Sequence[tuple[bytes, ...]]) -> list[Any]:
        replies = lane.run(commands)
        if replies is None:
            raise NotNow
        return replies


class _Purge:
    """An entry of the log."""

    __slots__ = ("keys", "partner_id")

    def __init__(self, fields: Sequence[bytes]) -> None:
        told = dict(zip(fields[::2], fields[1::2], strict=True))
        self.partner_id = uuid.UUID(bytes=told[b"p"])
        raw = told[b"k"]
        self.keys = [raw[at : at + _KEY_BYTES] for at in range(0, len(raw), _KEY_BYTES)]


def _ms(stream_id: bytes) -> int:
    return int(stream_id.partition(b"-")[0])
