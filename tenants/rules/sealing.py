"""Seal short texts for storage: bank details, a provider's client secret. Bytes in, bytes out.

A sealed text is `version (1) ‖ KEK id (4) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag`. The key
is derived from the platform key for one purpose and one owner; the owner is authenticated too.
"""

import secrets
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenants.rules.datakeys import KEY_BYTES, kek_id, kek_named

_VERSION = b"\x01"


class CannotOpen(ValueError):
    """Sealed by another platform key, for another owner or purpose, or changed."""


def seal(kek: bytes, text: str, owner_id: uuid.UUID, purpose: bytes) -> bytes:
    """The text, readable only with the platform key, as this owner's and for this purpose."""
    nonce = secrets.token_bytes(12)
    sealed = AESGCM(_key(kek, owner_id, purpose)).encrypt(nonce, text.encode(), owner_id.bytes)
    return _VERSION + kek_id(kek) + nonce + sealed


def unseal(kek: bytes, sealed: bytes, owner_id: uuid.UUID, purpose: bytes) -> str:
    """The text again. Raises CannotOpen; the message never holds the content."""
    opening = kek_named(kek, sealed[1:5])
    if sealed[:1] != _VERSION or opening is None:
        raise CannotOpen("It was sealed by another platform key.")
    box = AESGCM(_key(opening, owner_id, purpose))
    try:
        return box.decrypt(sealed[5:17], sealed[17:], owner_id.bytes).decode()
    except InvalidTag:
        raise CannotOpen("It belongs to another owner or purpose, or was changed.") from None


def resealed(kek: bytes, sealed: bytes, owner_id: uuid.UUID, purpose: bytes) -> bytes | None:
    """The same text under the first platform key; None when it is already. Raises CannotOpen."""
    if sealed[1:5] == kek_id(kek):
        return None
    return seal(kek, unseal(kek, sealed, owner_id, purpose), owner_id, purpose)


def sealed_with(sealed: bytes) -> str:
    """The id (hex) of the platform key that sealed it."""
    return sealed[1:5].hex()


def _key(kek: bytes, owner_id: uuid.UUID, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=owner_id.bytes, info=purpose).derive(kek[:KEY_BYTES])
