"""A customer's data is handed out; that somebody took it stays in the log."""

import uuid
from datetime import datetime

from billing.queries.customer_file import customer_file
from cache_api.models import Customer
from tenants import audit


def export_customer(
    *, partner_id: uuid.UUID, slug: str, row: Customer, actor: str, now: datetime
) -> bytes:
    """The zip of `customer_file`. Each time it is taken adds one row to the log."""
    content = customer_file(partner_id, slug, row, now)
    audit.record(actor=actor, verb="customer.exported", target=row.external_id, at=now,
                 partner_id=partner_id, data={"bytes": len(content)})  # fmt: skip
    return content
