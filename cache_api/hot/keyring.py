"""A partner's secrets in use: entry keys by HMAC, sealing by AES-256-GCM, one scope at a time."""

import base64
import binascii
import hmac
import uuid
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenants.rules import datakeys

KEY_PREFIX = b"c1:"
_SCOPE_VERSION = b"\x01"


class NoKeys(ValueError):
    """A partner whose data keys are destroyed or do not open with this platform key."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an entry lives: one partner's live or test mode, customer and namespace."""

    index_prefix: bytes
    bound_to: bytes  # authenticated with every value of the scope
    livemode: bool
    customer: str
    namespace: str


class Keyring:
    """Opened data keys. The highest number seals; all open; the lowest one names entries, so that
    adding a key does not lose what is stored."""

    def __init__(self, partner_id: uuid.UUID, opened: dict[int, bytes]) -> None:
        if not opened:
            raise NoKeys(f"partner {partner_id} has no data key")
        self.partner_id = partner_id
        self.ciphers = {number: AESGCM(key) for number, key in opened.items()}
        self.sealing_number = max(opened)
        self._index_secret = _derive(opened[min(opened)], partner_id)

    @classmethod
    def unwrap(cls, kek: bytes, partner_id: uuid.UUID, wrapped: dict[int, str]) -> "Keyring":
        """From wrapped keys by number (base64). Raises NoKeys."""
        try:
            return cls(
                partner_id,
                {
                    number: datakeys.unwrap(
                        kek, base64.b64decode(text), partner_id=partner_id, number=number
                    )
                    for number, text in wrapped.items()
                },
            )
        except (datakeys.CannotUnwrap, binascii.Error) as error:
            raise NoKeys(str(error)) from error

    def scope(self, *, livemode: bool, customer: str, namespace: str) -> Scope:
        """The scope's parts, length-prefixed so that no two scopes read alike."""
        parts = b"".join(
            len(raw).to_bytes(4, "big") + raw
            for raw in (customer.encode("utf-8"), namespace.encode("utf-8"))
        )
        prefix = _SCOPE_VERSION + (b"live" if livemode else b"test") + parts
        return Scope(prefix, self.partner_id.bytes + prefix, livemode, customer, namespace)

    def entry_key(self, scope: Scope, kind: bytes, text: bytes) -> bytes:
        """The store's key: says nothing about partner, customer or request. `kind` is one byte."""
        message = scope.index_prefix + kind + text
        return KEY_PREFIX + hmac.digest(self._index_secret, message, "sha256")


def _derive(data_key: bytes, partner_id: uuid.UUID) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=partner_id.bytes, info=b"entry-index/1")
    return hkdf.derive(data_key)
