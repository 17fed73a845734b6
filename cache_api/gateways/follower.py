"""Follows the home region's log of purges: carries each out in this region, then says so.

One process a region does it at a time (a lease in the region's `events`). In order: remove single
entries from memory, tier and memory again, leave the purge's number in memory, copy the partner's
floors and the log. Then the home hears how far this region has come and which processes here know
what; and while enough regions follow the home, this region's stamp is renewed, without which it
answers with misses. Everything may be done twice.
"""

import contextlib
import json
import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from cache_api.gateways.cluster_sync import SyncStoreLane
from cache_api.gateways.home import POSITION, Home, NotNow, ask
from cache_api.gateways.tier_store import TierStore, failures
from cache_api.gateways.upkeep import HEARTBEATS
from cache_api.hot import facts, purges, regions, terms
from cache_api.hot.keyring import KEY_PREFIX
from cache_api.hot.snapshot import FRESH_MS
from cache_api.hot.steps import Command
from cache_api.hot.tier import name_in
from cache_api.hot.verbs.purge_status import HEARD
from cache_api.hot.work import DEL, GET, SET
from cache_api.rules.terms import START, Term, Witness, held_until_ms, place, quorum

log = logging.getLogger(__name__)
EVERY_S, LEASE_MS = 0.25, 2_000
PAGE = 500
LEASE = b"purges:follower"
CATCHING_UP = b"purges:catching-up"  # until when (s) this region's processes may lag behind it
_KEY_BYTES = len(KEY_PREFIX) + 32
_MOVE_ON_MS = 3_600_000

# A region that has taken another term meanwhile writes nothing of the old one's home down any more.
_SAME_TERM = b"""
local raw = redis.call('GET', KEYS[1])
local term = raw and cjson.decode(raw) or {epoch = 0, opened = true}
if term.epoch ~= tonumber(ARGV[1]) or not term.opened then return -1 end
"""
# KEYS: term, fact. ARGV: epoch, number, fact. What is known of a later purge never gives way to an
# older one.
_COPY_FACT = b"""
local known = redis.call('GET', KEYS[2])
if known and cjson.decode(known).seq >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[2], ARGV[3])
return 1
"""
# KEYS: term, log, record. ARGV: epoch, oldest id, id, seconds, record, then the entry's fields.
_COPY_ENTRY = b"""
local done = redis.pcall('XADD', KEYS[2], 'MINID', '~', ARGV[2], ARGV[3], unpack(ARGV, 6))
local why = type(done) == 'table' and done.err
if why and not string.find(why, 'equal or smaller', 1, true) then return done end
redis.call('SET', KEYS[3], ARGV[5], 'EX', ARGV[4])
return 1
"""
# KEYS: term, position. ARGV: epoch, position.
_MOVE = b"""
redis.call('SET', KEYS[2], ARGV[2])
return 1
"""


