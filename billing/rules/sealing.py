"""Seal bank details for storage, as one partner's (`tenants.rules.sealing`)."""

import uuid

from billing.rules.errors import BillingError
from tenants.rules import sealing

_PURPOSE = b"payout details"


class CannotOpen(BillingError):
    """Sealed by another platform key, for another partner, or changed."""


def seal(kek: bytes, text: str, partner_id: uuid.UUID) -> bytes:
    """The text, readable only with the platform key and only as this partner's."""
    return sealing.seal(kek, text, partner_id, _PURPOSE)


def unseal(kek: bytes, sealed: bytes, partner_id: uuid.UUID) -> str:
    """The text again. Raises CannotOpen; the message never holds the content."""
    try:
        return sealing.unseal(kek, sealed, partner_id, _PURPOSE)
    except sealing.CannotOpen as error:
        raise CannotOpen(f"The bank details cannot be read. {error}") from None
