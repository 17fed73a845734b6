"""An event's bytes, for when the same event comes again and only its id and two numbers differ."""

import msgspec

from cache_api.rules.events import UsageEvent

_encode = msgspec.msgpack.Encoder(uuid_format="bytes").encode
_SEQ, _LATENCY = map(UsageEvent.__struct_fields__.index, ("seq", "latency_us"))
_ID_BYTES = 16


class Pattern:
    """The bytes of one event around its id, its `seq` and its `latency_us`."""

    __slots__ = ("rest", "start", "to_latency", "to_seq")

    def __init__(self, event: UsageEvent) -> None:
        members = msgspec.structs.astuple(event)
        parts = [_encode(member) for member in members]
        self.start = _encode([None] * len(members))[: -len(members)] + parts[0][:-_ID_BYTES]
        self.to_seq = b"".join(parts[1:_SEQ])
        self.to_latency = b"".join(parts[_SEQ + 1 : _LATENCY])
        self.rest = b"".join(parts[_LATENCY + 1 :])

    def fill(self, event_id: bytes, seq: int, latency_us: int) -> bytes:
        """The bytes of the same event with these: a third of `events.encode`'s work.

        An id is given as its 16 bytes.
        """
        number, latency = _encode(seq), _encode(latency_us)
        parts = (self.start, event_id, self.to_seq, number, self.to_latency, latency, self.rest)
        return b"".join(parts)
