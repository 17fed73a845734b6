"""Where a process stands: its region and the others, its second tier, each partner's room.

One Site a process, kept with the snapshot. Rooms are estimates: each process counts what it writes,
and housekeeping shares the sums and hands out what may still be taken (`gateways.rooms`).
"""

import uuid
from collections import Counter

from cache_api.hot.stock import Stocks
from cache_api.rules import terms

# What Valkey spends on a key beside its value: the key, the object, the expiry (measured: 110–140).
OVERHEAD = 128
# So many hits within a minute and other regions get the entry without asking.
HOT, MOST_KEYS = 8, 50_000


class Room:
    """What one partner may still put into the region's memory and into its tier, in bytes.

    None is no limit. `*_taken` is what this process put there since housekeeping last looked.
    """

    __slots__ = ("memory_left", "memory_taken", "tier_left", "tier_taken")

    def __init__(self, memory_left: int | None = None, tier_left: int | None = None) -> None:
        self.memory_left, self.tier_left = memory_left, tier_left
        self.memory_taken = self.tier_taken = 0

    def take_memory(self, size: int) -> bool:
        """Whether memory may take a value of `size` bytes; counted when it may."""
        if self.memory_left is not None:
            if self.memory_left <= 0:
                return False
            self.memory_left -= size + OVERHEAD
        self.memory_taken += size + OVERHEAD
        return True

    def take_tier(self, size: int) -> bool:
        """Whether the tier may take a value of `size` bytes; counted when it may."""
        if self.tier_left is not None:
            if self.tier_left <= 0:
                return False
            self.tier_left -= size
        self.tier_taken += size
        return True

    def counted(self) -> tuple[int, int]:
        """Memory and tier bytes since the last call."""
        taken = self.memory_taken, self.tier_taken
        self.memory_taken -= taken[0]
        self.tier_taken -= taken[1]
        return taken


class Heat:
    """Which keys are asked for often, as far as this process sees."""

    __slots__ = ("_asked", "_minute")

    def __init__(self) -> None:
        self._minute, self._asked = 0, Counter[bytes]()

    def is_hot(self, key: bytes, now_ms: int) -> bool:
        """Count one more hit; whether it is the one that makes this minute's key a hot one."""
        minute = now_ms // 60_000
        if minute != self._minute or len(self._asked) > MOST_KEYS:
            self._minute, self._asked = minute, Counter()
        self._asked[key] += 1
        return self._asked[key] == HOT


class Site:
    """One process's surroundings, as the pipeline must know them.

    `memory_share`: what a partner without a budget may put into a full memory; None: no limit at
    all. `memory_free`: what anybody may put there before it is full. `home`: the region that
    numbers purges now, "" where there is only one.
    """

    __slots__ = (
        "deadline_us", "has_tier", "heat", "home", "memory_free", "memory_share", "others",
        "region", "rooms", "sieves", "stocks",
    )  # fmt: skip

    def __init__(
        self,
        *,
        has_tier: bool = False,
        deadline_us: int = 50_000,
        region: str = "",
        others: tuple[str, ...] = (),
        home: str = "",
    ) -> None:
        self.region, self.others, self.home = region, others, home
        self.heat = Heat()
        self.has_tier = has_tier
        self.sieves: tuple[bytes, ...] = ()  # of a tier that is far (`hot.sieve`)
        self.deadline_us = deadline_us  # after this a request asks no further place
        self.memory_share: int | None = None
        self.memory_free = 0
        self.rooms: dict[uuid.UUID, Room] = {}
        self.stocks = Stocks()  # tokens of limits and quotas

    @property
    def home_and_quorum(self) -> tuple[str, int]:
        """Who numbers purges, and how many regions must follow it for that."""
        return self.home, terms.quorum(len(self.others) + 1)

    def room(self, partner_id: uuid.UUID, budget: int | None) -> Room:
        """A partner's room; when it is first seen, all of its budget is left."""
        found = self.rooms.get(partner_id)
        if found is None:
            found = self.rooms.setdefault(partner_id, Room(self.memory_left(budget, 0)))
        return found

    def memory_left(self, budget: int | None, taken: int) -> int | None:
        """What a partner may still put into memory after what it took lately."""
        if self.memory_share is None:
            return None
        limit = self.memory_share if budget is None else budget
        return max(limit - taken, self.memory_free)
