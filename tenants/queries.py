"""Reads about partners. Each runs in the scope its docstring names."""

import uuid
from typing import Any

from django.db.models import F, FilteredRelation, Q

from tenants.models import ApiKey, BrandRevision, Domain, Entitlement, Partner, ProvisioningJob


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
            css_hash=F("brand__css_hash"),
        )
        .first()
    )  # fmt: skip
    return row


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


def api_brand(partner_id: uuid.UUID) -> dict[str, str] | None:
    """How a partner's API calls itself, where it has a brand of its own (partner or console)."""
    grants = Entitlement.objects.filter(partner_id=partner_id, name="brand_api")
    found: dict[str, str] | None = grants.values_list("value", flat=True).first()
    return found


def _published(path: str) -> Q:
    return Q(**{f"{path}__state": BrandRevision.State.PUBLISHED})
