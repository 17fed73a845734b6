"""The addresses that partners' mails come from."""

import uuid
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from tenants.models import SenderAddress
from tenants.rules.senders import LOOKED_AT, SENDING, Wanted


def sending() -> QuerySet[Any]:
    """Addresses that mails may come from now."""
    found: QuerySet[Any] = SenderAddress.objects.filter(state__in=SENDING).values("address")
    return found


def mail_from(partner_id: uuid.UUID) -> str:
    """The partner's own verified address for mails; '' for none (partner or worker)."""
    row = sending().filter(partner_id=partner_id).first()
    return row["address"] if row else ""


def sender_address(partner_id: uuid.UUID) -> SenderAddress | None:
    """The address that a partner wants its mails to come from, verified or not (partner)."""
    return SenderAddress.objects.filter(partner_id=partner_id, state__in=LOOKED_AT).first()


def wanted_of(row: SenderAddress) -> Wanted:
    """What the records of an address must hold."""
    return Wanted(row.domain, row.selector, row.public_key, settings.MAIL_SPF_DOMAIN)
