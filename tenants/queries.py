"""Reads about partners. Each runs in the scope its docstring names."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db.models import (
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
)

from tenants.accounts.models import User
from tenants.models import (
    ApiKey,
    AuditEntry,
    BrandFile,
    BrandRevision,
    CompanyFacts,
    Domain,
    DomainClaim,
    DomainProbe,
    Entitlement,
    Incident,
    IncidentUpdate,
    LegalText,
    Partner,
    Prospect,
    ProspectEntry,
    ProvisioningJob,
    SenderAddress,
)
from tenants.rules import brandcss
from tenants.rules.brand import HIDES_POWERED_BY
from tenants.rules.company import Company
from tenants.rules.roles import AUDIENCE_OF, allows
from tenants.rules.senders import LOOKED_AT, SENDING

# What a partner's own log shows: its people's doings and ours to it. Drafts of money and terms, and
# whatever comes later without a thought about this list, are the console's alone.
PARTNER_READS = (
    "alert.", "brand.", "customer.", "customers.", "datakeys.", "dispute.", "domain.", "key.",
    "look.", "partner.", "person.", "plan.", "sso.", "switch.", "usage.", "webhook.",
)  # fmt: skip

# What a page needs to know of a revision.
BRAND_LOOK = (
    "product_name", "tagline", "legal_name", "support_email", "css_hash", "short_name", "font",
    "support_url", "terms_url", "privacy_url", "mail_sender", "powered_by", "logo_light",
    "logo_dark", "icon", "plate_light", "plate_dark", "tokens",
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
            may_hide=Exists(_hiding(OuterRef("tenant_id"))),
            until=F("redirect_until"), primary=Subquery(_primary()),
            mail_from=Subquery(_sending().filter(partner_id=OuterRef("tenant_id"))[:1]),
            **{f"brand_{name}": F(f"brand__{name}") for name in BRAND_LOOK},
        )
        .first()
    )  # fmt: skip
    return row


def _primary() -> QuerySet[Any]:
    lead = Domain.objects.filter(tenant_id=OuterRef("tenant_id"), is_primary=True)
    found: QuerySet[Any] = lead.values("domain")[:1]
    return found


def _sending() -> QuerySet[Any]:
    found: QuerySet[Any] = SenderAddress.objects.filter(state__in=SENDING).values("address")
    return found


def mail_from(partner_id: uuid.UUID) -> str:
    """The partner's own verified address for mails; '' for none (partner or worker)."""
    row = _sending().filter(partner_id=partner_id).first()
    return row["address"] if row else ""


def sender_address(partner_id: uuid.UUID) -> SenderAddress | None:
    """The address that a partner wants its mails to come from, verified or not (partner)."""
    return SenderAddress.objects.filter(partner_id=partner_id, state__in=LOOKED_AT).first()


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


def brand_css(partner_id: uuid.UUID, css_hash: str, draft: bool = False) -> str | None:
    """A revision's stylesheet, published or earlier; a draft's only if asked (public, partner)."""
    found = BrandRevision.objects.filter(partner_id=partner_id, css_hash=css_hash)
    if not draft:
        found = found.exclude(state=BrandRevision.State.DRAFT)
    return found.values_list("css", flat=True).first()


def brand_revision(partner_id: uuid.UUID, revision_id: uuid.UUID) -> BrandRevision | None:
    """One revision of a partner (partner or console)."""
    return BrandRevision.objects.filter(partner_id=partner_id, pk=revision_id).first()


def brand_draft(partner_id: uuid.UUID) -> BrandRevision | None:
    """The look that waits to be published, if there is one (partner or console)."""
    state = BrandRevision.State.DRAFT
    return BrandRevision.objects.filter(partner_id=partner_id, state=state).first()


def published_brand(partner_id: uuid.UUID) -> BrandRevision | None:
    """The look that everybody sees, if there is one (partner or console)."""
    state = BrandRevision.State.PUBLISHED
    return BrandRevision.objects.filter(partner_id=partner_id, state=state).first()


def published_looks() -> list[tuple[str, str, str, str]]:
    """Product name, seed, accent and font of every partner's published look (console)."""
    found = BrandRevision.objects.filter(state=BrandRevision.State.PUBLISHED)
    return list(
        found.order_by("product_name").values_list("product_name", "seed_hex", "accent_hex", "font")
    )


def brand_history(partner_id: uuid.UUID, limit: int = 50) -> list[BrandRevision]:
    """Looks that are or were published, the latest first, without their stylesheets."""
    found = BrandRevision.objects.filter(partner_id=partner_id, published_at__isnull=False)
    return list(found.defer("css", "tokens").order_by("-published_at", "-id")[:limit])


