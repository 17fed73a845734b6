"""Byte budgets: what partners took lately, shared between a region's processes once a second.

The hash `room:<hour>` in the region's cache holds bytes put into memory, a field a partner;
`tier:<place>:<hour>` the same of a tier, `tier:<place>:held` what its last sweep found. They are
estimates and may be lost: then a partner gets its share anew.
"""

import hashlib
import socket
import uuid
from collections.abc import Mapping

from cache_api.gateways.cluster_sync import SyncStoreLane
from cache_api.hot import facts
from cache_api.hot.snapshot import Snapshot

WINDOW_MS = 3_600_000
# While this much of memory is used, nobody is held back: nothing is evicted yet.
FULL = 0.9
# What a partner without a budget of its own may put into a full memory within an hour.
DEFAULT_SHARE = 0.25
Sums = dict[uuid.UUID, int]


def place_of(tier_url: str) -> str:
    """A name for a tier: a folder is another one on each host."""
    host = socket.gethostname() if tier_url.startswith("file:") else ""
    return hashlib.blake2b(f"{host} {tier_url}".encode(), digest_size=8).hexdigest()


class Rooms:
    """One process's part in it. `lane` leads to the region's cache."""

    def __init__(self, lane: SyncStoreLane, snapshot: Snapshot, place: str) -> None:
        self._lane, self._snapshot, self._place = lane, snapshot, place
        self._unsent: dict[uuid.UUID, list[int]] = {}

    def share(self, now_ms: int) -> None:
        """Tell what was taken here, hear what was taken everywhere, and set what is left."""
        site = self._snapshot.site
        for partner_id, room in list(site.rooms.items()):
            unsent = self._unsent.setdefault(partner_id, [0, 0])
            unsent[0] += (taken := room.counted())[0]
            unsent[1] += taken[1]
        hour = now_ms // WINDOW_MS
        memory, tier = ([name % n for n in (hour, hour - 1)] for name in self._names())
        commands = [*self._tell(memory[0], tier[0]), (b"INFO", b"memory")]
        commands += [(b"HGETALL", name) for name in (*memory, *tier, held_name(self._place))]
        replies = self._lane.run(commands)
        if replies is None:
            return  # told next time
        self._unsent = {}
        info, now, before, tier_now, tier_before, held = [*map(_pairs, replies[-6:])]
        before_weight = 1 - now_ms % WINDOW_MS / WINDOW_MS
        self._set_memory(info, _sums(now), _sums(before), before_weight)
        self._set_tier(_sums(tier_now), _sums(tier_before), _sums(held))

    def _names(self) -> tuple[bytes, bytes]:
        return b"room:%d", b"tier:" + self._place.encode() + b":%d"

    def _tell(self, memory: bytes, tier: bytes) -> list[tuple[bytes, ...]]:
        commands: list[tuple[bytes, ...]] = []
        for name, which in ((memory, 0), (tier, 1)):
            grown = {one: taken[which] for one, taken in self._unsent.items() if taken[which]}
            for partner_id, size in grown.items():
                commands.append((b"HINCRBY", name, partner_id.hex.encode(), b"%d" % size))
            if grown:
                commands.append((b"PEXPIRE", name, b"%d" % (2 * WINDOW_MS)))
        return commands

    def _set_memory(
        self, info: Mapping[bytes, bytes], now: Sums, before: Sums, before_weight: float
    ) -> None:
        site, most = self._snapshot.site, int(info.get(b"maxmemory", 0))
        site.memory_share = int(most * DEFAULT_SHARE) if most else None
        # Half of what is free, so that two processes that both use it up still fit.
        site.memory_free = (int(most * FULL) - int(info.get(b"used_memory", 0))) // 2
        for partner_id, room in list(site.rooms.items()):
            taken = now.get(partner_id, 0) + int(before.get(partner_id, 0) * before_weight)
            room.memory_left = site.memory_left(self._budget(partner_id, "memory_bytes"), taken)

    def _set_tier(self, now: Sums, before: Sums, held: Sums) -> None:
        for partner_id, room in list(self._snapshot.site.rooms.items()):
            limit = self._budget(partner_id, "tier_bytes")
            taken = sum([sums.get(partner_id, 0) for sums in (now, before, held)])
            room.tier_left = None if limit is None else limit - taken

    def _budget(self, partner_id: uuid.UUID, which: str) -> int | None:
        fact = self._snapshot.get(facts.PARTNER + str(partner_id).encode("ascii"))
        found: int | None = getattr(fact, which, None)
        return found


def held_name(place: str) -> bytes:
    """The hash with what a tier's last sweep found."""
    return b"tier:" + place.encode() + b":held"


def _pairs(reply: object) -> dict[bytes, bytes]:
    """A hash as a pipeline answers it, or the lines of INFO."""
    if isinstance(reply, bytes):
        lines = [line.partition(b":") for line in reply.splitlines()]
        return {name: value for name, colon, value in lines if colon}
    assert isinstance(reply, list)
    return dict(zip(reply[::2], reply[1::2], strict=True))


def _sums(pairs: Mapping[bytes, bytes]) -> Sums:
    return {uuid.UUID(hex=name.decode("ascii")): int(value) for name, value in pairs.items()}
