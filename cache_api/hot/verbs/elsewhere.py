"""Places a lookup goes on to when the region's memory has no answer, and the way back into it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cache_api.hot import regions, sieve, tier
from cache_api.hot.envelope import Entry
from cache_api.hot.marks import Stamp
from cache_api.hot.steps import CACHE, TIER, Answer, Command, Replies, Run
from cache_api.hot.work import GET, SET

REGION = "region"

if TYPE_CHECKING:
    from cache_api.hot.verbs.lookup import Lookup


@dataclass(slots=True)
class Elsewhere:
    """A lookup that waits for another place than memory."""

    lookup: "Lookup"
    where: str  # as usage events tell it
    keys: list[bytes]

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        """Go on with what the place had; one that does not answer in time had nothing."""
        if replies is None:
            return self.lookup.missed(stamp, elapsed_us)
        had = dict(zip(self.keys, replies, strict=True))
        return self.lookup.weigh(self.where, had, stamp, elapsed_us)


def from_tier(lookup: "Lookup") -> Run | None:
    """What memory may have evicted."""
    who, keys = lookup.subject.who, lookup.missing()
    if not who.site.has_tier or not keys:
        return None
    if who.site.sieves:
        sifting = Sifting(lookup, keys)
        return Run(sieve.reads(who.site.sieves, sifting.names()), sifting)
    return _tier_read(lookup, keys)


def _tier_read(lookup: "Lookup", keys: list[bytes]) -> Run:
    return Run(tier.reads(lookup.subject.who, keys), Elsewhere(lookup, TIER, keys), TIER)


@dataclass(slots=True)
class Sifting:
    """A lookup that asks memory whether it is worth asking a far tier."""

    lookup: "Lookup"
    keys: list[bytes]

    def names(self) -> list[bytes]:
        """The tier's names of the keys."""
        return [tier.name(self.lookup.subject.who, key) for key in self.keys]

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        """Ask the tier for what it may hold."""
        there = sieve.may_hold(self.keys, replies)
        keys = [key for key, may in zip(self.keys, there, strict=True) if may]
        return _tier_read(self.lookup, keys) if keys else self.lookup.missed(stamp, elapsed_us)


def from_region(lookup: "Lookup") -> Run | None:
    """What this region heard of but does not hold."""
    who, missing, known = lookup.subject.who, lookup.missing(), lookup.versions
    region = regions.holder(who, known, missing) if known else None
    if region is None or known is None:
        return None
    keys = [key for key in missing if key in known and known[key][1] == region]
    reads: list[Command] = [(GET, key) for key in keys]
    return Run(reads, Elsewhere(lookup, REGION, keys), regions.lane(region))


def spread(lookup: "Lookup", entry: Entry) -> tuple[tuple[str, list[Command]], ...]:
    """Give an entry of this region's own to all others once it is asked for often."""
    who, key, now_ms = lookup.subject.who, lookup.entry_key, lookup.subject.now_ms
    assert lookup.sealed is not None and lookup.versions is not None
    sealed, version = lookup.sealed.get(key), lookup.versions.get(key)
    is_own = version is not None and version[1] == who.site.region
    if not is_own or sealed is None or not regions.may_leave(who, lookup.subject.customer):
        return ()
    if not who.site.heat.is_hot(key, now_ms):
        return ()
    command: Command = (SET, key, sealed, b"PXAT", _until(entry))
    return tuple((regions.lane(region), [command]) for region in who.site.others)


def promotion(lookup: "Lookup", entry: Entry) -> tuple[tuple[str, list[Command]], ...]:
    """Put what was brought into memory, for as long as it has left, if the partner has room."""
    size = sum([len(sealed) for _, sealed in lookup.brought])
    if not lookup.subject.who.room.take_memory(size):
        return ()
    expires_at = _until(entry)
    commands: list[Command] = [
        (SET, key, sealed, b"PXAT", expires_at) for key, sealed in lookup.brought
    ]
    return ((CACHE, commands),)


def _until(entry: Entry) -> bytes:
    return b"%d" % (entry.meta.expires_at_ms + entry.meta.max_stale_ms)
