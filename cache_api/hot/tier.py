"""The second tier: sealed values that memory may evict, kept until they expire.

Its lane takes (GET, name), (SET, name, sealed, PXAT, milliseconds, purge number) and (DEL, name),
much like a Valkey's. A name starts with the partner, so that what it holds can be counted and
removed; the rest is the entry's key, which says nothing about customer or request.

What is written behind an answer stays only if memory still holds the very same value afterwards,
or holds nothing under its key and the partner purged nothing since (then it was evicted). Whoever
removes an entry removes it from memory, then from here, then from memory again: so neither a write
that is late nor a lookup that is just bringing it back makes it reappear.
"""

import uuid
from collections.abc import Iterable, Sequence

from cache_api.hot import purges
from cache_api.hot.admit import Caller
from cache_api.hot.envelope import UNIQUE_BYTES
from cache_api.hot.keyring import KEY_PREFIX
from cache_api.hot.steps import Command, Replies
from cache_api.hot.work import DEL, GET, SET

# Below this, the write costs more than the entry can save.
MIN_TTL_MS = 60_000


def name(who: Caller, key: bytes) -> bytes:
    """Where the value of a store key lies."""
    return name_in(who.partner.partner_id, key)


def name_in(partner_id: uuid.UUID, key: bytes) -> bytes:
    """The same: partner / first byte / key, in hex digits."""
    text = key[len(KEY_PREFIX) :].hex()
    return f"{partner_id.hex}/{text[:2]}/{text}".encode("ascii")


def reads(who: Caller, keys: Sequence[bytes]) -> list[Command]:
    """Memory's keys → the commands that read them from the tier."""
    return [(GET, name(who, key)) for key in keys]


def writes(who: Caller, commands: Sequence[Command], seq: int) -> list[Command]:
    """Memory's SETs (key, sealed, PXAT, instant) → the tier's. `seq`: the entry's purge number."""
    return [(SET, name(who, key), *rest, b"%d" % seq) for _, key, *rest in commands]


def removal(who: Caller, keys: Iterable[bytes]) -> list[Command]:
    """Memory's keys → the commands that remove them from the tier."""
    return [(DEL, name(who, key)) for key in keys]


def checks(written: Sequence[Command]) -> list[Command]:
    """SETs that were carried out → what to read from memory to know which may stay, two each."""
    return [read for command in written for read in _checks(command[1].decode("ascii"))]


def outdated(written: Sequence[Command], replies: Replies) -> list[Command]:
    """The removals of those that may not stay. `replies` to `checks`; None: nobody knows."""
    told = replies or [b"", b"%d" % (1 << 62)] * len(written)
    pairs = zip(written, told[::2], told[1::2], strict=True)
    return [(DEL, command[1]) for command, head, mark in pairs if _is_outdated(command, head, mark)]


def _checks(name: str) -> tuple[Command, Command]:
    partner, _, text = name.split("/")
    key = KEY_PREFIX + bytes.fromhex(text)
    head = (b"GETRANGE", key, b"0", b"%d" % (UNIQUE_BYTES - 1))
    return head, (GET, purges.mark_name(uuid.UUID(hex=partner)))


def _is_outdated(command: Command, head: bytes, mark: bytes | None) -> bool:
    if head:
        return head != command[2][:UNIQUE_BYTES]
    return int(mark or 0) > int(command[5])
