"""UUIDv7: the one kind of public id. The first 48 bits are milliseconds since 1970 (UTC)."""

import uuid
from datetime import datetime

import uuid_utils
from uuid_utils.compat import uuid7 as _mint

_VERSION_AND_VARIANT = (0x7 << 76) | (0x2 << 62)
_RAND_A = 0xFFF << 64
_RAND_B = (1 << 62) - 1
_MAX_MS = (1 << 48) - 1


def uuid7() -> uuid.UUID:
    """A new id, later than every id this process minted before."""
    return _mint()


def uuid7_bytes() -> tuple[bytes, bytes]:
    """Such an id as its 16 bytes and as ASCII text: a quarter of the work where bytes will do."""
    minted = uuid_utils.uuid7()
    return minted.bytes, str(minted).encode("ascii")


def uuid7_at(unix_ms: int, entropy: bytes) -> uuid.UUID:
    """The UUIDv7 of an instant, its other 74 bits taken from `entropy` (≥ 10 bytes).

    The same arguments always give the same id. Raises ValueError outside 1970–10889 or for less
    entropy.
    """
    if not 0 <= unix_ms <= _MAX_MS:
        raise ValueError(f"{unix_ms} ms does not fit in a UUIDv7")
    if len(entropy) < 10:
        raise ValueError(f"a UUIDv7 needs 10 bytes of entropy, got {len(entropy)}")
    bits = int.from_bytes(entropy[:10], "big") & (_RAND_A | _RAND_B)
    return uuid.UUID(int=(unix_ms << 80) | _VERSION_AND_VARIANT | bits)


def first_uuid7(at: datetime) -> uuid.UUID:
    """The lowest UUIDv7 of an aware instant: the bound of a range or a partition."""
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone; give an aware datetime")
    return uuid7_at(int(at.timestamp() * 1000), b"\0" * 10)


def unix_ms(value: uuid.UUID) -> int:
    """Milliseconds since 1970 in a UUIDv7. Raises ValueError for any other version."""
    if value.version != 7:
        raise ValueError(f"{value} is not a UUIDv7")
    return value.int >> 80
