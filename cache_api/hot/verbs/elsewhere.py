"""Places a lookup goes on to when the region's memory has no answer, and the way back into it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cache_api.hot import tier
from cache_api.hot.envelope import Entry
from cache_api.hot.marks import Stamp
from cache_api.hot.steps import CACHE, TIER, Answer, Command, Replies, Run
from cache_api.hot.work import SET

if TYPE_CHECKING:
    from cache_api.hot.verbs.lookup import Lookup


@dataclass(slots=True)
class Elsewhere:
    """A lookup that waits for another place than memory."""

    lookup: "Lookup"
    where: str

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        """Go on with what the place had; one that does not answer in time had nothing."""
        if replies is None:
            return self.lookup.missed(stamp, elapsed_us)
        return self.lookup.weigh(self.where, replies, stamp, elapsed_us)


def from_tier(lookup: "Lookup") -> Run | None:
    """What memory may have evicted."""
    who, keys = lookup.subject.who, lookup.missing()
    if not who.site.has_tier or not keys:
        return None
    return Run(tier.reads(who, keys), Elsewhere(lookup, TIER), TIER)


def promotion(lookup: "Lookup", entry: Entry) -> tuple[tuple[str, list[Command]], ...]:
    """Put what was brought into memory, for as long as it has left, if the partner has room."""
    size = sum([len(sealed) for _, sealed in lookup.brought])
    if not lookup.subject.who.room.take_memory(size):
        return ()
    expires_at = b"%d" % (entry.meta.expires_at_ms + entry.meta.max_stale_ms)
    commands: list[Command] = [
        (SET, key, sealed, b"PXAT", expires_at) for key, sealed in lookup.brought
    ]
    return ((CACHE, commands),)
