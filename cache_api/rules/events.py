"""The usage event: what a lookup or store leaves behind, and its bytes in the stream. Pure.

An event stands for `quantity` identical requests; tokens, bytes, latency, cost are those of ONE.
The encoding is a MessagePack array, so members are only ever added at the end, with a default.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

STREAM_PREFIX = "usage:"
STREAM = "usage:0"  # the first shard; without USAGE_SHARDS the only one
MOST_SHARDS = 64
FIELD = b"e"

Kind = Literal["lookup", "store", "feedback"]
Outcome = Literal[
    "hit", "semantic_hit", "stale", "miss", "stored", "unchanged", "unmatched", "wrong_hit",
    "wrong_semantic_hit", "unused_hit", "unused_semantic_hit",
]  # fmt: skip
HITS: frozenset[str] = frozenset({"hit", "semantic_hit"})
OUTCOMES: dict[str, frozenset[str]] = {
    "lookup": frozenset({"hit", "semantic_hit", "stale", "miss"}),
    "store": frozenset({"stored", "unchanged"}),
    # Feedback on a hit: an edge only knows its id; the recorder finds it (rules.corrections).
    "feedback": frozenset({"unmatched", "wrong_hit", "wrong_semantic_hit", "unused_hit",
                           "unused_semantic_hit"}),
}  # fmt: skip


class UnreadableEvent(ValueError):
    """Bytes of the stream that are not a usage event; they belong in the dead-letter table."""


class UsageEvent(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One lookup, store or feedback, or `quantity` identical ones. Its time is in `event_id`."""

    event_id: UUID  # UUIDv7
    partner_id: UUID
    customer: str  # the partner's own name for the customer (external id)
    kind: Kind
    outcome: Outcome
    livemode: bool
    boot_id: UUID | None = None  # which process answered, and the how-manieth event of it (from 1)
    seq: int = 0
    batch_id: UUID | None = None
    quantity: int = 1
    key_id: str = ""
    reason: str = ""
    provider: str = ""
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    bytes: int = 0
    byte_seconds: int = 0
    namespace: str = ""
    tags: dict[str, str] = {}
    primary_cache: str = ""
    overflow_reason: str = ""
    primary_latency_us: int | None = None
    latency_us: int | None = None
    cost_saved_micros: int = 0
    price_version: str = ""
    region: str = ""
    sdk: str = ""
    # A store: prompt tokens that repeat a beginning of the last minutes and were charged in full,
    # and what the provider's prompt caching would have saved; below 0 where it only cost (a write).
    prefix_tokens: int = 0
    prefix_saved_micros: int = 0

    @property
    def occurred_at_ms(self) -> int:
        """Milliseconds since 1970 (UTC), the first 48 bits of `event_id`."""
        return self.event_id.int >> 80

    @property
    def occurred_at(self) -> datetime:
        """The same instant as an aware UTC datetime."""
        return datetime.fromtimestamp((self.event_id.int >> 80) / 1000, UTC)


_encode: Callable[[Any], bytes] = msgspec.msgpack.Encoder(uuid_format="bytes").encode
_decoder = msgspec.msgpack.Decoder(UsageEvent)


def encode(event: UsageEvent) -> bytes:
    """An event's bytes in the stream's field `e`."""
    return _encode(event)


# An event's bytes begin with an array's head (3), `event_id` (2 and 16), `partner_id` (2 and 16).
_PARTNER = slice(23, 39)


def shard_of(raw: bytes, shards: int) -> int:
    """Which stream an encoded event belongs in: all of a partner are in one, as long as their
    number stays. The last bytes of a UUIDv7 are random."""
    return int.from_bytes(raw[_PARTNER][-4:], "big") % shards


def stream_of(shard: int) -> str:
    """The name of a shard's stream."""
    return f"{STREAM_PREFIX}{shard}"


def decode(raw: bytes) -> UsageEvent:
    """Bytes of field `e` → the event. Raises UnreadableEvent naming what is wrong."""
    try:
        event = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableEvent(str(error)) from error
    if event.outcome not in OUTCOMES[event.kind]:
        raise UnreadableEvent(f"a {event.kind} cannot have the outcome {event.outcome!r}")
    if event.quantity < 1:
        raise UnreadableEvent(f"quantity is {event.quantity}; an event stands for at least one")
    if event.event_id.version != 7:
        raise UnreadableEvent(f"event_id {event.event_id} is not a UUIDv7")
    return event
