"""Grant a partner limits or a brand of its own API, or a customer a quota of lookups.

The publisher carries what is written here to every edge within seconds.
"""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from cache_api.models import Customer
from cache_api.rules import entitlements
from tenants import audit
from tenants.actions.meanwhile import refuse_changed
from tenants.actions.partners import set_entitlement
from tenants.rules.sayings import Said

# Name → check. What is not in here is not granted by hand: billing pushes its own facts.
CHECKS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "limits": entitlements.limits,
    "brand_api": entitlements.brand,
    "hide_powered_by": entitlements.hide_powered_by,
    "semantic": entitlements.semantic,
    "upstreams": entitlements.forwarding,
}


class UnknownCustomer(LookupError):
    """No such customer in this partner's schema."""


def entitle(*, partner_id: uuid.UUID, name: str, value: Any, actor: str, now: datetime) -> None:
    """Grant one of CHECKS. Safe to repeat: one row a name.

    Raises entitlements.BadEntitlement, which says what is wrong with the value.
    """
    check = CHECKS.get(name)
    if check is None:
        known = ", ".join(CHECKS)
        raise entitlements.BadEntitlement(f"{name!r} cannot be granted; use one of {known}.")
    checked = check(value)
    with transaction.atomic():
        set_entitlement(partner_id=partner_id, name=name, value=checked, now=now)
        audit.record(actor=actor, verb="partner.entitled", target=name, at=now,
                     partner_id=partner_id, data=checked)  # fmt: skip


def set_quota(
    *, partner_id: uuid.UUID, external_id: str, quota: Any, actor: str, now: datetime,
    seen: str | None = None,
) -> bool:  # fmt: skip
    """Set a customer's quota in the current partner's schema (None: no quota); whether it changed.

    `seen`: the `mark` of the quota that a form was opened on. Safe to repeat. Raises
    UnknownCustomer, entitlements.BadEntitlement, ChangedMeanwhile.
    """
    checked = None if quota is None else entitlements.quota(quota)
    with transaction.atomic():
        row = Customer.objects.select_for_update().filter(external_id=external_id).first()
        if row is None:
            raise UnknownCustomer(
                Said(
                    "There is no customer %(external_id)s; announce it first.",
                    external_id=f"{external_id!r}",
                )
            )
        if row.quota == checked:
            return False
        refuse_changed(seen, row.quota)
        before, row.quota = row.quota, checked
        row.save(update_fields=["quota"])
        audit.record(actor=actor, verb="customer.quota", target=external_id, at=now,
                     partner_id=partner_id, data={"before": before, "after": checked})  # fmt: skip
    return True