class Follower:
    """One process's offer to follow. `on_home` hears the home's name whenever it is another."""

    def __init__(self, home: Home, cache: SyncStoreLane, store: TierStore | None) -> None:
        self._home, self._cache, self._store = home, cache, store
        self._region, self._events = home.region, home.events[home.region]
        self._quorum = quorum(len(home.events))
        self._me = uuid.uuid4().bytes
        self.on_home: Callable[[str], None] = lambda name: None
        self._known, self._has_lapsed = "", True
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

        Raises NotNow or one of tier_store.failures().
        """
        (seconds, micros), stamp = ask(self._cache, [(b"TIME",), (GET, regions.STAMP)])
        self._has_lapsed = stamp is None
        term = self._home.term()
        self._heed(term)
        if not self._leads():
            return None
        term = self._home.ask_around(term)
        self._heed(term)
        if not term.opened:
            raise NotNow  # a region is being promoted: nobody is the home
        self._home.conform(term)
        done, home_ms = self._carry_on(term)
        if done < PAGE:
            left_ms = self._tell(term, home_ms)
            # By the time before anything was read: a slow round must not promise more.
            until_ms = int(seconds) * 1000 + int(micros) // 1000 + left_ms
            if left_ms > 0 and self._all_have_heard():
                ask(self._cache, [(SET, regions.STAMP, b"1", b"PXAT", b"%d" % until_ms)])
        return done

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            try:
                while (self.step() or 0) >= PAGE:
                    pass
            except NotNow:
                continue  # the lane has said so
            except failures() as error:
                log.warning("purges: the tier does not answer: %s", type(error).__name__)

    def _heed(self, term: Term) -> None:
        if term.home != self._known:
            self._known = term.home
            self.on_home(term.home)

    def _leads(self) -> bool:
        claim = (SET, LEASE, self._me, b"NX", b"PX", b"%d" % LEASE_MS)
        taken, holder = ask(self._events, [claim, (GET, LEASE)])
        if taken is None and holder == self._me:
            ask(self._events, [(b"PEXPIRE", LEASE, b"%d" % LEASE_MS)])
        return bool(holder == self._me)

    def _carry_on(self, term: Term) -> tuple[int, int]:
        """Entries carried out, and the home's time (Unix ms) before they were read."""
        home = self._home.events[term.home]
        position = ask(self._events, [(GET, POSITION)])[0]
        asked = [(b"TIME",), (GET, terms.TERM)]
        asked.append((b"XREVRANGE", purges.LOG, b"+", b"-", b"COUNT", b"1"))
        if position is not None:
            asked.append((b"XRANGE", purges.LOG, b"(" + position, b"+", b"COUNT", b"%d" % PAGE))
        (seconds, micros), its_term, last, *found = ask(home, asked)
        if terms.read(its_term, term.home).epoch > term.epoch:
            raise NotNow  # it knows of a later home; so will this region in a moment
        home_ms = int(seconds) * 1000 + int(micros) // 1000
        oldest_ms = home_ms - purges.LOG_MS
        if position is None or (_ms(position) or term.since_ms) < oldest_ms:
            at = last[0][0] if last else b"%d-0" % (home_ms - 1)
            self._begin_anew(term, at, position is not None)
            return PAGE, home_ms  # and once more
        entries = found[0]
        if entries:
            if self._has_lapsed:
                self._catch_up(home_ms - _ms(entries[0][0]))
            self._carry_out(term, entries, b"%d-0" % max(0, oldest_ms))
            self._move(term, entries[-1][0])
        elif _ms(position) < home_ms - _MOVE_ON_MS:
            self._move(term, b"%d-0" % (home_ms - 1))
        return len(entries), home_ms

    def _catch_up(self, behind_ms: int) -> None:
        """This region was cut off and missed purges, which may be complete: its processes may go by
        older facts for a while yet.
        """
        (seconds, _), waiting = ask(self._events, [(b"TIME",), (GET, CATCHING_UP)])
        if waiting is None or behind_ms > FRESH_MS:
            until_s = b"%d" % (int(seconds) + FRESH_MS // 1000 + 1)
            ask(self._events, [(SET, CATCHING_UP, until_s, b"EX", b"60")])

    def _all_have_heard(self) -> bool:
        """Whether every process of this region knows what it missed while it was cut off."""
        if not self._has_lapsed:
            return True
        (seconds, _), until_s = ask(self._events, [(b"TIME",), (GET, CATCHING_UP)])
        if until_s is not None and int(seconds) < int(until_s):
            return False
        ask(self._events, [(DEL, CATCHING_UP)])
        return True

    def _begin_anew(self, term: Term, position: bytes, has_entries: bool) -> None:
        """A region that is new, or was cut off for longer than the log goes back."""
        if has_entries:
            log.error("purges: cut off for too long; all entries of this region are dropped")
            self._home.drop()
        home, cursor = self._home.events[term.home], b"0"
        while term.home != self._region:
            match = (b"MATCH", facts.PURGES + b"*", b"COUNT", b"1000")
            cursor, names = ask(home, [(b"SCAN", cursor, *match)])[0]
            if names:
                self._copy_facts(term, names, ask(home, [(GET, name) for name in names]))
            if cursor == b"0":
                break
        self._move(term, position)

    def _move(self, term: Term, position: bytes) -> None:
        words = (b"%d" % term.epoch, position)
        self._write([(b"EVAL", _SAME_TERM + _MOVE, b"2", terms.TERM, POSITION, *words)])

    def _carry_out(self, term: Term, entries: Sequence[Any], oldest: bytes) -> None:
        some = [_Purge(fields) for _, fields in entries]
        removal = [(DEL, key) for one in some for key in one.keys]
        ask(self._cache, removal)
        if self._store is not None:
            for one in some:
                for key in one.keys:
                    self._store.remove(name_in(one.partner_id, key).decode("ascii"))
        ask(self._cache, removal)
        names = list(dict.fromkeys(purges.fact_name(one.partner_id) for one in some))
        told = ask(self._home.events[term.home], [(GET, name) for name in names])
        marks = [
            (SET, purges.mark_name(uuid.UUID(name[len(facts.PURGES) :].decode("ascii"))),
             b"%d" % json.loads(fact)["seq"], b"PX", purges.MARK_MS_TEXT)
            for name, fact in zip(names, told, strict=True) if fact is not None
        ]  # fmt: skip
        ask(self._cache, marks)
        if term.home != self._region:
            self._copy_facts(term, names, told)
            self._copy_log(term, entries, oldest)

    def _copy_facts(self, term: Term, names: Sequence[bytes], told: Sequence[bytes | None]) -> None:
        pairs = [(name, fact) for name, fact in zip(names, told, strict=True) if fact is not None]
        self._write(
            [(b"EVAL", _SAME_TERM + _COPY_FACT, b"2", terms.TERM, name, b"%d" % term.epoch,
              b"%d" % json.loads(fact)["seq"], fact)
             for name, fact in pairs],
        )  # fmt: skip

    def _copy_log(self, term: Term, entries: Sequence[Any], oldest: bytes) -> None:
        """After the facts: a region whose log has a purge has its floors."""
        copies: list[Command] = []
        for log_id, fields in entries:
            one = _Purge(fields)
            if one.record is not None:
                names = (terms.TERM, purges.LOG, one.record)
                words = (b"%d" % term.epoch, oldest, log_id, b"%d" % purges.RECORD_S)
                record = one.told[b"n"] + b" " + log_id + b" " + one.told[b"a"]
                copies.append(
                    (b"EVAL", _SAME_TERM + _COPY_ENTRY, b"3", *names, *words, record, *fields)
                )
        self._write(copies)

    def _write(self, commands: Sequence[Command]) -> None:
        if -1 in ask(self._events, commands):
            raise NotNow

    def _tell(self, term: Term, home_ms: int) -> int:
        """Tell the home how far this region is; for how many ms the home is surely still one."""
        home = self._home.events[term.home]
        witnesses = ask(home, [(b"HGETALL", terms.WITNESSES)])[0]
        if term.home != self._region:
            beats, position = ask(self._events, [(b"HVALS", HEARTBEATS), (GET, POSITION)])
            known = []
            for beat in beats:
                with contextlib.suppress(ValueError):
                    known.append(json.loads(beat))
            word = Witness(term.epoch, home_ms, (position or START.encode()).decode())
            name = self._region.encode()
            ask(
                home,
                [(b"HSET", HEARD, name, json.dumps(known).encode()),
                 (b"HSET", terms.WITNESSES, name, terms.encode(word))],
            )  # fmt: skip
            witnesses = [*witnesses, name, terms.encode(word)]
        told = dict(zip(witnesses[::2], witnesses[1::2], strict=True))
        pairs = [part for pair in told.items() for part in pair]
        until_ms = held_until_ms(terms.witnesses(pairs), term.epoch, self._quorum, terms.STAMP_MS)
        return terms.STAMP_MS if until_ms < 0 else min(terms.STAMP_MS, until_ms - home_ms)


class _Purge:
    """An entry of the log. `record`: the name of the purge's record; None in older entries."""

    __slots__ = ("keys", "partner_id", "record", "told")

    def __init__(self, fields: Sequence[bytes]) -> None:
        told = self.told = dict(zip(fields[::2], fields[1::2], strict=True))
        self.partner_id = uuid.UUID(bytes=told[b"p"])
        raw, given = told[b"k"], told.get(b"i")
        self.keys = [raw[at : at + _KEY_BYTES] for at in range(0, len(raw), _KEY_BYTES)]
        self.record = given and purges.record_name_of(told[b"p"], given)


def _ms(log_id: bytes) -> int:
    return place(log_id.decode("ascii"))[0]
