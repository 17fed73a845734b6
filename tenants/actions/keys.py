"""Create and revoke API keys. The secret leaves this file once, in the return value."""

import uuid
from datetime import datetime

from django.db import transaction

from tenants import audit, queries
from tenants.models import ApiKey
from tenants.rules import keys


def create_key(
    *, partner_id: uuid.UUID, livemode: bool, actor: str, now: datetime,
    customer_external_id: str | None = None, label: str = "",
) -> tuple[ApiKey, str]:  # fmt: skip
    """A new key and its full text, shown once. Not safe to repeat: each call makes a key."""
    minted = keys.mint(livemode=livemode, prefix=_prefix(partner_id))
    with transaction.atomic():
        row = ApiKey.objects.create(
            id=minted.key_id, partner_id=partner_id, livemode=livemode, label=label,
            customer_external_id=customer_external_id, created_at=now,
            secret_sha256=minted.secret_sha256,
        )  # fmt: skip
        facts = {"livemode": livemode, "label": label}
        audit.record(actor=actor, verb="key.created", target=minted.key_id, at=now,
                     partner_id=partner_id, data=facts)  # fmt: skip
    return row, minted.text


def _prefix(partner_id: uuid.UUID) -> str:
    """The partner's own, where its API has a brand."""
    brand = queries.api_brand(partner_id)
    return brand["key_prefix"] if brand else keys.PREFIX


def revoke_key(*, partner_id: uuid.UUID, key_id: str, actor: str, now: datetime) -> bool:
    """Mark a key revoked; the publisher writes its tombstone within a second.

    Returns whether this call revoked it; a second call changes nothing.
    """
    with transaction.atomic():
        changed = ApiKey.objects.filter(
            partner_id=partner_id, id=key_id, revoked_at__isnull=True
        ).update(revoked_at=now)
        if changed:
            audit.record(actor=actor, verb="key.revoked", target=key_id, at=now,
                         partner_id=partner_id)  # fmt: skip
    return bool(changed)
