"""Create, rotate and revoke API keys. The secret leaves this file once, in the return value.

Doors learn of a change by the publisher, within a second of the commit, and forget what they knew
within five.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from tenants import audit, queries
from tenants.gateways.turns import wait_in_line
from tenants.models import ApiKey
from tenants.rules import keys
from tenants.rules.sayings import Said

MOST_KEYS = 2_000  # that work at a time: every door holds them all
MOST_ROTATING = 2 * MOST_KEYS  # likewise, while each has its successor beside it
OVERLAPS = (timedelta(0), timedelta(hours=1), timedelta(days=1), timedelta(days=7))


class KeyRefused(ValueError):
    """The key was not made or changed; `str()` says why and what to do."""


def create_key(
    *, partner_id: uuid.UUID, livemode: bool, actor: str, now: datetime,
    customer_external_id: str | None = None, label: str = "",
) -> tuple[ApiKey, str]:  # fmt: skip
    """A new key and its full text, shown once. Not safe to repeat: each call makes a key.

    Raises KeyRefused for a label that cannot be shown, or beyond MOST_KEYS.
    """
    if len(label) > 80 or not (label.isprintable() or not label):
        raise KeyRefused(Said("A label has at most 80 printable characters."))
    with transaction.atomic():
        _has_room(partner_id, MOST_KEYS, now)
        return _mint(partner_id, livemode, customer_external_id, label, actor, now, {})


def rotate_key(
    *, partner_id: uuid.UUID, key_id: str, overlap: timedelta, actor: str, now: datetime,
    customer_external_id: str | None = None,
) -> tuple[ApiKey, str]:  # fmt: skip
    """A successor with the same mode, customer and label; the old key works on for `overlap`.

    Raises KeyRefused when the key does not work any more or has its end already: a second call
    makes no second successor; and where it would work on beside MOST_ROTATING others.
    `customer_external_id` limits it to that customer's keys.
    """
    if overlap not in OVERLAPS:
        raise KeyRefused(Said("Let the old key work on for 0 or 1 hour, a day or seven days."))
    with transaction.atomic():
        if overlap:
            _has_room(partner_id, MOST_ROTATING, now)
        old = _keys(partner_id, key_id, customer_external_id).select_for_update().first()
        if old is None:
            raise KeyRefused(Said("There is no key %(key_id)s.", key_id=key_id))
        if old.revoked_at is not None or old.expires_at is not None:
            raise KeyRefused(
                Said(
                    "The key %(key_id)s is revoked or ends already; make a new one.", key_id=key_id
                )
            )
        made = _mint(partner_id, old.livemode, old.customer_external_id, old.label, actor, now,
                     {"replaces": key_id})  # fmt: skip
        ends = {"revoked_at": now} if not overlap else {"expires_at": now + overlap}
        ApiKey.objects.filter(pk=old.pk).update(**ends)
        facts = {"replaced_by": made[0].id, "ends_at": (now + overlap).isoformat(),
                 "customer": old.customer_external_id}  # fmt: skip
        audit.record(actor=actor, verb="key.rotated", target=key_id, at=now,
                     partner_id=partner_id, data=facts)  # fmt: skip
    return made


def revoke_key(
    *, partner_id: uuid.UUID, key_id: str, actor: str, now: datetime,
    customer_external_id: str | None = None,
) -> bool:  # fmt: skip
    """Mark a key revoked; the publisher writes its tombstone within a second.

    Returns whether this call revoked it; a second call changes nothing. `customer_external_id`
    limits it to that customer's keys.
    """
    with transaction.atomic():
        mine = _keys(partner_id, key_id, customer_external_id).filter(revoked_at=None)
        owner = mine.values_list("customer_external_id", flat=True).first()
        changed = mine.update(revoked_at=now)
        if changed:
            audit.record(actor=actor, verb="key.revoked", target=key_id, at=now,
                         partner_id=partner_id, data={"customer": owner})  # fmt: skip
    return bool(changed)


def _keys(partner_id: uuid.UUID, key_id: str, customer: str | None) -> QuerySet[ApiKey]:
    found = ApiKey.objects.filter(partner_id=partner_id, id=key_id)
    return found if customer is None else found.filter(customer_external_id=customer)


def _has_room(partner_id: uuid.UUID, most: int, now: datetime) -> None:
    """Raise KeyRefused where `most` keys work; who asks at the same moment waits for its turn."""
    wait_in_line(f"keys {partner_id}")
    working = ApiKey.objects.filter(_works(now), partner_id=partner_id).count()
    if working >= most:
        raise KeyRefused(
            Said(
                "There are %(working)s working keys; revoke some that are not used first.",
                working=working,
            )
        )


def _works(now: datetime) -> Q:
    return Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))


def _mint(
    partner_id: uuid.UUID, livemode: bool, customer: str | None, label: str, actor: str,
    now: datetime, facts: dict[str, Any],
) -> tuple[ApiKey, str]:  # fmt: skip
    minted = keys.mint(livemode=livemode, prefix=key_prefix(partner_id))
    row = ApiKey.objects.create(
        id=minted.key_id, partner_id=partner_id, livemode=livemode, label=label,
        customer_external_id=customer, created_at=now, secret_sha256=minted.secret_sha256,
    )  # fmt: skip
    audit.record(actor=actor, verb="key.created", target=minted.key_id, at=now,
                 partner_id=partner_id,
                 data={"livemode": livemode, "label": label, "customer": customer, **facts},
                 )  # fmt: skip
    return row, minted.text


def key_prefix(partner_id: uuid.UUID) -> str:
    """What new keys begin with: the partner's own, where its API has a brand."""
    brand = queries.api_brand(partner_id)
    return brand["key_prefix"] if brand else keys.PREFIX
