"""GET /api/overflow/purges/{id}: who has heard of a purge, after how many milliseconds.

A purge is complete when no process can serve what it purged any more: every process has said that
it knows it, or the time for which one may rely on older facts is over. Where there are regions,
enough of them must have written it down that a region promoted to home knows it too.
"""

import uuid
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from cache_api.hot import purges, terms
from cache_api.hot.admit import Caller
from cache_api.hot.marks import Stamp
from cache_api.hot.problems import Problem
from cache_api.hot.regions import LEASE_MS
from cache_api.hot.steps import HOME, Answer, Asked, Command, Replies, Run
from cache_api.rules.terms import have_followed, held_until_ms

HEARTBEATS = b"usage:heartbeats"
HEARD = b"purges:heard"  # by region, in the home: the heartbeats of its processes (JSON list)
SILENT_MS = 10 * 60 * 1000
SEEN, WAITING, EXPIRED = "seen", "waiting", "lease_expired"


class Beat(msgspec.Struct):
    """What of a process's heartbeat matters here."""

    boot_id: str
    seen_at_ms: int
    door: str = ""
    region: str = ""
    stopped: bool = False
    purges: dict[str, tuple[int, int]] = {}


_beat = msgspec.json.Decoder(Beat).decode
_beats = msgspec.json.Decoder(list[Beat]).decode


def begin(who: Caller, asked: Asked) -> Run:
    """Read the record and what every process last said. Raises Problem."""
    try:
        purge_id = uuid.UUID(asked.tail)
    except ValueError as error:
        raise _unknown() from error
    name = purges.record_name(who.partner.partner_id, purge_id)
    commands: list[Command] = [(b"GET", name), (b"HVALS", HEARTBEATS), (b"TIME",)]
    if who.site.others:
        commands += [(b"HVALS", HEARD), (b"HGETALL", terms.WITNESSES), (b"GET", terms.TERM)]
    return Run(commands, Status(who), HOME)


@dataclass(slots=True)
class Status:
    """A question about a purge."""

    who: Caller

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Answer:
        """The answer. Raises Problem for a purge that is not this caller's."""
        if replies is None:
            raise Problem("overloaded", "The purge cannot be looked up right now.")
        raw, beats, (seconds, micros), *abroad = replies
        if raw is None:
            raise _unknown()
        seq, at_ms, log_id, text = purges.recorded(raw)
        about: dict[str, Any] = orjson.loads(text)
        bound = self.who.key.customer
        if bound is not None and about["selectors"].get("customer_id") != bound:
            raise _unknown()
        now_ms = int(seconds) * 1000 + int(micros) // 1000
        others = [beat for told in abroad[:1] for word in told for beat in _heard(word)]
        living = [*[beat for beat in map(_read, beats) if beat is not None], *others]
        living = [b for b in living if not b.stopped and now_ms - b.seen_at_ms < SILENT_MS]
        partner = str(self.who.partner.partner_id)
        is_kept = True
        if abroad:
            is_kept, since_ms = self._is_kept(abroad[1], abroad[2], log_id, now_ms)
            at_ms = max(at_ms, since_ms)
        age_ms = now_ms - at_ms
        over = is_over(age_ms, LEASE_MS if abroad else purges.LEASE_MS)
        regions = _regions(living, partner, seq, over)
        complete = is_kept and (over or all(one["state"] == SEEN for one in regions))
        about |= {
            "status": "complete" if complete else "pending", "seq": seq,
            "age_ms": age_ms, "regions": regions,
        }  # fmt: skip
        return Answer(200, orjson.dumps(about))

    def _is_kept(
        self, witnesses: list[bytes], raw: bytes | None, log_id: str, now_ms: int
    ) -> tuple[bool, int]:
        """Whether enough regions have the purge that any next home will know it; since when this
        one is home.

        Only a home that is still one can say so.
        """
        home, needed = self.who.site.home_and_quorum
        term, told = terms.read(raw, home), terms.witnesses(witnesses)
        until_ms = held_until_ms(told, term.epoch, needed, terms.STAMP_MS)
        is_held = term.home == home and term.opened and (not needed or now_ms < until_ms)
        return is_held and have_followed(told, term.epoch, log_id) >= needed, term.since_ms


def is_over(age_ms: int, lease_ms: int = purges.LEASE_MS) -> bool:
    """Whether nobody can rely on facts from before the purge any more."""
    return age_ms >= lease_ms + purges.IN_FLIGHT_MS


def _regions(living: list[Beat], partner: str, seq: int, over: bool) -> list[dict[str, Any]]:
    by_region: dict[str, list[dict[str, Any]]] = {}
    for beat in living:
        known, after_ms = beat.purges.get(partner, (0, 0))
        state = SEEN if known >= seq else EXPIRED if over else WAITING
        process = {
            "process": beat.boot_id, "door": beat.door, "state": state,
            "ms": after_ms if known == seq else None,
        }  # fmt: skip
        by_region.setdefault(beat.region, []).append(process)
    return [
        {
            "region": region,
            "state": min((one["state"] for one in some), key=(WAITING, EXPIRED, SEEN).index),
            "ms": max((one["ms"] or 0 for one in some), default=None),
            "processes": sorted(some, key=lambda one: one["process"]),
        }
        for region, some in sorted(by_region.items())
    ]


def _read(raw: bytes) -> Beat | None:
    try:
        return _beat(raw)
    except msgspec.DecodeError:
        return None  # another version's


def _heard(raw: bytes) -> list[Beat]:
    try:
        return _beats(raw)
    except msgspec.DecodeError:
        return []


def _unknown() -> Problem:
    return Problem("not-found", "There is no such purge, or it is older than seven days.")
