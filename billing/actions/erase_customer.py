"""A customer is forgotten: what names it goes; what the law keeps stays, and is said."""

import uuid
from datetime import datetime

from django.db import transaction

from billing.queries.customer_file import papers_kept, receipt_of
from cache_api.actions.leave import erase_customer_facts
from cache_api.actions.purge_entries import purge_entries
from cache_api.models import Customer
from cache_api.rules.customer_facts import ERASED
from tenants import audit
from tenants.accounts.models import User
from tenants.actions.bounces import forget_bounced
from tenants.actions.keys import revoke_key
from tenants.actions.leave import erase_people_of
from tenants.models import ApiKey, AuditEntry

KEPT_BECAUSE = (
    "Issued invoices and credit notes, with the name and address on them, and the journal are kept "
    "for ten years by law; usage counts under the customer's id and the log as long as they prove "
    "what was billed. Notes of sign-ins go after 90 days; copies in backups end with their "
    "retention."
)


def erase_customer(
    *, partner_id: uuid.UUID, customer_id: uuid.UUID, actor: str, now: datetime
) -> AuditEntry:
    """Erase one customer in its partner's schema and role; the audit row, which is the receipt.

    Its cached answers are purged first, live and test: unless that is durable nothing happens
    (PurgeRefused). Then its keys end, its people become pseudonyms, its facts go, its requests are
    refused. Safe to repeat: who was erased stays so, and the first row is given again. Raises
    Customer.DoesNotExist.
    """
    row = Customer.objects.get(pk=customer_id)
    known = receipt_of(partner_id, row.external_id)
    if known is not None:
        return known
    for livemode in (True, False):
        purge_entries(partner_id=partner_id, customer=row.external_id, livemode=livemode, tag="",
                      actor=actor, now=now)  # fmt: skip
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer_id)
        keys = ApiKey.objects.filter(
            partner_id=partner_id, customer_external_id=row.external_id, revoked_at=None
        )
        ended = sum(
            revoke_key(partner_id=partner_id, key_id=key, actor=actor, now=now)
            for key in list(keys.values_list("id", flat=True))
        )
        emails = set(User.objects.filter(customer_id=customer_id).values_list("email", flat=True))
        emails.add(str(row.billing.get("email", "")).lower())
        forget_bounced(partner_id=partner_id, addresses=emails)
        erased = {
            "keys_revoked": ended,
            "people_pseudonymised": erase_people_of(customer_id),
            "webhooks_and_alerts": erase_customer_facts(customer_id),
        }
        kept = {"documents": papers_kept(partner_id, row.external_id)}
        audit.record(
            actor=actor, verb=ERASED, target=row.external_id, at=now, partner_id=partner_id,
            data={"erased": erased, "kept": kept, "kept_because": KEPT_BECAUSE},
        )  # fmt: skip
    receipt = receipt_of(partner_id, row.external_id)
    assert receipt is not None
    return receipt
