"""Control-plane facts: the JSON of `snap:*` keys, parsed once, with what derives from it."""

import itertools
import uuid
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from cache_api.hot import memo
from cache_api.hot.floors import Purges
from cache_api.hot.keyring import Keyring, Scope
from cache_api.hot.look import DEFAULT, Look
from cache_api.rules.semantic.policy import Policy

KEY, PARTNER, HOST, TOMBSTONE = b"snap:key:", b"snap:partner:", b"snap:host:", b"snap:tombstone:"
PURGES = b"snap:purges:"
SWITCHES = b"snap:switches"
ALL = "*"
_SCOPES = 10_000
_serials = itertools.count(1)


class KeyFacts(msgspec.Struct):
    """`snap:key:<key id>`: an API key's record."""

    key_id: str
    partner_id: uuid.UUID
    livemode: bool
    secret_sha256: str  # hex
    customer: str | None = None
    expires_at: datetime | None = None
    revoked: bool = False
    stored_sha256: bytes = b""  # derived when parsed
    expires_at_ms: int | None = None  # derived when parsed
    partner_name: bytes = b""  # derived when parsed: the snapshot key of its partner
    purges_name: bytes = b""  # derived when parsed: that of its partner's purges

    def __post_init__(self) -> None:
        """Derive once what every request compares."""
        self.stored_sha256 = bytes.fromhex(self.secret_sha256)
        partner_id = str(self.partner_id).encode("ascii")
        self.partner_name, self.purges_name = PARTNER + partner_id, PURGES + partner_id
        if self.expires_at is not None:
            self.expires_at_ms = int(self.expires_at.timestamp() * 1000)


class WrappedKey(msgspec.Struct):
    """One wrapped data key, base64."""

    n: int
    wrapped: str


class TtlPolicy(msgspec.Struct):
    """The partner's own time to live: default for its entries, and the most a caller may ask.

    `max_stale_s` is how long an expired entry is kept for callers who ask for stale ones.
    """

    default_s: int | None = None
    max_s: int | None = None
    max_stale_s: int | None = None


class Limits(msgspec.Struct, frozen=True):
    """Requests a second and bursts, per key and for the partner; requests at once per process."""

    key_rps: float | None = None
    key_burst: float | None = None
    partner_rps: float | None = None
    partner_burst: float | None = None
    concurrency: int | None = None


class Quota(msgspec.Struct, frozen=True):
    """Lookups of one customer per UTC day and month; `hard` refuses beyond them."""

    day: int | None = None
    month: int | None = None
    hard: bool = False


class Brand(msgspec.Struct, frozen=True):
    """How the API calls itself towards a partner's engineers."""

    header_prefix: str
    cache_name: str
    problem_base: str
    key_prefix: str = "acp"


class PartnerFacts(msgspec.Struct, dict=True):
    """`snap:partner:<uuid>`: what the hot path must know about a partner."""

    partner_id: uuid.UUID
    slug: str
    state: str
    unknown_customer_policy: str = "auto"
    generation: int = 0
    partner_share_bps: int = 0
    data_keys: list[WrappedKey] = []
    ttl: TtlPolicy = msgspec.field(default_factory=TtlPolicy)
    customers_suspended: frozenset[str] = frozenset()
    customers: frozenset[str] | None = None
    allow_truncated: bool = False
    memory_bytes: int | None = None  # most an hour into a full memory; None: the default share
    tier_bytes: int | None = None  # most in the second tier; None: no limit
    resident: frozenset[str] = frozenset()  # customers whose entries stay where they are; "*": all
    strict_purge: bool = True  # a region that may have missed a purge answers with misses
    upstreams: dict[str, str] = {}  # provider → base address that misses may be forwarded to
    limits: Limits | None = None
    quotas: dict[str, Quota] = {}
    kept_s: dict[str, int] = {}  # customer → the longest its answers live, where it is shorter
    brand_api: Brand | None = None
    semantic: Policy | None = None  # None: no semantic matching
    serial: int = 0  # given when parsed: other facts, other serial
    look: ClassVar[Look] = DEFAULT  # the partner's own, where it has a brand

    def __post_init__(self) -> None:
        """Tell these facts from all others, earlier ones of the partner included."""
        self.serial = next(_serials)
        memo.forget_all()  # nothing opened with a key that is destroyed now stays in memory
        if self.brand_api is not None:
            self.__dict__["look"] = look_of(self.brand_api)

    def ring(self, kek: bytes) -> Keyring:
        """The opened data keys, kept with the fact. Raises keyring.NoKeys."""
        known: Keyring | None = self.__dict__.get("_ring")
        if known is None:
            wrapped = {key.n: key.wrapped for key in self.data_keys}
            known = Keyring.unwrap(kek, self.partner_id, wrapped)
            self.__dict__["_ring"] = known
            self.__dict__["_scopes"] = {}
        return known

    def scope(self, ring: Keyring, livemode: bool, customer: str, namespace: str) -> Scope:
        """The scope of one customer and namespace, kept with the fact."""
        scopes: dict[Any, Scope] = self.__dict__["_scopes"]
        name = (livemode, customer, namespace)
        found = scopes.get(name)
        if found is None:
            if len(scopes) >= _SCOPES:  # callers choose these names; forget rather than grow
                scopes.clear()
            found = ring.scope(livemode=livemode, customer=customer, namespace=namespace)
            scopes[name] = found
        return found


class HostFacts(msgspec.Struct):
    """`snap:host:<host>`: which partner's host this is, and under which brand it answers."""

    partner_id: uuid.UUID
    brand_api: Brand | None = None


def look_of(brand: Brand) -> Look:
    """What a brand's answers look like."""
    return Look(brand.header_prefix, brand.cache_name, brand.problem_base, brand.cache_name)


class Switches(msgspec.Struct, frozen=True):
    """`snap:switches`: what operators turned off. Absent where nothing is.

    `semantic_off`: partner ids, or ALL; `drained`: regions that traffic should leave.
    """

    semantic_off: frozenset[str] = frozenset()
    drained: frozenset[str] = frozenset()


NO_SWITCHES = Switches()
Fact = KeyFacts | PartnerFacts | HostFacts | Purges | Switches | bool
_DECODERS: tuple[tuple[bytes, Any], ...] = (
    (KEY, msgspec.json.Decoder(KeyFacts).decode),
    (PARTNER, msgspec.json.Decoder(PartnerFacts).decode),
    (HOST, msgspec.json.Decoder(HostFacts).decode),
    (PURGES, msgspec.json.Decoder(Purges).decode),
    (SWITCHES, msgspec.json.Decoder(Switches).decode),
)


class UnreadableFact(ValueError):
    """A snapshot value that does not parse; the publisher and this code disagree."""


def parse(name: bytes, raw: bytes) -> Fact:
    """The fact under a snapshot key. Raises UnreadableFact. A tombstone's value does not matter."""
    for prefix, decode in _DECODERS:
        if name.startswith(prefix):
            try:
                fact: Fact = decode(raw)
            except (msgspec.DecodeError, ValueError) as error:
                raise UnreadableFact(f"{name.decode('ascii', 'replace')}: {error}") from error
            return fact
    return True
