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

    Raises BadKek, naming the length found and never the content.
    """
    if len(raw) == KEY_BYTES:
        return raw
    text = raw.strip()
    if len(text) == 2 * KEY_BYTES:
        try:
            return binascii.unhexlify(text)
        except binascii.Error as error:
            raise BadKek("The platform key must be 64 hexadecimal digits.") from error
    raise BadKek(
        f"The platform key has {len(text)} bytes; it must be 64 hexadecimal digits or 32 raw bytes "
        "(make one with: openssl rand -hex 32)."
    )


def kek_id(kek: bytes) -> bytes:
    """Four bytes that name a platform key without telling anything about it."""
    return hashlib.sha256(b"kek-id\0" + kek).digest()[:4]


def new_data_key() -> bytes:
    """256 random bits: what a partner's entries are sealed with."""
    return secrets.token_bytes(KEY_BYTES)


def wrap(kek: bytes, data_key: bytes, *, partner_id: uuid.UUID, number: int) -> bytes:
    """A data key sealed for storage. Raises ValueError unless it has 32 bytes."""
    if len(data_key) != KEY_BYTES:
        raise ValueError(f"a data key has {KEY_BYTES} bytes, got {len(data_key)}")
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(kek).encrypt(nonce, data_key, _bound_to(partner_id, number))
    return _VERSION + kek_id(kek) + nonce + sealed


def unwrap(kek: bytes, wrapped: bytes, *, partner_id: uuid.UUID, number: int) -> bytes:
    """The data key again. Raises CannotUnwrap saying which of key, shape or owner is wrong."""
    if len(wrapped) != _WRAPPED_BYTES or wrapped[:1] != _VERSION:
        raise CannotUnwrap(f"{len(wrapped)} bytes are not a wrapped data key of version 1")
    if wrapped[1:5] != kek_id(kek):
        raise CannotUnwrap("the data key was wrapped by another platform key")
    nonce, sealed = wrapped[5:17], wrapped[17:]
    try:
        return AESGCM(kek).decrypt(nonce, sealed, _bound_to(partner_id, number))
    except InvalidTag as error:
        raise CannotUnwrap(
            f"the wrapped data key does not belong to partner {partner_id}, number {number}"
        ) from error


def _bound_to(partner_id: uuid.UUID, number: int) -> bytes:
    return b"data-key\0" + partner_id.bytes + number.to_bytes(4, "big")
