"""What papers say of a customer changes, by itself or by its partner: told if somebody was faster.

Everything here runs in the partner's own schema. Papers that are issued stay as they are; a month
that is being settled keeps what held when it was frozen.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from cache_api.actions.entitle import UnknownCustomer
from cache_api.models import Customer
from cache_api.rules import customer_facts
from tenants import audit
from tenants.rules.meanwhile import refuse_changed
from tenants.rules.sayings import Said


def change_own_billing(
    *, partner_id: uuid.UUID, customer_id: uuid.UUID, billing: Mapping[str, str], seen: str,
    actor: str, now: datetime,
) -> bool:  # fmt: skip
    """A customer's people set OWN_BILLING; whether anything changed. The rest stays as it is.

    `seen` is the `mark` of the facts that the form was opened on. Raises UnknownCustomer,
    BadCustomer, ChangedMeanwhile. Safe to repeat: what holds already is not entered again.
    """
    given = {name: billing.get(name, "") for name in customer_facts.OWN_BILLING}
    wanted = customer_facts.billing(given)
    with transaction.atomic():
        row = locked(customer_id)
        others = {name: value for name, value in row.billing.items()
                  if name not in customer_facts.OWN_BILLING}  # fmt: skip
        after = {**wanted, **others}
        if after == row.billing:
            return False
        refuse_changed(seen, row.billing)
        before, row.billing = row.billing, after
        row.save(update_fields=["billing"])
        record_billing(partner_id, row, before, actor, now)
    return True


def record_billing(
    partner_id: uuid.UUID, row: Customer, before: Mapping[str, Any], actor: str, now: datetime
) -> None:
    """Which members changed from what to what: a row that the customer reads, too."""
    members = {*before, *row.billing}
    changed = sorted(name for name in members if before.get(name) != row.billing.get(name))
    audit.record(
        actor=actor, verb="customer.billing_changed", target=row.external_id, at=now,
        partner_id=partner_id,
        data={"before": {name: before.get(name, "") for name in changed},
              "after": {name: row.billing.get(name, "") for name in changed}},
    )  # fmt: skip


def locked(customer_id: uuid.UUID) -> Customer:
    """The customer, nobody else changing it meanwhile. Raises UnknownCustomer."""
    row = Customer.objects.select_for_update().filter(pk=customer_id).first()
    if row is None:
        raise UnknownCustomer(Said("This customer does not exist."))
    return row
