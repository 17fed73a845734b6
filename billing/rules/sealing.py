"""Seal bank details for storage. Bytes in, bytes out.

A sealed text is `version (1) ‖ KEK id (4) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag`. The key
is derived from the platform key for one partner; the partner is authenticated too.
"""

import secrets
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from billing.rules.errors import BillingError
from tenants.rules.datakeys import KEY_BYTES, kek_id, kek_named

_VERSION = b"\x01"


class CannotOpen(BillingError):
    """Sealed by another platform key, for another partner, or changed."""


def seal(kek: bytes, text: str, partner_id: uuid.UUID) -> bytes:
    """The text, readable only with the platform key and only as this partner's."""
    nonce = secrets.token_bytes(12)
    sealed = AESGCM(_key(kek, partner_id)).encrypt(nonce, text.encode(), partner_id.bytes)
    return _VERSION + kek_id(kek) + nonce + sealed


def unseal(kek: bytes, sealed: bytes, partner_id: uuid.UUID) -> str:
    """The text again. Raises CannotOpen; the message never holds the content."""
    opening = kek_named(kek, sealed[1:5])
    if sealed[:1] != _VERSION or opening is None:
        raise CannotOpen("The bank details were sealed by another platform key.")
    try:
        opened = AESGCM(_key(opening, partner_id)).decrypt(
            sealed[5:17], sealed[17:], partner_id.bytes
        )
    except InvalidTag:
        raise CannotOpen("The bank details do not belong to this partner, or changed.") from None
    return opened.decode()


def sealed_with(sealed: bytes) -> str:
    """The id (hex) of the platform key that sealed it."""
    return sealed[1:5].hex()


def _key(kek: bytes, partner_id: uuid.UUID) -> bytes:
    derived = HKDF(SHA256(), 32, salt=partner_id.bytes, info=b"payout details")
    return derived.derive(kek[:KEY_BYTES])
