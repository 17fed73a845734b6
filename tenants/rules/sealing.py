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

from tenants.rules.datakeys import kek_id

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
    if sealed[:1] != _VERSION or sealed[1:5] != kek_id(kek):
        raise CannotOpen("It was sealed by another platform key.")
    box = AESGCM(_key(kek, owner_id, purpose))
    try:
        return box.decrypt(sealed[5:17], sealed[17:], owner_id.bytes).decode()
    except InvalidTag:
        raise CannotOpen("It belongs to another owner or purpose, or was changed.") from None


def _key(kek: bytes, owner_id: uuid.UUID, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=owner_id.bytes, info=purpose).derive(kek)