def brand_seen(partner_id: uuid.UUID) -> str:
    """What a form about the brand was opened on: changes with every draft and publication."""
    open_ones = BrandRevision.objects.filter(partner_id=partner_id).exclude(
        state=BrandRevision.State.RETIRED
    )
    return "+".join(str(one) for one in open_ones.order_by("id").values_list("id", flat=True))


def brand_file(partner_id: uuid.UUID, name: str) -> BrandFile | None:
    """A kept logo or icon (public, partner, settle)."""
    return BrandFile.objects.filter(partner_id=partner_id, name=name).first()


def brand_file_luminance(partner_id: uuid.UUID, names: Collection[str]) -> dict[str, float]:
    """The mean luminance of each of these files."""
    found = BrandFile.objects.filter(partner_id=partner_id, name__in=list(names))
    return dict(found.values_list("name", "luminance"))


def paper_brand(revision: BrandRevision) -> dict[str, Any]:
    """What a document wears of a look (`billing.rules.documents.Brand`); empty members are left
    out, so that a document's bytes hold what it shows and no more."""
    facts = {
        "name": revision.product_name, "tagline": revision.tagline,
        "support_email": revision.support_email, "support_url": revision.support_url,
        "terms_url": revision.terms_url, "privacy_url": revision.privacy_url,
        "font": revision.font, "logo": revision.logo_light, "mail_sender": revision.mail_sender,
        "primary_hex": brandcss.pdf_hex(revision.tokens)["rule"],
        "powered_by": revision.powered_by or not may_hide_powered_by(revision.partner_id),
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value}


def company(partner_id: uuid.UUID) -> tuple[int, Company]:
    """What papers say of a partner's company, and which entry that is; 0 before the first
    (partner, console or settle)."""
    rows = CompanyFacts.objects.filter(partner_id=partner_id).order_by("-number")
    row = rows.values("number", *Company.__dataclass_fields__).first()
    return (row.pop("number"), Company(**row)) if row else (0, Company())


def legal_texts(partner_id: uuid.UUID) -> dict[str, LegalText]:
    """The last version of each legal text that a partner wrote, by its kind (partner)."""
    rows = LegalText.objects.filter(partner_id=partner_id).order_by("kind", "-number")
    return {row.kind: row for row in rows.distinct("kind")}


def legal_text(partner_id: uuid.UUID, kind: str) -> LegalText | None:
    """The last version of one of them (partner)."""
    rows = LegalText.objects.filter(partner_id=partner_id, kind=kind)
    return rows.order_by("-number").first()


def company_entries(partner_id: uuid.UUID, limit: int = 10) -> list[CompanyFacts]:
    """Who entered what about a partner's company, newest first (partner or console)."""
    return list(CompanyFacts.objects.filter(partner_id=partner_id).order_by("-number")[:limit])


def may_hide_powered_by(partner_id: uuid.UUID) -> bool:
    """Whether the partner was granted to show its pages without "Powered by AgentCache"."""
    return _hiding(partner_id).exists()


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


def partner_names() -> dict[uuid.UUID, str]:
    """The name of every partner by its id: one query, for lists across partners."""
    return dict(Partner.objects.values_list("id", "name"))


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
    found = _incidents().filter(Q(resolved_at=None) | Q(resolved_at__gte=since))
    return list(found.order_by("-started_at", "-id"))


def incident(incident_id: uuid.UUID) -> Incident | None:
    """One of them with its updates, newest first (console). Two queries."""
    return _incidents().filter(pk=incident_id).first()


def _incidents() -> QuerySet[Incident]:
    newest_first = Prefetch("updates", IncidentUpdate.objects.order_by("-at", "-id"))
    return Incident.objects.prefetch_related(newest_first)


def people_with(permission: str) -> list[str]:
    """E-mails of the active people of this scope whose role holds the permission. One query."""
    roles = [role for role in AUDIENCE_OF if allows(role, permission)]
    rows = User.objects.filter(is_active=True, role__in=roles)
    return list(rows.order_by("email").values_list("email", flat=True))


def prospects() -> list[Prospect]:
    """The pipeline by name, with opened partners. One query (console)."""
    return list(Prospect.objects.select_related("partner").order_by("name"))


def prospect(prospect_id: uuid.UUID) -> Prospect | None:
    """One prospect with its entries, newest first. Two queries (console)."""
    newest_first = Prefetch("entries", ProspectEntry.objects.order_by("-at", "-id"))
    rows = Prospect.objects.select_related("partner").prefetch_related(newest_first)
    return rows.filter(pk=prospect_id).first()


def _hiding(partner_id: Any) -> QuerySet[Entitlement]:
    found = Entitlement.objects.filter(partner_id=partner_id, name=HIDES_POWERED_BY)
    return found.filter(value__granted=True)
