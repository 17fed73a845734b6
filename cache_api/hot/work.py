"""Work in progress between `plan` and `conclude`: which store keys mean what."""

from dataclasses import dataclass, field

from cache_api.hot.envelope import Entry
from cache_api.hot.keyring import Scope
from cache_api.hot.marks import Subject
from cache_api.hot.steps import Command, Run

# One byte of the store key's HMAC tells request digests, callers' own keys and once-only records.
BY_DIGEST, BY_KEY, ONCE = b"d", b"k", b"o"
GET = b"GET"
IDEMPOTENT_S = b"86400"


@dataclass(slots=True)
class LookupPlan:
    """A lookup on its way: `looked` holds (kind, text, store key), one per command sent."""

    subject: Subject
    scope: Scope
    fingerprint: str | None = None
    miss_reason: str = ""
    looked: list[tuple[bytes, str, bytes]] = field(default_factory=list)

    def add(self, kind: bytes, text: str) -> None:
        """Look under one more key."""
        key = self.subject.who.ring.entry_key(self.scope, kind, text.encode())
        self.looked.append((kind, text, key))

    def run(self) -> Run:
        """The reads, in the order of `looked`."""
        return Run([(GET, key) for _, _, key in self.looked], self)


@dataclass(slots=True)
class StorePlan:
    """A store on its way: first look what is there, then write, then answer."""

    subject: Subject
    scope: Scope
    entry: Entry
    fingerprint: str | None
    ttl_ms: int = 0
    alias_key: bytes | None = None
    once: bytes | None = None  # SHA-256 of the body, under the caller's Idempotency-Key
    outcome: str = ""  # "stored" | "unchanged", once known
    entry_key: bytes = b""

    def __post_init__(self) -> None:
        """Name the entry: by its request's digest, or by the caller's key alone."""
        ring, key = self.subject.who.ring, self.subject.common.cache_key
        if self.fingerprint is not None:
            self.entry_key = ring.entry_key(self.scope, BY_DIGEST, self.fingerprint.encode())
        else:
            self.entry_key = ring.entry_key(self.scope, BY_KEY, (key or "").encode())

    def first_run(self, once: tuple[bytes, bytes] | None) -> Run:
        """Read the present entry and, in the same pipeline, claim the Idempotency-Key."""
        commands: list[Command] = [(GET, self.entry_key)]
        if once is not None:
            key, self.once = once
            # Answers the earlier claim's value, or nothing when this is the first.
            commands.append((b"SET", key, self.once, b"EX", IDEMPOTENT_S, b"NX", b"GET"))
        return Run(commands, self)
