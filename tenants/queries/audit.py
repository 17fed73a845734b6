"""The audit log, ours and what a partner sees of it."""

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


@dataclass(frozen=True)
class AuditFilter:
    """Which audit rows are wanted; empty members ask for all. [start, end), aware."""

    actor: str = ""
    verb: str = ""
    target: str = ""
    start: datetime | None = None
    end: datetime | None = None


def audit_page(
    partner_id: uuid.UUID | None, asked: AuditFilter, *, for_partner: bool, limit: int = 50,
    offset: int = 0,
) -> tuple[list[AuditEntry], int]:  # fmt: skip
    """Entries newest first, and how many there are; arguments as for `audit_entries`."""
    found = audit_entries(partner_id, asked, for_partner=for_partner)
    return list(found[offset : offset + limit]), found.count()


def audit_entries(
    partner_id: uuid.UUID | None, asked: AuditFilter, *, for_partner: bool
) -> QuerySet[AuditEntry]:
    """The entries that a filter leaves, newest first.

    `partner_id` None reads all partners' (console); `for_partner` leaves PARTNER_READS only.
    """
    found = _audit(partner_id, for_partner).order_by("-at", "-id")
    if asked.actor:
        found = found.filter(actor__icontains=asked.actor)
    if asked.verb:
        found = found.filter(verb=asked.verb)
    if asked.target:
        found = found.filter(target__icontains=asked.target)
    if asked.start:
        found = found.filter(at__gte=asked.start)
    return found.filter(at__lt=asked.end) if asked.end else found


def audit_verbs(partner_id: uuid.UUID | None, *, for_partner: bool) -> list[str]:
    """The verbs that occur, for the filter's list."""
    found = _audit(partner_id, for_partner)
    return list(found.order_by("verb").values_list("verb", flat=True).distinct())


def _audit(partner_id: uuid.UUID | None, for_partner: bool) -> QuerySet[AuditEntry]:
    found = AuditEntry.objects.all()
    if partner_id is not None:
        found = found.filter(partner_id=partner_id)
    if for_partner:
        found = found.filter(
            reduce(or_, (Q(verb__startswith=beginning) for beginning in PARTNER_READS))
        )
    return found
