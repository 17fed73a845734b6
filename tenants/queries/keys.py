"""API keys."""

import uuid
from collections.abc import Collection

from tenants.models import ApiKey, AuditEntry, DataKey


def api_keys(partner_id: uuid.UUID) -> list[ApiKey]:
    """A partner's keys, newest first (console or owner)."""
    return list(ApiKey.objects.filter(partner_id=partner_id).order_by("-created_at"))


def api_keys_page(
    partner_id: uuid.UUID, customer: str | None = None, *, limit: int = 50, offset: int = 0
) -> tuple[list[ApiKey], int]:
    """Keys newest first (of one customer only, if named), and how many there are. Two queries."""
    found = ApiKey.objects.filter(partner_id=partner_id)
    if customer is not None:
        found = found.filter(customer_external_id=customer)
    return list(found.order_by("-created_at", "id")[offset : offset + limit]), found.count()


def api_key(partner_id: uuid.UUID, key_id: str, customer: str | None = None) -> ApiKey | None:
    """One key of a partner (of that customer, if named)."""
    found = ApiKey.objects.filter(partner_id=partner_id, id=key_id)
    return (found if customer is None else found.filter(customer_external_id=customer)).first()


def data_key_count(partner_id: uuid.UUID) -> int:
    """Data keys that still open what they sealed (owner)."""
    return DataKey.objects.filter(partner_id=partner_id, destroyed_at=None).count()


def key_makers(partner_id: uuid.UUID, key_ids: Collection[str]) -> dict[str, str]:
    """Who made each of these keys, as the audit log says. One query."""
    made = AuditEntry.objects.filter(
        partner_id=partner_id, verb="key.created", target__in=list(key_ids)
    )
    return dict(made.values_list("target", "actor"))
