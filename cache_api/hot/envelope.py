"""The sealed form of whatever lies in the cache store: zstd above 1 KiB, then AES-256-GCM.

Layout: `version (1) ‖ flags (1) ‖ data key number (2) ‖ generation (4) ‖ nonce (12) ‖ ciphertext`.
Partner, mode, customer, namespace, store key and the whole header are authenticated: a value copied
to another place, or a header that was edited, does not open.
"""

import hashlib
import os
import threading

import msgspec
import zstandard
from cryptography.exceptions import InvalidTag

from cache_api.hot.keyring import Keyring, Scope

VERSION = 1
COMPRESS_ABOVE = 1024
MAX_OPENED = 12 * 1024 * 1024
_HEADER, _NONCE, _META_LENGTH, _DIGEST = 8, 12, 4, 64
UNIQUE_BYTES = _HEADER + _NONCE  # a value's first bytes, which no other value has
_ZSTD, _ALIAS = 1, 2


class Forged(ValueError):
    """A value that does not authenticate in its place: copied, edited or damaged. Alarm."""


class OutOfDate(ValueError):
    """A value of an older generation or a data key that is gone: as good as absent."""


class Meta(msgspec.Struct, frozen=True, array_like=True):
    """What is known about an entry. Grows only at the end."""

    created_at_ms: int
    expires_at_ms: int
    provider: str = ""
    model: str = ""
    tokens: dict[str, int] = {}
    tags: dict[str, str] = {}
    seq: int = 0  # the last purge its writer knew of
    max_stale_ms: int = 0  # how long after its expiry it may be served to whoever asks for that
    etag: str = ""  # of the response: `etag_of`


class Entry(msgspec.Struct, frozen=True):
    """An opened entry; `response` is byte for byte what was stored."""

    meta: Meta
    response: bytes


class Alias(msgspec.Struct, frozen=True):
    """A caller's own key that stands for a request digest (64 hex digits), since when."""

    digest: str
    created_at_ms: int = 0


def etag_of(response: bytes) -> str:
    """A strong entity tag of a stored response: the same bytes, the same tag, in every region."""
    return hashlib.sha256(response).hexdigest()[:24]


_encode_meta = msgspec.msgpack.Encoder().encode
_decode_meta = msgspec.msgpack.Decoder(Meta).decode


class _Zstd(threading.local):
    """A thread's own: shared between threads, they mix bodies up and crash the process."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=3).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_zstd = _Zstd()


def seal_entry(ring: Keyring, scope: Scope, key: bytes, generation: int, entry: Entry) -> bytes:
    """An entry, ready to lie under `key`."""
    meta = _encode_meta(entry.meta)
    plain = len(meta).to_bytes(_META_LENGTH, "big") + meta + entry.response
    if len(plain) <= COMPRESS_ABOVE:
        return _seal(ring, scope, key, generation, 0, plain)
    return _seal(ring, scope, key, generation, _ZSTD, _zstd.compress(plain))


def seal_alias(ring: Keyring, scope: Scope, key: bytes, generation: int, alias: Alias) -> bytes:
    """An alias, ready to lie under `key`."""
    return _seal(
        ring,
        scope,
        key,
        generation,
        _ALIAS,
        b"%b%d" % (alias.digest.encode("ascii"), alias.created_at_ms),
    )


def unseal(
    ring: Keyring, scope: Scope, key: bytes, generation: int, sealed: bytes
) -> Entry | Alias:
    """What lies under `key`. Raises OutOfDate, Forged."""
    header = sealed[:_HEADER]
    if len(sealed) < _HEADER + _NONCE + 16 or header[0] != VERSION:
        raise Forged("not a sealed value")
    if int.from_bytes(header[4:8], "big") != generation:
        raise OutOfDate("another generation")
    cipher = ring.ciphers.get(int.from_bytes(header[2:4], "big"))
    if cipher is None:
        raise OutOfDate("its data key is gone")
    try:
        plain = cipher.decrypt(
            sealed[_HEADER : _HEADER + _NONCE],
            sealed[_HEADER + _NONCE :],
            header + scope.bound_to + key,
        )
    except InvalidTag as error:
        raise Forged("the value does not belong here") from error
    return _opened(header[1], plain)


def _opened(flags: int, plain: bytes) -> Entry | Alias:
    if flags & _ALIAS:
        return Alias(plain[:_DIGEST].decode("ascii"), int(plain[_DIGEST:] or 0))
    if flags & _ZSTD:
        plain = _zstd.decompress(plain, max_output_size=MAX_OPENED)
    end = _META_LENGTH + int.from_bytes(plain[:_META_LENGTH], "big")
    return Entry(_decode_meta(plain[_META_LENGTH:end]), plain[end:])


def _seal(
    ring: Keyring, scope: Scope, key: bytes, generation: int, flags: int, plain: bytes
) -> bytes:
    number = ring.sealing_number
    header = bytes((VERSION, flags)) + number.to_bytes(2, "big") + generation.to_bytes(4, "big")
    # 96 random bits: a partner may seal 2^32 values under one data key before a collision matters.
    nonce = os.urandom(_NONCE)
    sealed = ring.ciphers[number].encrypt(nonce, plain, header + scope.bound_to + key)
    return header + nonce + sealed
