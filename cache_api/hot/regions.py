"""Several regions: who holds which version of an entry, and whether this one may still answer.

Every region keeps an index beside its entries: under `i1:…`, when the newest version that it heard
of was stored and where. What is older than that is not served; what is missing is fetched from
there. Lanes to the other regions' memories are called `cache@<region>`, the home's durable store is
`home`. A region alone has none of this.
"""

from collections.abc import Mapping, Sequence

from cache_api.hot.admit import Caller
from cache_api.hot.keyring import KEY_PREFIX
from cache_api.hot.steps import Command
from cache_api.hot.work import GET, SET

# In a region's memory while it knows every purge: whoever follows the home's log renews it. In the
# home's own as well: one that too few regions follow may have been replaced.
STAMP = b"h1:home"
# How long a region that heard of no purge may go on: the stamp (terms.STAMP_MS), facts on their
# way, an answer that was begun on the last moment of it.
LEASE_MS = 10_000
_INDEX = b"i1:"
Version = tuple[int, str]  # stored at (Unix ms), in which region
Versions = dict[bytes, Version]

# KEYS: index entry. ARGV: stored at, region, expiry. An older version never replaces a newer one.
_NOTE = b"""
local known = redis.call('GET', KEYS[1])
if known and tonumber(string.match(known, '^%d+')) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PXAT', ARGV[3])
return 1
"""


class CutOff(Exception):
    """The home region was not heard of lately, or is none any more: purges may be unknown here."""


def lane(region: str) -> str:
    """The lane to another region's memory."""
    return f"cache@{region}"


def reads(who: Caller, keys: Sequence[bytes]) -> list[Command]:
    """What to read from memory besides the entries under `keys`, where there are regions."""
    commands: list[Command] = [(GET, _index_name(key)) for key in keys]
    return [*commands, (GET, STAMP)]


def versions(who: Caller, keys: Sequence[bytes], replies: Sequence[bytes | None]) -> Versions:
    """Newest versions by key. `replies` to `reads`. Raises CutOff."""
    if who.partner.strict_purge and replies[-1] is None:
        raise CutOff
    told = zip(keys, replies, strict=False)
    return {key: _version(raw) for key, raw in told if raw is not None}


def version_reads(who: Caller, key: bytes) -> list[Command]:
    """What a store reads to know whether another region has a newer version."""
    return [(GET, _index_name(key))] if who.site.others else []


def is_newer(raw: bytes | None, created_at_ms: int) -> bool:
    """Whether the index knows a newer version than this. `raw`: the reply to `version_reads`."""
    return raw is not None and _version(raw)[0] > created_at_ms


def notes(who: Caller, commands: Sequence[Command], stored_at_ms: int) -> list[Command]:
    """Memory's SETs (key, sealed, PXAT, instant) → this region's own index entries."""
    word = b"%d %b" % (stored_at_ms, who.site.region.encode())
    return [(SET, _index_name(key), word, b"PXAT", at) for _, key, _, _, at in commands]


def pushes(
    who: Caller, commands: Sequence[Command], stored_at_ms: int
) -> tuple[tuple[str, list[Command]], ...]:
    """The same for all other regions, by lane."""
    words = (b"%d" % stored_at_ms, who.site.region.encode())
    told: list[Command] = [
        (b"EVAL", _NOTE, b"1", _index_name(key), *words, at) for _, key, _, _, at in commands
    ]
    return tuple((lane(region), told) for region in who.site.others)


def may_leave(who: Caller, customer: str) -> bool:
    """Whether a customer's entries may be known in other regions."""
    resident = who.partner.resident
    return bool(who.site.others) and customer not in resident and "*" not in resident


def holder(who: Caller, known: Mapping[bytes, Version], keys: Sequence[bytes]) -> str | None:
    """Another region that has one of these keys."""
    places = (known[key][1] for key in keys if key in known)
    return next((region for region in places if region in who.site.others), None)


def _index_name(key: bytes) -> bytes:
    return _INDEX + key[len(KEY_PREFIX) :]


def _version(raw: bytes) -> Version:
    at, _, region = raw.partition(b" ")
    return int(at), region.decode("ascii", "replace")
