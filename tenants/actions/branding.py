"""Give a partner its look: an immutable revision with tokens derived from one seed colour."""

from datetime import datetime

from django.db import transaction

from tenants import audit
from tenants.models import BrandRevision, Partner
from tenants.rules import brandcss, palette


def publish_brand(
    *, partner: Partner, seed_hex: str, product_name: str, legal_name: str, actor: str,
    now: datetime, tagline: str = "", support_email: str = "",
) -> BrandRevision:  # fmt: skip
    """Publish a revision; the one before is retired, so going back is publishing it again.

    Raises ValueError for a colour that cannot be read. Safe to repeat: publishing what is
    published already returns it unchanged.
    """
    tokens = palette.tokens_for(seed_hex)
    css = brandcss.css_text(tokens)
    facts = {"product_name": product_name, "legal_name": legal_name, "tagline": tagline,
             "support_email": support_email, "seed_hex": seed_hex.upper()}  # fmt: skip
    css_hash = brandcss.css_hash(css)
    with transaction.atomic():
        current = (
            BrandRevision.objects.select_for_update()
            .filter(partner=partner, state=BrandRevision.State.PUBLISHED)
            .first()
        )
        if (
            current
            and current.css_hash == css_hash
            and all(getattr(current, name) == value for name, value in facts.items())
        ):
            return current
        BrandRevision.objects.filter(partner=partner, state=BrandRevision.State.PUBLISHED).update(
            state=BrandRevision.State.RETIRED
        )
        revision = BrandRevision.objects.create(
            partner=partner, state=BrandRevision.State.PUBLISHED, tokens=tokens,
            css=css, css_hash=css_hash, created_at=now, **facts,
        )  # fmt: skip
        audit.record(actor=actor, verb="brand.published", target=partner.slug, at=now,
                     partner_id=partner.id, data=facts)  # fmt: skip
    return revision
