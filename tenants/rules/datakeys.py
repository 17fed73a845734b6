"""Per-partner data keys, wrapped by the platform key (KEK). No I/O: bytes in, bytes out.

A wrapped key is `version (1) ‖ KEK id (4) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag (48)`.
Partner and key number are authenticated: one partner's wrapped key never opens as another's.
"""

import binascii
import hashlib
import secrets
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE_BYTES = 12
_WRAPPED_BYTES = 1 + 4 + _NONCE_BYTES + KEY_BYTES + 16


class BadKek(ValueError):
    """The platform key file does not hold a 256-bit key."""


class CannotUnwrap(ValueError):
    """A wrapped data key that this platform key, partner or number does not open."""


def parse_kek(raw: bytes) -> bytes:
    """The platform key from its file: 64 hex digits (what the starter writes) or 32 raw bytes.

    While keys are changed the file has several lines of digits: the first key seals, all open
    (`manage.py rotate_kek`); they come one behind the other. Raises BadKek, naming the length
    found and never the content.
    """
    if len(raw) == KEY_BYTES:
        return raw
    lines = raw.split() or [b""]
    for text in lines:
        if len(text) != 2 * KEY_BYTES:
            raise BadKek(
                f"The platform key has {len(text)} bytes; it must be 64 hexadecimal digits or 32 "
                "raw bytes (make one with: openssl rand -hex 32)."
            )
    try:
        return b"".join(map(binascii.unhexlify, lines))
    except binascii.Error as error:
        raise BadKek("The platform key must be 64 hexadecimal digits.") from error


def kek_id(kek: bytes) -> bytes:
    """Four bytes that name a platform key (of several the first), telling nothing about it."""
    return hashlib.sha256(b"kek-id\0" + kek[:KEY_BYTES]).digest()[:4]


def kek_named(kek: bytes, name: bytes) -> bytes | None:
    """The one of these platform keys that has this id."""
    several = [kek[at : at + KEY_BYTES] for at in range(0, len(kek), KEY_BYTES)]
    return next((one for one in several if kek_id(one) == name), None)


def new_data_key() -> bytes:
    """256 random bits: what a partner's entries are sealed with."""
    return secrets.token_bytes(KEY_BYTES)


def wrap(kek: bytes, data_key: bytes, *, partner_id: uuid.UUID, number: int) -> bytes:
    """A data key sealed for storage. Raises ValueError unless it has 32 bytes."""
    if len(data_key) != KEY_BYTES:
        raise ValueError(f"a data key has {KEY_BYTES} bytes, got {len(data_key)}")
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(kek[:KEY_BYTES]).encrypt(nonce, data_key, _bound_to(partner_id, number))
    return _VERSION + kek_id(kek) + nonce + sealed


def unwrap(kek: bytes, wrapped: bytes, *, partner_id: uuid.UUID, number: int) -> bytes:
    """The data key again. Raises CannotUnwrap saying which of key, shape or owner is wrong."""
    if len(wrapped) != _WRAPPED_BYTES or wrapped[:1] != _VERSION:
        raise CannotUnwrap(f"{len(wrapped)} bytes are not a wrapped data key of version 1")
    opening = kek_named(kek, wrapped[1:5])
    if opening is None:
        raise CannotUnwrap("the data key was wrapped by another platform key")
    nonce, sealed = wrapped[5:17], wrapped[17:]
    try:
        return AESGCM(opening).decrypt(nonce, sealed, _bound_to(partner_id, number))
    except InvalidTag as error:
        raise CannotUnwrap(
            f"the wrapped data key does not belong to partner {partner_id}, number {number}"
        ) from error


def rewrap(kek: bytes, wrapped: bytes, *, partner_id: uuid.UUID, number: int) -> bytes | None:
    """The same data key under the first platform key; None when it is already. Raises CannotUnwrap.

    Unwrapped once more before it is given back: a key that is written must open.
    """
    if wrapped[1:5] == kek_id(kek):
        return None
    data_key = unwrap(kek, wrapped, partner_id=partner_id, number=number)
    found = wrap(kek, data_key, partner_id=partner_id, number=number)
    if unwrap(kek[:KEY_BYTES], found, partner_id=partner_id, number=number) != data_key:
        raise CannotUnwrap(f"the key of {partner_id} did not come out again")
    return found


def _bound_to(partner_id: uuid.UUID, number: int) -> bytes:
    return b"data-key\0" + partner_id.bytes + number.to_bytes(4, "big")
