"""Many customers suspended or resumed at once (partner's schema)."""

import uuid
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from cache_api.actions.customers import set_suspended
from cache_api.actions.entitle import UnknownCustomer
from cache_api.models import Customer
from cache_api.rules.bulk import Outcome
from cache_api.rules.customer_facts import BadCustomer
from tenants.rules.sayings import saying


def suspend_customers(
    *, partner_id: uuid.UUID, customer_ids: Collection[uuid.UUID], suspended: bool, reason: str,
    actor: str, now: datetime, only_try: bool = False,
) -> Outcome:  # fmt: skip
    """`set_suspended` for each of them in one transaction; one that cannot be is said, and the
    others go on.

    `only_try` does it all and takes it back: what is said is what would happen. Safe to repeat:
    the second call finds all of them so already.
    """
    names = dict(Customer.objects.filter(pk__in=customer_ids).values_list("pk", "external_id"))
    changed: list[str] = []
    same: list[str] = []
    refused: list[tuple[str, str]] = []
    with transaction.atomic():
        for customer_id in sorted(customer_ids):  # one order: two of these do not block each other
            name = names.get(customer_id, str(customer_id))
            try:
                done = set_suspended(
                    partner_id=partner_id, customer_id=customer_id, suspended=suspended,
                    reason=reason, actor=actor, now=now,
                )  # fmt: skip
            except (UnknownCustomer, BadCustomer) as bad:
                refused.append((name, saying(bad)))
            else:
                (changed if done else same).append(name)
        transaction.set_rollback(only_try)
    return Outcome(tuple(changed), tuple(same), tuple(refused))
