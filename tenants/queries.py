"""Reads about partners. Each runs in the scope its docstring names."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db.models import F, FilteredRelation, OuterRef, Prefetch, Q, QuerySet, Subquery

from tenants.models import (
    ApiKey,
    AuditEntry,
    BrandRevision,
    Domain,
    DomainClaim,
    DomainProbe,
    Entitlement,
    Incident,
    IncidentUpdate,
    Partner,
    ProvisioningJob,
)

# What a partner's own log shows: its people's doings and ours to it. Drafts of money and terms, and
# whatever comes later without a thought about this list, are the console's alone.
PARTNER_READS = (
    "brand.", "customer.", "customers.", "datakeys.", "dispute.", "domain.", "key.", "partner.",
    "person.", "usage.", "webhook.",
)  # fmt: skip


@dataclass(frozen=True)
class AuditFilter:
    """Which audit rows are wanted; empty members ask for all. [start, end), aware."""

    actor: str = ""
    verb: str = ""
    target: str = ""
    start: datetime | None = None
    end: datetime | None = None


def host_owner(host: str) -> dict[str, Any] | None:
    """The partner behind a normalised host with its published brand, in one query (public)."""
    row: dict[str, Any] | None = (
        Domain.objects.filter(domain=host)
        .annotate(brand=FilteredRelation("tenant__brands", condition=_published("tenant__brands")))
        .values(
            "tenant_id", slug=F("tenant__slug"), name=F("tenant__name"),
            schema_name=F("tenant__schema_name"), state=F("tenant__state"),
            product_name=F("brand__product_name"), tagline=F("brand__tagline"),
            legal_name=F("brand__legal_name"), support_email=F("brand__support_email"),
            css_hash=F("brand__css_hash"), until=F("redirect_until"), primary=Subquery(_primary()),
        )
        .first()
    )  # fmt: skip
    return row


def _primary() -> QuerySet[Any]:
    lead = Domain.objects.filter(tenant_id=OuterRef("tenant_id"), is_primary=True)
    found: QuerySet[Any] = lead.values("domain")[:1]
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


def domain_claims(partner_id: uuid.UUID) -> list[DomainClaim]:
    """The hosts a partner asked for, newest first, ended ones included (partner or console)."""
    return list(DomainClaim.objects.filter(partner_id=partner_id).order_by("-created_at"))


def domain_claim(partner_id: uuid.UUID, claim_id: uuid.UUID) -> DomainClaim | None:
    """One of them."""
    return DomainClaim.objects.filter(partner_id=partner_id, pk=claim_id).first()


def domain_probes(claim_id: uuid.UUID, limit: int = 20) -> list[DomainProbe]:
    """The last looks at a claimed host, newest first (partner or console)."""
    return list(DomainProbe.objects.filter(claim_id=claim_id).order_by("-at", "-id")[:limit])


def last_probe(claim_id: uuid.UUID, kind: str) -> DomainProbe | None:
    """The last look of a kind: dns or tls."""
    found = DomainProbe.objects.filter(claim_id=claim_id, kind=kind)
    return found.order_by("-at", "-id").first()


def brand_css(partner_id: uuid.UUID, css_hash: str) -> str | None:
    """A revision's stylesheet, published or earlier (public)."""
    return (
        BrandRevision.objects.filter(partner_id=partner_id, css_hash=css_hash)
        .values_list("css", flat=True)
        .first()
    )


def brand_seed(partner_id: uuid.UUID, css_hash: str) -> str | None:
    """The seed colour of a revision, published or earlier (public)."""
    return (
        BrandRevision.objects.filter(partner_id=partner_id, css_hash=css_hash)
        .values_list("seed_hex", flat=True)
        .first()
    )


def partner_by_slug(slug: str) -> Partner | None:
    """A partner by its slug (public or console)."""
    found: Partner | None = Partner.objects.filter(slug=slug).first()
    return found


def partner_by_id(partner_id: uuid.UUID) -> Partner | None:
    """A partner by its id (public or console)."""
    found: Partner | None = Partner.objects.filter(pk=partner_id).first()
    return found


def partner_list() -> list[Partner]:
    """All partners with job and hosts prefetched: three queries at any number (console)."""
    return list(
        Partner.objects.select_related("job").prefetch_related("domains").order_by("created_at")
    )


def provisioning_job(partner_id: uuid.UUID) -> ProvisioningJob | None:
    """How far the opening of a partner has got (console)."""
    return ProvisioningJob.objects.select_related("partner").filter(partner_id=partner_id).first()


def api_keys(partner_id: uuid.UUID) -> list[ApiKey]:
    """A partner's keys, newest first (console or owner)."""
    return list(ApiKey.objects.filter(partner_id=partner_id).order_by("-created_at"))


def api_keys_page(
    partner_id: uuid.UUID, customer: str | None = None, *, limit: int = 50, offset: int = 0
) -> tuple[list[ApiKey], int]:
    """Keys newest first (of one customer only, if named), and how many there are. Two queries."""
    found = ApiKey.objects.filter(partner_id=partner_id)
    if customer is not None:
        found = found.filter(customer_external_id=customer)
    return list(found.order_by("-created_at", "id")[offset : offset + limit]), found.count()


def api_key(partner_id: uuid.UUID, key_id: str, customer: str | None = None) -> ApiKey | None:
    """One key of a partner (of that customer, if named)."""
    found = ApiKey.objects.filter(partner_id=partner_id, id=key_id)
    return (found if customer is None else found.filter(customer_external_id=customer)).first()


def key_makers(partner_id: uuid.UUID, key_ids: Collection[str]) -> dict[str, str]:
    """Who made each of these keys, as the audit log says. One query."""
    made = AuditEntry.objects.filter(
        partner_id=partner_id, verb="key.created", target__in=list(key_ids)
    )
    return dict(made.values_list("target", "actor"))


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


def api_brand(partner_id: uuid.UUID) -> dict[str, str] | None:
    """How a partner's API calls itself, where it has a brand of its own (partner or console)."""
    grants = Entitlement.objects.filter(partner_id=partner_id, name="brand_api")
    found: dict[str, str] | None = grants.values_list("value", flat=True).first()
    return found


def _published(path: str) -> Q:
    return Q(**{f"{path}__state": BrandRevision.State.PUBLISHED})


def incidents(since: datetime) -> list[Incident]:
    """Open ones and those that ended after `since`, newest first, with their updates. Two queries.

    In a partner's scope row security leaves those that concern the partner; the console sees all.
    """
    newest_first = Prefetch("updates", IncidentUpdate.objects.order_by("-at", "-id"))
    found = Incident.objects.filter(Q(resolved_at=None) | Q(resolved_at__gte=since))
    return list(found.order_by("-started_at", "-id").prefetch_related(newest_first))
