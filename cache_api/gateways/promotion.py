"""What promotion asks of the regions' durable stores. A store that does not answer is None."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cache_api.gateways.home import CONFORMS, NotNow, ask
from cache_api.gateways.servers import Region
from cache_api.gateways.valkey_sync import SyncLane
from cache_api.hot import facts, purges, terms
from cache_api.rules.purging import FLOOR_MS
from cache_api.rules.terms import START, Term, place

DEADLINE_S = 2.0
_PAGE = 500

# KEYS: floors (hash), fact. ARGV: number, fact, ms that floors last, then of each floor name,
# number, at, cutoff. What is known of a later purge never gives way to an older one.
_RESTORE = b"""
local known = redis.call('HGET', KEYS[1], 'seq')
if known and tonumber(known) >= tonumber(ARGV[1]) then return 0 end
local time = redis.call('TIME')
local ends = string.format(' %.0f', time[1] * 1000 + ARGV[3])
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'seq', ARGV[1])
for i = 4, #ARGV, 4 do
    redis.call('HSET', KEYS[1], ARGV[i],
        ARGV[i + 1] .. ' ' .. ARGV[i + 2] .. ' ' .. ARGV[i + 3] .. ends)
end
redis.call('SET', KEYS[2], ARGV[2])
return 1
"""


class RegionStore:
    """One region's `events`. Raises NotNow when it does not answer."""

    def __init__(self, region: Region, founding: str) -> None:
        self.name, self._founding = region.name, founding
        self._lane = SyncLane(f"events of {region.name}", region.events_url, DEADLINE_S)

    def term(self) -> Term | None:
        """The term it knows, or None."""
        try:
            return terms.read(self._ask((b"GET", terms.TERM)), self._founding)
        except NotNow:
            return None

    def take(self, term: Term) -> bool:
        """Whether it goes by this term now."""
        try:
            return terms.read(self._ask(terms.taking(term)), self._founding) == term
        except NotNow:
            return False

    def now_ms(self) -> int:
        """Its clock."""
        seconds, micros = self._ask((b"TIME",))
        return int(seconds) * 1000 + int(micros) // 1000

    def last(self) -> str:
        """The last id of its log."""
        found = self._ask((b"XREVRANGE", purges.LOG, b"+", b"-", b"COUNT", b"1"))
        return found[0][0].decode() if found else START

    def conforms(self) -> int:
        """The latest term that its log belongs to."""
        return int(self._ask((b"GET", CONFORMS)) or 0)

    def entries_after(self, log_id: str) -> Iterable[tuple[bytes, list[bytes]]]:
        """Its log beyond an id."""
        after = log_id.encode()
        while True:
            page = self._ask((b"XRANGE", purges.LOG, b"(" + after, b"+", b"COUNT", b"%d" % _PAGE))
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1][0]

    def append(self, entries: Iterable[tuple[bytes, list[bytes]]]) -> int:
        """Lengthen its log by what another one has; how many entries."""
        count = 0
        for log_id, fields in entries:
            told = dict(zip(fields[::2], fields[1::2], strict=True))
            self._ask((b"XADD", purges.LOG, log_id, *fields))
            if b"i" in told:
                name = purges.record_name_of(told[b"p"], told[b"i"])
                record = told[b"n"] + b" " + log_id + b" " + told[b"a"]
                self._ask((b"SET", name, record, b"EX", b"%d" % purges.RECORD_S))
            count += 1
        return count

    def purges(self) -> dict[bytes, bytes]:
        """Every partner's floors, by the fact's name."""
        found, cursor = dict[bytes, bytes](), b"0"
        while True:
            match = (b"MATCH", facts.PURGES + b"*", b"COUNT", b"1000")
            cursor, names = self._ask((b"SCAN", cursor, *match))
            told = ask(self._lane, [(b"GET", name) for name in names])
            found |= {name: raw for name, raw in zip(names, told, strict=True) if raw is not None}
            if cursor == b"0":
                return found

    def restore(self, known: Mapping[bytes, bytes]) -> None:
        """Let it number purges on from these floors."""
        for name, raw in known.items():
            fact = json.loads(raw)
            floors: Sequence[bytes] = [
                str(word).encode()
                for floor, (seq, at_ms, cutoff_ms) in fact["floors"].items()
                for word in (floor, seq, at_ms, cutoff_ms)
            ]
            table = b"purges:" + name[len(facts.PURGES) :]
            words = (str(fact["seq"]).encode(), raw, b"%d" % FLOOR_MS)
            self._ask((b"EVAL", _RESTORE, b"2", table, name, *words, *floors))

    def _ask(self, command: tuple[bytes, ...]) -> Any:
        return ask(self._lane, [command])[0]


def newest(told: Iterable[Mapping[bytes, bytes]]) -> dict[bytes, bytes]:
    """Of every partner the floors of the latest purge that any region knows."""
    found: dict[bytes, bytes] = {}
    for one in told:
        for name, raw in one.items():
            if name not in found or json.loads(raw)["seq"] > json.loads(found[name])["seq"]:
                found[name] = raw
    return found


def most_advanced(stores: Sequence[RegionStore]) -> RegionStore:
    """The store with the longest log of the latest term: whatever was complete is in it."""
    return max(stores, key=lambda one: (one.conforms(), place(one.last())))
