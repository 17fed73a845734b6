"""Partners themselves, and how far their opening is."""

import uuid

from tenants.models import Partner, ProvisioningJob


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


def partner_choices() -> list[tuple[str, str]]:
    """Slug and name of every partner by name, for a form's choices (console)."""
    return list(Partner.objects.order_by("name").values_list("slug", "name"))


def provisioning_job(partner_id: uuid.UUID) -> ProvisioningJob | None:
    """How far the opening of a partner has got (console)."""
    return ProvisioningJob.objects.select_related("partner").filter(partner_id=partner_id).first()
