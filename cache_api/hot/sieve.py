"""What a far tier surely does not hold, so that a certain miss need not wait for a bucket.

A Bloom filter over the tier's names lies in the region's memory, twice: whoever writes to the tier
adds the name to both first, and each sweep makes one of them anew from all that is there and then
drops the other one. Bit 0 says that a filter is whole; with none that is (memory lost it, no sweep
was yet) the tier is asked. A false "may be there" costs one question, a false "is not" cannot be
but for a filter that memory evicted in part, which it does not.
"""

import hashlib
from collections.abc import Iterable, Sequence

from cache_api.hot.steps import Command, Reply

# 1 MiB each. Of names that are not there, one in 200,000 is taken for there beside 100,000 others,
# one in 50 beside a million.
BITS, PROBES = 2**23, 4
_WHOLE = (b"u1", b"0")


def names(place: str) -> tuple[bytes, bytes]:
    """The two filters of a tier."""
    return b"tier:%b:sieve:a" % place.encode(), b"tier:%b:sieve:b" % place.encode()


def additions(sieves: Sequence[bytes], added: Iterable[bytes]) -> list[Command]:
    """The commands that add names of the tier."""
    words = [word for name in added for at in _places(name) for word in (b"SET", b"u1", at, b"1")]
    return [(b"BITFIELD", one, *words) for one in sieves] if words else []


def reads(sieves: Sequence[bytes], asked: Sequence[bytes]) -> list[Command]:
    """What to read from memory to know whether the tier may hold names."""
    words = [word for name in asked for at in _places(name) for word in (b"GET", b"u1", at)]
    return [(b"BITFIELD_RO", one, b"GET", *_WHOLE, *words) for one in sieves]


def may_hold(asked: Sequence[bytes], replies: Sequence[Reply] | None) -> list[bool]:
    """Of each name whether the tier may hold it. `replies` to `reads`."""
    for whole, *bits in replies or ():
        if whole:
            return [all(bits[at : at + PROBES]) for at in range(0, len(bits), PROBES)]
    return [True] * len(asked)


def wholeness(sieves: Sequence[bytes]) -> list[Command]:
    """Which filters are whole: 1 or 0 each."""
    return [(b"GETBIT", one, b"0") for one in sieves]


def finished(made: bytes, other: bytes) -> list[Command]:
    """The commands after a sweep has added all there is to one."""
    return [(b"SETBIT", made, b"0", b"1"), (b"UNLINK", other)]


def _places(name: bytes) -> list[bytes]:
    raw = hashlib.blake2b(name, digest_size=4 * PROBES).digest()
    numbers = [int.from_bytes(raw[at : at + 4], "big") for at in range(0, 4 * PROBES, 4)]
    return [b"%d" % (1 + number % (BITS - 1)) for number in numbers]
