"""Single entries that a caller names, by its own keys or by the request: found and removed."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from cache_api.hot import envelope, tier, work
from cache_api.hot.admit import Caller
from cache_api.hot.envelope import Alias, Entry
from cache_api.hot.keyring import Scope
from cache_api.hot.steps import Command, Reply
from cache_api.hot.work import BY_DIGEST, BY_KEY, DEL, GET, SET
from cache_api.rules import digest, purging


@dataclass(slots=True)
class Targets:
    """Store keys, and what lay under them once `take` got the replies to `reads`."""

    who: Caller
    scope: Scope
    found: dict[bytes, Entry | Alias | None] = field(default_factory=dict)
    alarms: list[str] = field(default_factory=list)
    _unread: list[bytes] = field(default_factory=list)
    _in_tier: set[bytes] = field(default_factory=set)  # looked for there already

    def name(self, kind: bytes, text: str) -> None:
        """One more store key."""
        self.name_key(self.who.ring.entry_key(self.scope, kind, text.encode()))

    def name_key(self, key: bytes) -> None:
        """A store key as it is."""
        if key not in self.found:
            self.found[key] = None
            self._unread.append(key)

    def name_cache_key(self, cache_key: str) -> None:
        """The caller's own key, which may be a request's digest."""
        self.name(BY_KEY, cache_key)
        if work.is_digest(cache_key):
            self.name(BY_DIGEST, cache_key)

    def name_request(self, original_request: object) -> None:
        """The request whose response it is. Raises Problem; names nothing that is not canonical."""
        try:
            self.name(BY_DIGEST, digest.digest(work.identified(original_request)))
        except digest.NotCanonical:
            return  # nothing of it can be stored

    def reads(self) -> list[Command]:
        """What to read next; nothing once everything is known."""
        return [(GET, key) for key in self._unread]

    def missing(self) -> list[bytes]:
        """Store keys under which nothing was found so far."""
        return [key for key, value in self.found.items() if value is None]

    def region_reads(self) -> list[Command]:
        """What to ask another region's memory."""
        self._unread = self.missing()
        return self.reads()

    def tier_reads(self) -> list[Command]:
        """What to read from the second tier, once memory was asked for everything."""
        if not self.who.site.has_tier:
            return []
        self._unread = [key for key in self.missing() if key not in self._in_tier]
        self._in_tier.update(self._unread)
        return tier.reads(self.who, self._unread)

    def take(self, replies: list[Reply]) -> None:
        """The replies to `reads` or `tier_reads`. An alias names the entry that it stands for."""
        keys, self._unread = self._unread, []
        for key, sealed in zip(keys, replies, strict=True):
            if sealed is None:
                continue
            value = self.found[key] = work.opened(self.who, self.scope, key, sealed, self.alarms)
            if type(value) is Alias:
                self.name(BY_DIGEST, value.digest)

    def entries(self) -> dict[bytes, Entry]:
        """The entries among what was found."""
        return {key: value for key, value in self.found.items() if type(value) is Entry}

    def alarm(self) -> dict[str, Any]:
        """What an Answer says of values that did not belong where they were found."""
        key_id = self.who.key.key_id
        about = f"partner={self.who.partner.partner_id} key={key_id}" if self.alarms else ""
        return {"alarms": tuple(self.alarms), "about": about}

    def floors(self, livemode: bool) -> list[tuple[str, int, int]]:
        """Floors that outlast whatever copies of these entries are under way or come back."""
        return [
            (
                purging.name({"key": key.hex()}, livemode=livemode, soft=False, aged=False),
                0,
                purging.FLOOR_MS,
            )
            for key in self.found
        ]

    def removal(self) -> list[Command]:
        """Delete all of them, aliases too: one by one, since they need not be on one node."""
        return [(DEL, key) for key in self.found]

    def expiry(self, seq: int, now_ms: int) -> list[Command]:
        """Let them expire now; what may be served stale stays for that. `seq`: the purge's own."""
        commands: list[Command] = []
        for key, entry in self.entries().items():
            until_ms = now_ms + entry.meta.max_stale_ms
            if until_ms <= now_ms:
                commands.append((DEL, key))
                continue
            meta = msgspec.structs.replace(
                entry.meta, expires_at_ms=min(now_ms, entry.meta.expires_at_ms), seq=seq
            )
            place = (self.who.ring, self.scope, key, self.who.partner.generation)
            sealed = envelope.seal_entry(*place, Entry(meta, entry.response))
            commands.append((SET, key, sealed, b"PXAT", b"%d" % until_ms))
        return commands
