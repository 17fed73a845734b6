"""The audit log's only writer."""

import uuid
from datetime import datetime
from typing import Any

from tenants.models import AuditEntry


def of_customer(customer_id: uuid.UUID | None) -> dict[str, str]:
    """What a row's `data` says when it concerns one customer, who may read it then."""
    return {"customer_id": str(customer_id)} if customer_id else {}


def record(
    *,
    actor: str,
    verb: str,
    target: str,
    at: datetime,
    partner_id: uuid.UUID | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Append one row, inside the caller's transaction so that it lives or dies with the act."""
    AuditEntry.objects.create(
        partner_id=partner_id, actor=actor, verb=verb, target=target, data=data or {}, at=at
    )
