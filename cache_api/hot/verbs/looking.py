"""The state of a lookup: under which keys it looks, what lay there, and which of it answers.

Knows nothing of places and steps; `lookup` goes from place to place with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from cache_api.hot import work
from cache_api.hot.admit import Caller
from cache_api.hot.envelope import Alias, Entry
from cache_api.hot.forms import Form
from cache_api.hot.keyring import Scope
from cache_api.hot.marks import Subject
from cache_api.hot.regions import Versions
from cache_api.hot.steps import CACHE, Asked, Command
from cache_api.hot.verbs.meaning import Meaning
from cache_api.hot.work import BY_DIGEST, BY_KEY, BY_MEANING
from cache_api.rules.controls import NOTHING

Found = list[Entry | Alias | None]
LATE = "deadline"


@dataclass(slots=True)
class Looking:
    """What a lookup looks for and has found: `looked` holds (kind, text, store key), `found` what
    lay there so far.

    `brought` are (store key, sealed value) that came from another place than memory.
    """

    subject: Subject
    scope: Scope
    form: Form
    fingerprint: str | None = None
    miss_reason: str = ""
    looked: list[tuple[bytes, str, bytes]] = field(default_factory=list)
    stale_ms: int = 0  # how long after its expiry the caller takes an entry
    wants_lease: bool = False
    tried: int = 0  # how many of FALLBACKS
    entry_key: bytes = b""  # where the entry was found
    stale: Entry | None = None  # an expired one, for when nothing better is found
    found: Found = field(default_factory=list)
    brought: list[tuple[bytes, bytes]] = field(default_factory=list)
    came_from: str = CACHE  # where the last of them came from
    alarms: list[str] = field(default_factory=list)
    versions: Versions | None = None  # newest ones, where there are regions
    sealed: Mapping[bytes, bytes | None] | None = None  # what memory had, where there are regions
    meaning: Meaning | None = None  # once semantic matching was tried
    before: Self | None = None  # the one that is remembered, of which this is another
    later: tuple[tuple[str, list[Command]], ...] = ()

    def again(self, who: Caller, asked: Asked) -> Self:
        """The same lookup, asked now by this caller."""
        one = self.subject
        subject = Subject(
            who, one.customer, one.common, one.kind, one.digest, one.provider, one.model,
            asked.now_ms, asked.request_id,
        )  # fmt: skip
        return type(self)(
            subject, self.scope, self.form, self.fingerprint, self.miss_reason, self.looked,
            self.stale_ms, self.wants_lease, before=self,
        )  # fmt: skip

    def look_up(self, cache_key: str | None, meaning: str | None) -> None:
        """Look under the fingerprint and, where they tell something more, the caller's keys."""
        if self.fingerprint is not None:
            self._add(BY_DIGEST, self.fingerprint)
        if cache_key is not None and cache_key != self.fingerprint:
            self._add(BY_KEY, cache_key)
            if work.is_digest(cache_key):
                self._add(BY_DIGEST, cache_key)
        if meaning is not None:
            self._add(BY_MEANING, meaning)

    def _add(self, kind: bytes, text: str) -> None:
        key = self.subject.who.ring.entry_key(self.scope, kind, text.encode())
        self.looked.append((kind, text, key))

    def missing(self) -> list[bytes]:
        """Store keys that no place had so far."""
        pairs = zip(self.looked, self.found, strict=True)
        return [key for (_, _, key), value in pairs if value is None]

    def take(self, where: str, had: Mapping[bytes, bytes | None]) -> None:
        """What a place had (by store key), unless a newer version is known."""
        who, found = self.subject.who, self.found
        for place, (_, _, key) in enumerate(self.looked):
            sealed = had.get(key)
            if sealed is None or found[place] is not None:
                continue
            value = work.opened(who, self.scope, key, sealed, self.alarms)
            if value is None or (self.versions and self._is_outdated(key, value)):
                continue
            if where != CACHE:
                self.brought.append((key, sealed))
                self.came_from = where
            found[place] = value

    def _is_outdated(self, key: bytes, value: Entry | Alias) -> bool:
        newest = self.versions.get(key) if self.versions else None
        if newest is None:
            return False
        known = value.meta if isinstance(value, Entry) else value
        return known.created_at_ms < newest[0]

    def chosen(self) -> Entry | Alias | None:
        """The entry that answers, the alias that stands for it, or None. May set `miss_reason`."""
        if self.fingerprint is None:
            return self._by_key((BY_KEY, BY_DIGEST, BY_MEANING))
        entry = self._by_fingerprint()
        if entry is not None or self.miss_reason == "key_mismatch":
            return entry
        return self._by_key((BY_MEANING,))

    def follow(self, alias: Alias) -> None:
        """Look for what the caller's key stands for, in all places anew."""
        self.looked, self.tried = [], 0
        self._add(BY_DIGEST, alias.digest)

    def _by_fingerprint(self) -> Entry | None:
        """The entry of the server's own fingerprint, unless the caller's key stands for another."""
        for (kind, _, _), value in zip(self.looked[1:], self.found[1:], strict=True):
            if value is None or kind == BY_MEANING:
                continue
            same = kind == BY_KEY and type(value) is Alias and value.digest == self.fingerprint
            if not same:
                self.miss_reason = "key_mismatch"
                return None
        first, self.entry_key = self.found[0], self.looked[0][2]
        return first if type(first) is Entry else None

    def _by_key(self, kinds: tuple[bytes, ...]) -> Entry | Alias | None:
        """What lies under a key of these kinds."""
        for (kind, _, key), value in zip(self.looked, self.found, strict=True):
            if kind not in kinds:
                continue
            if type(value) is Entry:
                self.entry_key = key
                return value
            if type(value) is Alias and kind != BY_DIGEST:
                return value
        return None

    def unfit(self, entry: Entry, elapsed_us: int) -> str:
        """Why this entry is no answer to this caller, or ""; one that has expired may do later."""
        now_ms, meta, wanted = self.subject.now_ms, entry.meta, self.subject.common.controls
        if meta.expires_at_ms <= now_ms:
            in_time = now_ms < meta.expires_at_ms + min(self.stale_ms, meta.max_stale_ms)
            if in_time and self.meaning is None:  # another question's old answer is none
                self.stale = entry
            return "expired"
        if wanted is NOTHING:
            return ""
        if self.is_late(elapsed_us):
            return LATE
        return wanted.refuses(now_ms - meta.created_at_ms, meta.expires_at_ms - now_ms)

    def is_late(self, elapsed_us: int) -> bool:
        """Whether the caller no longer waits for an answer."""
        deadline_ms = self.subject.common.controls.deadline_ms
        return deadline_ms is not None and elapsed_us > deadline_ms * 1000
