"""The audit log: ours, and what a partner and a customer see of it."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from tenants.models import AuditEntry

# What a partner's own log shows: its people's doings and ours to it. Drafts of money and terms, and
# whatever comes later without a thought about this list, are the console's alone.
PARTNER_READS = (
    "alert.", "brand.", "customer.", "customers.", "datakeys.", "dispute.", "domain.", "key.",
    "look.", "partner.", "person.", "plan.", "sso.", "switch.", "usage.", "webhook.",
)  # fmt: skip


# What a customer's own log shows: its people's doings, and what was done to it. A reason that the
# partner's staff wrote for each other, as of suspending it, is not for it to read.
CUSTOMER_READS = (
    "alert.", "cache.purged", "customer.billing_changed", "customer.plan", "customer.quota",
    "customer.resumed", "customer.retention_changed", "customer.view_ended",
    "customer.view_started", "key.", "person.", "plan.asked", "sso.", "webhook.",
)  # fmt: skip
# Their rows name the customer by the partner's id of it: as what was acted on, or beside it.
# Hashes for `reconcile`: nobody's act, and nothing to read.
_MACHINES = ("ledger.sealed",)
_ON_CUSTOMERS = ("customer.", "cache.purged", "plan.asked")


@dataclass(frozen=True)
class AuditReader:
    """Whose log is read: everybody's (console), one partner's (console), as that partner sees it
    (`verbs`), or as one of its customers does (`customer_id` and the partner's id of it)."""

    partner_id: uuid.UUID | None = None
    verbs: tuple[str, ...] = ()
    customer_id: uuid.UUID | None = None
    external_id: str = ""


def partner_reader(partner_id: uuid.UUID) -> AuditReader:
    """A partner reads its own log."""
    return AuditReader(partner_id, PARTNER_READS)


def customer_reader(
    partner_id: uuid.UUID, customer_id: uuid.UUID, external_id: str
) -> AuditReader:  # fmt: skip
    """A customer reads what its people did and what was done to it."""
    return AuditReader(partner_id, CUSTOMER_READS, customer_id, external_id)


@dataclass(frozen=True)
class AuditFilter:
    """Which audit rows are wanted; empty members ask for all. [start, end), aware."""

    actor: str = ""
    verb: str = ""
    target: str = ""
    start: datetime | None = None
    end: datetime | None = None


def audit_page(
    reader: AuditReader, asked: AuditFilter, *, limit: int = 50, offset: int = 0
) -> tuple[list[AuditEntry], int]:
    """Entries newest first, and how many there are."""
    found = audit_entries(reader, asked)
    return list(found[offset : offset + limit]), found.count()


def audit_entries(reader: AuditReader, asked: AuditFilter) -> QuerySet[AuditEntry]:
    """The entries that a filter leaves of what the reader sees, newest first."""
    found = _audit(reader).order_by("-at", "-id")
    if asked.actor:
        found = found.filter(actor__icontains=asked.actor)
    if asked.verb:
        found = found.filter(verb=asked.verb)
    if asked.target:
        found = found.filter(target__icontains=asked.target)
    if asked.start:
        found = found.filter(at__gte=asked.start)
    return found.filter(at__lt=asked.end) if asked.end else found


def audit_verbs(reader: AuditReader) -> list[str]:
    """The verbs that occur, for the filter's list."""
    return list(_audit(reader).order_by("verb").values_list("verb", flat=True).distinct())


def _audit(reader: AuditReader) -> QuerySet[AuditEntry]:
    found = AuditEntry.objects.exclude(verb__in=_MACHINES)
    if reader.partner_id is not None:
        found = found.filter(partner_id=reader.partner_id)
    if reader.verbs:
        found = found.filter(_begins(reader.verbs))
    if reader.customer_id is not None:
        found = found.filter(
            Q(data__customer_id=str(reader.customer_id))
            | Q(data__customer=reader.external_id, verb__startswith="key.")
            | Q(target=reader.external_id) & _begins(_ON_CUSTOMERS)
        )
    return found


def _begins(verbs: tuple[str, ...]) -> Q:
    return reduce(or_, (Q(verb__startswith=beginning) for beginning in verbs))
