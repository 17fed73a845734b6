"""Which host is whose."""

import uuid
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, FilteredRelation, OuterRef, QuerySet, Subquery

from tenants.models import Domain
from tenants.queries.brands import BRAND_LOOK, hiding, published
from tenants.queries.mail_texts import texts_of_outer
from tenants.queries.senders import sending


def host_owner(host: str) -> dict[str, Any] | None:
    """The partner behind a normalised host with its published brand, in one query (public)."""
    row: dict[str, Any] | None = _owners().filter(domain=host).first()
    return row


def host_owners(states: Collection[str]) -> list[dict[str, Any]]:
    """The same of every host of partners in one of these states, `domain` too (public, worker)."""
    return list(_owners().filter(tenant__state__in=states).order_by("domain"))


def _owners() -> QuerySet[Any, dict[str, Any]]:
    brand = FilteredRelation("tenant__brands", condition=published("tenant__brands"))
    found: QuerySet[Any, dict[str, Any]] = Domain.objects.annotate(brand=brand).values(
        "domain", "tenant_id", slug=F("tenant__slug"), name=F("tenant__name"),
        schema_name=F("tenant__schema_name"), state=F("tenant__state"),
        may_hide=Exists(hiding(OuterRef("tenant_id"))),
        until=F("redirect_until"), primary=Subquery(_primary()),
        mail_texts=texts_of_outer(),
        mail_from=Subquery(sending().filter(partner_id=OuterRef("tenant_id"))[:1]),
        **{f"brand_{name}": F(f"brand__{name}") for name in BRAND_LOOK},
    )  # fmt: skip
    return found


def _primary() -> QuerySet[Any]:
    lead = Domain.objects.filter(tenant_id=OuterRef("tenant_id"), is_primary=True)
    found: QuerySet[Any] = lead.values("domain")[:1]
    return found


def partner_of_host(host: str) -> uuid.UUID | None:
    """Whose host it is; None for one of nobody (worker)."""
    rows = Domain.objects.filter(domain=host)
    found: uuid.UUID | None = rows.values_list("tenant_id", flat=True).first()
    return found


def primary_host(partner_id: uuid.UUID) -> str:
    """The host that a partner's mails name (partner, web or worker)."""
    leading = Domain.objects.filter(tenant_id=partner_id, is_primary=True)
    found: str = leading.values_list("domain", flat=True)[0]
    return found


def site(partner_id: uuid.UUID) -> str:
    """Where a partner's portal is reached from outside: scheme and host, and the demo's port."""
    if settings.HTTPS:
        return f"https://{primary_host(partner_id)}"
    return f"http://{primary_host(partner_id)}:{settings.WEB_PORT}"


def hosts_of(partner_id: uuid.UUID) -> list[Domain]:
    """The hosts a partner is served under, the leading one first (partner or console)."""
    return list(Domain.objects.filter(tenant_id=partner_id).order_by("-is_primary", "domain"))
