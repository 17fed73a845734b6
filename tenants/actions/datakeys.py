"""Data keys: destroyed (what they sealed is gone, wherever copies lie), or wrapped anew."""

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from tenants import audit
from tenants.models import DataKey, Partner
from tenants.rules import datakeys


def destroy_data_keys(
    *, partner_id: uuid.UUID, kek: bytes, actor: str, now: datetime, renew: bool = True
) -> int:
    """Wipe all wrapped data keys of a partner and, with `renew`, make a fresh one; how many went.

    Runs as owner, the only login that may write keys. The publisher tells the doors within a
    second, they hear of it within five more; then no old entry opens or is even found, and new ones
    are sealed with the fresh key. Without `renew` the partner's API answers 503 from then on.
    Each call destroys what there is: a second one destroys the fresh key of the first. Copies of
    the wrapped key in backups and in PostgreSQL's log end with their retention.
    """
    with transaction.atomic():
        # One at a time per partner: two fresh keys must not get the same number.
        Partner.objects.select_for_update().get(pk=partner_id)
        keys = DataKey.objects.filter(partner_id=partner_id)
        last = keys.aggregate(last=Max("key_number"))["last"] or 0
        destroyed = keys.filter(destroyed_at=None).update(wrapped=None, destroyed_at=now)
        if renew:
            _make(partner_id, kek, last + 1, now)
        facts = {"destroyed": destroyed, "fresh": last + 1 if renew else None}
        audit.record(actor=actor, verb="datakeys.destroyed", target=str(partner_id), at=now,
                     partner_id=partner_id, data=facts)  # fmt: skip
    return destroyed


def rewrap_data_keys(*, kek: bytes, actor: str, now: datetime) -> int:
    """Wrap every data key by the first platform key of the file; how many were not yet.

    Runs as owner. The keys stay what they are, so every entry still opens. Each key in a
    transaction of its own, safe to repeat and to break off. Raises CannotUnwrap for a key that
    none of the platform keys opens; those before it are done.
    """
    several, done = datakeys.parse_kek(kek), 0
    for pk in DataKey.objects.filter(destroyed_at=None).values_list("pk", flat=True):
        with transaction.atomic():
            row = DataKey.objects.select_for_update().filter(pk=pk, destroyed_at=None).first()
            if row is None or row.wrapped is None:
                continue
            found = datakeys.rewrap(
                several, bytes(row.wrapped), partner_id=row.partner_id, number=row.key_number
            )
            done += found is not None and DataKey.objects.filter(pk=pk).update(wrapped=found)
    if done:
        name = datakeys.kek_id(several).hex()
        audit.record(actor=actor, verb="datakeys.rewrapped", target=name, at=now,
                     data={"rewrapped": done})  # fmt: skip
    return done


def _make(partner_id: uuid.UUID, kek: bytes, number: int, now: datetime) -> None:
    wrapped = datakeys.wrap(
        datakeys.parse_kek(kek), datakeys.new_data_key(), partner_id=partner_id, number=number
    )
    DataKey.objects.create(
        partner_id=partner_id, key_number=number, wrapped=wrapped, created_at=now
    )
