"""What of a partner's portal needs somebody today (partner's schema)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from billing.queries.receivables import overdue_customers
from cache_api.models import HookEndpoint
from cache_api.queries.quota_use import over_quota
from portal.queries.onboarding import true_of
from tenants.models import DomainClaim, SenderAddress
from tenants.rules.domain_states import Cert, Routing
from tenants.rules.senders import Sending

_FAILING = Q(failing_since__isnull=False) | ~Q(disabled_reason="")
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
    """Three queries where nothing is broken and nobody has a quota or owes, nine at most at any
    size; `may` are the reader's permissions."""
    broken = {name: rows for permission, name, rows in _broken(partner_id) if permission in may}
    found = true_of(partner_id, broken) if broken else []
    return Attention(
        domains=tuple(broken["domains"].order_by("host")) if "domains" in found else (),
        sender=broken["sender"].get().address if "sender" in found else "",
        hooks=broken["hooks"].count() if "hooks" in found else 0,
        over_quota=len(over_quota(now)) if "customers.view" in may else 0,
        past_due=len(overdue_customers(partner_id, now.date())) if "invoices.view" in may else 0,
    )


def _broken(partner_id: uuid.UUID) -> tuple[tuple[str, str, QuerySet[Any]], ...]:
    """(who may mend it, what it is, the rows that are broken); a partner has one such sender."""
    senders = SenderAddress.objects.filter(partner_id=partner_id, state=Sending.WARNING)
    return (
        ("domains.manage", "domains", DomainClaim.objects.filter(_BROKEN, partner_id=partner_id)),
        ("brand.edit", "sender", senders),
        ("keys.manage", "hooks", HookEndpoint.objects.filter(_FAILING, customer_id=None)),
    )
