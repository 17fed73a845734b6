"""Questions that stored answers were given to, side by side: one shelf a semantic partition.

A shelf is a stream in the region's cache: a sealed record for each answer, the newest 2,000. What a
process has opened of one it keeps, so that only newer records are read and opened again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from cache_api.hot import envelope
from cache_api.hot.admit import Caller
from cache_api.hot.envelope import Entry, Forged, Meta, OutOfDate
from cache_api.hot.keyring import Scope
from cache_api.hot.memo import Memo
from cache_api.hot.steps import Command
from cache_api.hot.work import FORGED, SHELF

MAX_RECORDS = 2_000
PAGE = 250  # records opened in one go: about a millisecond
_FIELD = b"r"
_START = b"-"


class Record(msgspec.Struct, frozen=True, array_like=True):
    """A question, its vector, and the digest of the request whose answer is stored."""

    digest: str
    text: str
    vector: bytes
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is known of a shelf: records, the newest first, and the id of the last one read."""

    records: tuple[Record, ...] = ()
    read_to: bytes = _START


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode
_known: "Memo[Shelf]" = Memo(most_bytes=64 * 1024 * 1024, longest=4 * 1024 * 1024)


def key_of(who: Caller, scope: Scope, partition: str) -> bytes:
    """Where a partition's shelf lies."""
    return who.ring.entry_key(scope, SHELF, partition.encode("ascii"))


def known(who: Caller, key: bytes) -> Shelf:
    """What this process knows of it."""
    return _known.get((who.partner.serial, key)) or Shelf()


def read(key: bytes, shelf: Shelf) -> Command:
    """The command that reads on, a page at most."""
    after = shelf.read_to if shelf.read_to == _START else b"(" + shelf.read_to
    return (b"XRANGE", key, after, b"+", b"COUNT", b"%d" % PAGE)


def extended(
    who: Caller, scope: Scope, key: bytes, shelf: Shelf, page: Sequence[Any], alarms: list[str]
) -> Shelf:
    """The shelf with one more page (the reply to `read`); of one request the newest record only.

    Records that do not open are left out.
    """
    if not page:
        return shelf
    size, found = 0, dict[str, Record]()
    for _, fields in page:
        size += len(fields[1])
        record = _opened(who, scope, key, fields[1], alarms)
        if record is not None:
            found.pop(record.digest, None)  # its place is the newest one's
            found[record.digest] = record
    older = [record for record in shelf.records if record.digest not in found]
    grown = Shelf((*reversed(found.values()), *older)[:MAX_RECORDS], page[-1][0])
    _known.keep((who.partner.serial, key), grown, size)
    return grown


def addition(who: Caller, scope: Scope, key: bytes, record: Record, now_ms: int) -> list[Command]:
    """Put a record there. The shelf lives as long as its longest-lived record."""
    meta = Meta(now_ms, record.expires_at_ms)
    entry = Entry(meta, _encode(record))
    sealed = envelope.seal_entry(who.ring, scope, key, who.partner.generation, entry)
    left_ms = b"%d" % max(1, record.expires_at_ms - now_ms)
    return [
        (b"XADD", key, b"MAXLEN", b"%d" % MAX_RECORDS, b"*", _FIELD, sealed),
        (b"PEXPIRE", key, left_ms, b"NX"),
        (b"PEXPIRE", key, left_ms, b"GT"),
    ]


def _opened(
    who: Caller, scope: Scope, key: bytes, sealed: bytes, alarms: list[str]
) -> Record | None:
    try:
        value = envelope.unseal(who.ring, scope, key, who.partner.generation, sealed)
    except OutOfDate:
        return None
    except Forged:
        alarms.append(FORGED)
        return None
    return _decode(value.response) if type(value) is Entry else None
