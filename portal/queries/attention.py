"""What of a partner's portal needs somebody today (partner's schema)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from billing.queries.receivables import overdue_customers
from cache_api.models import HookEndpoint
from cache_api.queries.quota_use import over_quota
from tenants.models import DomainClaim
from tenants.queries.senders import sender_address
from tenants.rules.domain_states import Cert, Routing
from tenants.rules.senders import Sending

# A host that answers no longer, or only without a certificate.
_BROKEN = Q(routing__in=(Routing.WARNING, Routing.MOVED)) | Q(cert=Cert.ERROR)


@dataclass(frozen=True)
class Attention:
    """Nothing where all is well, or where the role may not open the page that mends it.

    `domains` answer no longer, `sender` is a mail address whose records are gone, `hooks` is how
    many endpoints do not take what they are told, `over_quota` and `past_due` count customers.
    """

    domains: tuple[DomainClaim, ...] = ()
    sender: str = ""
    hooks: int = 0
    over_quota: int = 0
    past_due: int = 0

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.domains or self.sender or self.hooks or self.over_quota or self.past_due)


def attention(partner_id: uuid.UUID, may: Collection[str], now: datetime) -> Attention:
    """Eight queries at most, at any size; `may` are the reader's permissions."""
    return Attention(
        domains=_broken_domains(partner_id) if "domains.manage" in may else (),
        sender=_broken_sender(partner_id) if "brand.edit" in may else "",
        hooks=_failing_hooks() if "keys.manage" in may else 0,
        over_quota=len(over_quota(now)) if "customers.view" in may else 0,
        past_due=len(overdue_customers(partner_id, now.date())) if "invoices.view" in may else 0,
    )


def _broken_domains(partner_id: uuid.UUID) -> tuple[DomainClaim, ...]:
    return tuple(DomainClaim.objects.filter(_BROKEN, partner_id=partner_id).order_by("host"))


def _broken_sender(partner_id: uuid.UUID) -> str:
    found = sender_address(partner_id)
    return found.address if found is not None and found.state == Sending.WARNING else ""


def _failing_hooks() -> int:
    failing = Q(failing_since__isnull=False) | ~Q(disabled_reason="")
    return HookEndpoint.objects.filter(failing, customer_id=None).count()
