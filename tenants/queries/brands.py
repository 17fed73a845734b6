"""What partners look like, and what of it papers and the API wear."""

import uuid
from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet

from tenants.models import BrandFile, BrandRevision, Entitlement
from tenants.rules import brandcss
from tenants.rules.brand import HIDES_POWERED_BY

# What a page needs to know of a revision.
BRAND_LOOK = (
    "product_name", "tagline", "legal_name", "support_email", "css_hash", "short_name", "font",
    "support_url", "terms_url", "privacy_url", "mail_sender", "powered_by", "logo_light",
    "logo_dark", "icon", "plate_light", "plate_dark", "tokens",
)  # fmt: skip


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


def may_hide_powered_by(partner_id: uuid.UUID) -> bool:
    """Whether the partner was granted to show its pages without "Powered by AgentCache"."""
    return hiding(partner_id).exists()


def api_brand(partner_id: uuid.UUID) -> dict[str, str] | None:
    """How a partner's API calls itself, where it has a brand of its own (partner or console)."""
    grants = Entitlement.objects.filter(partner_id=partner_id, name="brand_api")
    found: dict[str, str] | None = grants.values_list("value", flat=True).first()
    return found


def published(path: str) -> Q:
    """That the revision at the end of `path` is the published one."""
    return Q(**{f"{path}__state": BrandRevision.State.PUBLISHED})


def hiding(partner_id: Any) -> QuerySet[Entitlement]:
    """The grant of hiding "powered by", if there is one; `partner_id` may be an OuterRef."""
    found = Entitlement.objects.filter(partner_id=partner_id, name=HIDES_POWERED_BY)
    return found.filter(value__granted=True)
