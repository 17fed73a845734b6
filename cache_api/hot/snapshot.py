"""The facts this process knows, how old they are, and which must be read again.

Read on demand from `events`: known facts are good for 5 s, unknown keys and partners for 1 s. While
`events` does not answer, what is known stays good for ten minutes and what is unknown is a 503.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from cache_api.hot import facts
from cache_api.hot.facts import NO_SWITCHES, SWITCHES, Fact, Switches
from cache_api.hot.floors import Purges
from cache_api.hot.site import Site

FRESH_MS = 5_000
MISS_MS = 1_000  # a key made a second ago must work
KEEP_MS = 600_000
RETRY_MS = 1_000
REFRESH_MS = 2_000
MAX_FACTS = 20_000
SEEN_MS = 3_600_000


class Known:
    """One answer of the control plane: the fact or its absence, and when it was read."""

    __slots__ = ("at_ms", "fact", "good_until_ms", "learned_ms", "raw", "used")

    def __init__(self, raw: bytes | None, fact: Fact | None, at_ms: int, lasts_ms: int) -> None:
        self.raw, self.fact, self.at_ms, self.used = raw, fact, at_ms, True
        self.learned_ms = at_ms
        self.good_until_ms = at_ms + lasts_ms


class Snapshot:
    """Facts by snapshot key. Does no I/O; each call is safe from any thread."""

    def __init__(self, kek: bytes, site: Site | None = None) -> None:
        self.kek, self.site = kek, site or Site()
        self.unreadable = 0
        self.decided: dict[bytes, tuple[Any, int]] = {}  # admit's decisions, good until (ms)
        self._known: dict[bytes, Known] = {}
        self._outage_until_ms = 0

    def is_out(self, now_ms: int) -> bool:
        """Whether `events` failed to answer within the last second."""
        return now_ms < self._outage_until_ms

    def outage(self, now_ms: int) -> None:
        """`events` did not answer: make do with what is known for a second, then ask again."""
        self._outage_until_ms = now_ms + RETRY_MS

    def wanting(self, names: Iterable[bytes], now_ms: int) -> list[bytes]:
        """Those of `names` that must be read before a decision. Empty during an outage."""
        known = self._known
        wanted = []
        for name in names:
            one = known.get(name)
            if one is None or now_ms >= one.good_until_ms:
                wanted.append(name)
        return [] if wanted and self.is_out(now_ms) else wanted

    def has(self, name: bytes, now_ms: int) -> bool:
        """Whether anything usable is known of `name`, were it only its absence."""
        one = self._known.get(name)
        return one is not None and now_ms < one.at_ms + KEEP_MS

    def get(self, name: bytes) -> Fact | None:
        """The fact, or None where there is none (or none was read)."""
        one = self._known.get(name)
        if one is None:
            return None
        one.used = True
        return one.fact

    def take(
        self, names: Sequence[bytes], replies: Sequence[bytes | None] | None, now_ms: int
    ) -> None:
        """What a request's own reading brought: facts, or an outage."""
        if replies is None:
            self.outage(now_ms)
        else:
            self.absorb(names, replies, now_ms)

    def absorb(self, names: Sequence[bytes], replies: Sequence[bytes | None], now_ms: int) -> None:
        """Take in what `events` answered to a read begun at `now_ms`.

        Unreadable values count as absent (and are counted). A reading that began before the one
        that is known changes nothing.
        """
        if len(self._known) > MAX_FACTS:  # made-up key ids; forget them all rather than grow
            self._known.clear()
        for name, raw in zip(names, replies, strict=True):
            before = self._known.get(name)
            if before is not None and now_ms < before.at_ms:
                continue
            if before is not None and before.raw == raw:
                before.at_ms = now_ms
                before.good_until_ms = now_ms + _lasts_ms(name, raw)
            else:
                self._known[name] = Known(raw, self._parse(name, raw), now_ms, _lasts_ms(name, raw))
                self.decided.clear()

    def learn(self, made: Iterable[tuple[bytes, bytes]], now_ms: int) -> None:
        """Take in facts that this process itself has just made."""
        for name, raw in made:
            self.absorb([name], [raw], now_ms)

    def purges_seen(self, now_ms: int) -> dict[str, tuple[int, int]]:
        """By partner, the last purge known here and after how many ms: those of the last hour."""
        seen = {}
        for name, one in list(self._known.items()):
            fact = one.fact
            if type(fact) is Purges and now_ms - fact.at_ms < SEEN_MS:
                partner = name.removeprefix(facts.PURGES).decode("ascii")
                seen[partner] = (fact.seq, max(0, one.learned_ms - fact.at_ms))
        return seen

    def fresh_until_ms(self, names: Iterable[bytes]) -> int:
        """Until when all of these facts are good; 0 when one is not known."""
        known = [self._known.get(name) for name in names]
        return min(0 if one is None else one.good_until_ms for one in known)

    def decide(self, name: bytes, decision: object, until_ms: int) -> None:
        """Remember what follows from the facts until they lapse or any of them changes."""
        if len(self.decided) >= MAX_FACTS:
            self.decided.clear()
        self.decided[name] = (decision, until_ms)

    def is_empty(self) -> bool:
        """Whether nothing was ever read that a key could be checked by."""
        return not self._known.keys() - {SWITCHES}

    @property
    def switches(self) -> Switches:
        """What is turned off, as far as is known here."""
        one = self._known.get(SWITCHES)
        fact = None if one is None else one.fact
        return fact if type(fact) is Switches else NO_SWITCHES

    @property
    def is_drained(self) -> bool:
        """Whether traffic is to leave this process's region."""
        return self.site.region in self.switches.drained

    def due(self, now_ms: int) -> list[bytes]:
        """Facts in use that a background reader should read again, so that requests need not.

        Switches always: they must be in force within 5 s, and `/readyz` tells them unasked.
        """
        names = [SWITCHES]
        for name, one in list(self._known.items()):  # another thread may add meanwhile
            if name != SWITCHES and one.used and now_ms >= one.at_ms + REFRESH_MS:
                one.used = False
                names.append(name)
        return names

    def dump(self) -> bytes:
        """All that is known (absences too), for a file that helps a restart during an outage."""
        kept = {name: (one.raw, one.at_ms) for name, one in list(self._known.items())}
        return msgspec.msgpack.encode(kept)

    def load(self, saved: bytes) -> None:
        """Take `dump`'s bytes back: good only during an outage, at the age they have."""
        for name, (raw, at_ms) in _saved.decode(saved).items():
            if name not in self._known:
                self._known[name] = Known(raw, self._parse(name, raw), at_ms, 0)

    def _parse(self, name: bytes, raw: bytes | None) -> Fact | None:
        if raw is None:
            return None
        try:
            return facts.parse(name, raw)
        except facts.UnreadableFact:
            self.unreadable += 1
            return None


_saved = msgspec.msgpack.Decoder(dict[bytes, tuple[bytes | None, int]])


def _lasts_ms(name: bytes, raw: bytes | None) -> int:
    # The absence of a tombstone or of a foreign host is the normal case, not a miss.
    absent = raw is None and name.startswith((facts.KEY, facts.PARTNER))
    return MISS_MS if absent else FRESH_MS
