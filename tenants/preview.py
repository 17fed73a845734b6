"""A draft's preview: a signed link that expires; whoever opened it sees the draft, nobody else."""

from __future__ import annotations

import uuid
from dataclasses import replace

from django.conf import settings
from django.core import signing

from tenants import queries
from tenants.models import BrandRevision
from tenants.resolve import Resolved, brand_of

COOKIE = "__Host-brand-preview" if settings.HTTPS else "brand-preview"
LASTS_SECONDS = 24 * 3600


def link_token(owner: Resolved, revision_id: uuid.UUID) -> str:
    """What opens the preview of a draft on this partner's hosts for a day."""
    return signing.dumps(str(revision_id), salt=_salt(owner))


def draft_of(owner: Resolved, token: str) -> BrandRevision | None:
    """The draft that a token opens; None when it is forged, another partner's, too old, or the
    draft is no more (published, discarded, followed by another one). Runs as the partner."""
    try:
        text = signing.loads(token, salt=_salt(owner), max_age=LASTS_SECONDS)
        revision_id = uuid.UUID(text)
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return None
    found = queries.brand_revision(owner.partner_id, revision_id) if owner.partner_id else None
    return found if found is not None and found.state == BrandRevision.State.DRAFT else None


def wearing(owner: Resolved, revision: BrandRevision) -> Resolved:
    """The same host as it looks with a revision on."""
    look = {name: getattr(revision, name) for name in queries.BRAND_LOOK}
    may_hide = queries.may_hide_powered_by(revision.partner_id)
    return replace(owner, brand=brand_of(look, name=owner.name, may_hide=may_hide))


def _salt(owner: Resolved) -> str:
    return f"brand preview {owner.partner_id}"
