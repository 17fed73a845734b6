"""An address takes no mail, or is to be tried again."""

import uuid
from datetime import datetime

from django.db import transaction

from tenants import audit
from tenants.models import BouncedAddress

MAIL_SERVER = "mail server"


def mark_bounced(
    *, partner_id: uuid.UUID, address: str, status: str, reason: str, now: datetime
) -> bool:
    """Send it nothing more that a person may do without (worker); whether it is new.

    Safe to repeat and at once: an address is marked once until it is cleared.
    """
    with transaction.atomic():
        _row, is_new = BouncedAddress.objects.get_or_create(
            partner_id=partner_id, address=address,
            defaults={"status": status, "reason": reason, "bounced_at": now},
        )  # fmt: skip
        if is_new:
            audit.record(actor=MAIL_SERVER, verb="brand.address_bounced", target=address[:200],
                         at=now, partner_id=partner_id, data={"status": status})  # fmt: skip
    return is_new


def clear_bounced(*, partner_id: uuid.UUID, row_id: uuid.UUID, actor: str, now: datetime) -> bool:
    """Mails go there again (partner); False where the address is not marked. Safe to repeat."""
    with transaction.atomic():
        row = BouncedAddress.objects.filter(pk=row_id, partner_id=partner_id).first()
        if row is None or not BouncedAddress.objects.filter(pk=row.pk).delete()[0]:
            return False
        audit.record(actor=actor, verb="brand.address_cleared", target=row.address[:200], at=now,
                     partner_id=partner_id)  # fmt: skip
    return True


def forget_bounced(*, partner_id: uuid.UUID, addresses: set[str] | None = None) -> int:
    """Remove the rows of people who leave, or all (partner or owner); how many. Repeatable."""
    rows = BouncedAddress.objects.filter(partner_id=partner_id)
    found = rows if addresses is None else rows.filter(address__in=addresses)
    return found.delete()[0]
