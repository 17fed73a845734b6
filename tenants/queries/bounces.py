"""Addresses that take no mail."""

import uuid

from tenants.models import BouncedAddress


def bounced_addresses(partner_id: uuid.UUID) -> set[str]:
    """Where a partner's mails came back from, in lower case (partner or worker)."""
    rows = BouncedAddress.objects.filter(partner_id=partner_id)
    return set(rows.values_list("address", flat=True))


def bounced_rows(partner_id: uuid.UUID, most: int = 100) -> list[BouncedAddress]:
    """The same with the reasons, the newest first (partner)."""
    rows = BouncedAddress.objects.filter(partner_id=partner_id)
    return list(rows.order_by("-bounced_at", "-id")[:most])
