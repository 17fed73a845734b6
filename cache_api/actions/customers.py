"""A partner's customers: made, changed, suspended, resumed, taken from a table.

Everything here runs in the partner's own schema. The doors learn of a suspension within seconds by
the snapshot.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from cache_api.actions.customer_billing import locked, record_billing
from cache_api.models import Customer, CustomerState
from cache_api.rules import customer_facts
from cache_api.rules.customer_facts import BadCustomer, CustomerRow
from tenants import audit
from tenants.models import AuditEntry
from tenants.rules.meanwhile import refuse_changed
from tenants.rules.sayings import Said


def add_customer(
    *, partner_id: uuid.UUID, external_id: str, name: str, plan: str, actor: str, now: datetime
) -> Customer:
    """A customer before its first request. Raises BadCustomer, also for an id that is known.

    Safe to repeat: the second call is refused.
    """
    facts = {"name": customer_facts.line("name", name), "plan": customer_facts.line("plan", plan),
             "state": CustomerState.ACTIVE, "created_at": now}  # fmt: skip
    with transaction.atomic():
        row, made = Customer.objects.get_or_create(
            external_id=customer_facts.external_id(external_id), defaults=facts
        )
        if not made:
            raise BadCustomer(
                "external_id",
                Said("%(external_id)s is a customer of yours already.", external_id=external_id),
            )
        audit.record(actor=actor, verb="customer.announced", target=row.external_id, at=now,
                     partner_id=partner_id,
                     data={"name": row.name, "plan": row.plan})  # fmt: skip
    return row


def change_customer(
    *, partner_id: uuid.UUID, customer_id: uuid.UUID, name: str, plan: str,
    billing: dict[str, str], seen: str, actor: str, now: datetime,
) -> bool:  # fmt: skip
    """Set name, plan and billing facts; whether anything changed. Confirms an unconfirmed one.

    `seen` is the `mark` of `facts_of` as the editor saw them. Raises UnknownCustomer, BadCustomer,
    ChangedMeanwhile. Safe to repeat: what holds already is not entered again.
    """
    wanted: dict[str, Any] = {
        "name": customer_facts.line("name", name), "plan": customer_facts.line("plan", plan),
        "billing": customer_facts.billing(billing),
    }  # fmt: skip
    with transaction.atomic():
        row = locked(customer_id)
        if row.state == CustomerState.UNCONFIRMED:
            wanted["state"] = CustomerState.ACTIVE
        before = {key: getattr(row, key) for key in wanted if getattr(row, key) != wanted[key]}
        if not before:
            return False
        refuse_changed(seen, *facts_of(row))
        for key in before:
            setattr(row, key, wanted[key])
        row.save(update_fields=list(before))
        _record(partner_id, row, before, actor, now)
    return True


def _record(
    partner_id: uuid.UUID, row: Customer, before: dict[str, Any], actor: str, now: datetime
) -> None:
    """Billing facts in a row of their own, which the customer reads; names and plans are not for
    its eyes."""
    if "billing" in before:
        record_billing(partner_id, row, before.pop("billing"), actor, now)
    if before:
        facts = {"before": before, "after": {key: getattr(row, key) for key in before}}
        audit.record(actor=actor, verb="customer.changed", target=row.external_id, at=now,
                     partner_id=partner_id, data=facts)  # fmt: skip


def facts_of(row: Customer) -> tuple[Any, ...]:
    """What a partner's form of a customer shows; its `mark` tells one state from another."""
    return row.name, row.plan, row.billing


