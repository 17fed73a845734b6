"""Name a customer before or after its first event, and so confirm it."""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction

from cache_api.models import Customer, CustomerState
from tenants import audit


def announce_customer(
    *, partner_id: uuid.UUID, external_id: str, name: str, actor: str, now: datetime,
    plan: str = "", billing: dict[str, Any] | None = None,
) -> Customer:  # fmt: skip
    """Create or confirm a customer in the current partner's schema.

    `billing` holds legal_name, address (list), country, tax_id, email, currency. Safe to repeat:
    the external id is unique, and the same facts change nothing.
    """
    facts = {"name": name, "plan": plan, "billing": billing or {}, "state": CustomerState.ACTIVE}
    with transaction.atomic():
        row, created = Customer.objects.get_or_create(
            external_id=external_id, defaults={**facts, "created_at": now}
        )
        changed = [key for key, value in facts.items() if getattr(row, key) != value]
        if changed:
            for key in changed:
                setattr(row, key, facts[key])
            row.save(update_fields=changed)
        if created or changed:
            audit.record(actor=actor, verb="customer.announced", target=external_id, at=now,
                         partner_id=partner_id, data={"name": name, "plan": plan})  # fmt: skip
    return row