def set_suspended(
    *, partner_id: uuid.UUID, customer_id: uuid.UUID, suspended: bool, reason: str, actor: str,
    now: datetime,
) -> bool:  # fmt: skip
    """Refuse all of a customer's requests, or serve them again; whether it changed.

    Safe to repeat. Raises UnknownCustomer, and BadCustomer without a reason to suspend or for one
    that was erased, which stays refused.
    """
    if suspended and not reason.strip():
        raise BadCustomer("reason", Said("Say why: whoever resumes it reads this."))
    state = CustomerState.SUSPENDED if suspended else CustomerState.ACTIVE
    with transaction.atomic():
        row = locked(customer_id)
        if (row.state == CustomerState.SUSPENDED) == suspended:
            return False
        if not suspended and erased(partner_id, row.external_id):
            raise BadCustomer("", Said("This customer was erased. It stays suspended."))
        Customer.objects.filter(pk=row.pk).update(state=state)
        verb = "customer.suspended" if suspended else "customer.resumed"
        audit.record(actor=actor, verb=verb, target=row.external_id, at=now,
                     partner_id=partner_id, data={"reason": reason.strip()[:500]})  # fmt: skip
    return True


def erased(partner_id: uuid.UUID, external_id: str) -> bool:
    """Whether this customer was forgotten on its wish: one query."""
    rows = AuditEntry.objects.filter(partner_id=partner_id, target=external_id)
    return rows.filter(verb=customer_facts.ERASED).exists()


def import_customers(
    *, partner_id: uuid.UUID, rows: Sequence[CustomerRow], actor: str, now: datetime
) -> tuple[int, int]:
    """All of the rows or none: how many were made and how many changed.

    Empty facts leave a known customer's as they are. Safe to repeat: the second call changes none.
    Raises BadCustomer when one of the new ones appeared in traffic meanwhile.
    """
    try:
        return _import(partner_id, rows, actor, now)
    except IntegrityError as error:
        raise BadCustomer(
            "file",
            Said(
                "A customer of the file has just appeared by itself; nothing was changed. Send the "
                "file again."
            ),
        ) from error


def _import(
    partner_id: uuid.UUID, rows: Sequence[CustomerRow], actor: str, now: datetime
) -> tuple[int, int]:
    with transaction.atomic():
        ids = [row.external_id for row in rows]
        known = {one.external_id: one for one in
                 Customer.objects.select_for_update().filter(external_id__in=ids)}  # fmt: skip
        fresh = [_new(row, now) for row in rows if row.external_id not in known]
        changed = [
            known[row.external_id]
            for row in rows
            if row.external_id in known and _merge(known[row.external_id], row)
        ]
        Customer.objects.bulk_create(fresh, batch_size=2_000)
        # An upsert of the locked rows: bulk_update's CASE takes minutes for a large table.
        Customer.objects.bulk_create(
            changed, batch_size=2_000, update_conflicts=True, unique_fields=["id"],
            update_fields=["name", "plan", "billing", "quota", "state"],
        )  # fmt: skip
        if fresh or changed:
            audit.record(actor=actor, verb="customers.imported", target=f"{len(rows)} customers",
                         at=now, partner_id=partner_id,
                         data={"made": len(fresh), "changed": len(changed)})  # fmt: skip
    return len(fresh), len(changed)


def _new(row: CustomerRow, now: datetime) -> Customer:
    quota = None if row.quota is None else dict(row.quota)
    return Customer(external_id=row.external_id, name=row.name, plan=row.plan, quota=quota,
                    billing=dict(row.billing), state=CustomerState.ACTIVE,
                    created_at=now)  # fmt: skip


def _merge(known: Customer, row: CustomerRow) -> bool:
    """Put the row's facts on the customer; whether that changes it. A suspension stays."""
    wanted: dict[str, Any] = {
        "name": row.name or known.name, "plan": row.plan or known.plan,
        "billing": {**known.billing, **row.billing},
        "quota": known.quota if row.quota is None else dict(row.quota),
        "state": CustomerState.ACTIVE if known.state == CustomerState.UNCONFIRMED else known.state,
    }  # fmt: skip
    changed = any(getattr(known, key) != value for key, value in wanted.items())
    for key, value in wanted.items():
        setattr(known, key, value)
    return changed
