"""A partner's look: drafts, publishing, going back. Revisions are immutable; states move."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from tenants import audit, queries
from tenants.gateways import pictures
from tenants.models import BrandFile, BrandRevision, Partner
from tenants.rules import brandcss, palette
from tenants.rules.brand import FACTS, HIDES_POWERED_BY, BadBrand, BrandFacts, checked
from tenants.rules.meanwhile import ChangedMeanwhile
from tenants.rules.sayings import Said

DRAFT, PUBLISHED, RETIRED = BrandRevision.State
_LEGIBLE = 3.0


def publish_brand(
    *, partner: Partner, seed_hex: str, product_name: str, legal_name: str, actor: str,
    now: datetime, **more: Any,
) -> BrandRevision:  # fmt: skip
    """Publish a look in one step; `more` are further facts of `BrandFacts`.

    Raises BadBrand (a ValueError). Safe to repeat: publishing what is published already returns it
    unchanged.
    """
    facts = checked({"seed_hex": seed_hex, "product_name": product_name,
                     "legal_name": legal_name, **more})  # fmt: skip
    with transaction.atomic():
        current = _locked(partner.id).filter(state=PUBLISHED).first()
        if current is not None and _same(current, facts):
            return current
        draft = _draft(partner.id, facts, actor, now)
        return _publish(draft, actor, now, "brand.published")


def save_draft(
    *, partner_id: uuid.UUID, given: Mapping[str, Any], files: Mapping[str, bytes], seen: str,
    actor: str, now: datetime,
) -> BrandRevision:  # fmt: skip
    """Keep a look as the partner's one draft; what is published stays as it is.

    `given` are the members of `BrandFacts`, `files` uploads by member (logo_light, logo_dark,
    icon), `seen` is `queries.brand_seen()` when the form was opened. Raises BadBrand (also about
    `powered_by` without the grant to hide it) and ChangedMeanwhile when somebody else was faster.
    Safe to repeat: a draft with the same facts is returned unchanged.
    """
    with transaction.atomic():
        kept = {member: keep_file(partner_id=partner_id, data=data, member=member, now=now)
                for member, data in files.items()}  # fmt: skip
        facts = checked({**given, **kept})
        if not facts.powered_by and not queries.may_hide_powered_by(partner_id):
            raise BadBrand(
                "powered_by",
                Said(
                    "Your agreement does not include %(hides_powered_by)s.",
                    hides_powered_by=HIDES_POWERED_BY,
                ),
            )
        draft = _locked(partner_id).filter(state=DRAFT).first()
        if draft is not None and _same(draft, facts):
            return draft
        if seen != queries.brand_seen(partner_id):
            raise ChangedMeanwhile
        made = _draft(partner_id, facts, actor, now)
        audit.record(actor=actor, verb="brand.drafted", target=str(made.id), at=now,
                     partner_id=partner_id, data=_told(made))  # fmt: skip
    return made


def discard_draft(*, partner_id: uuid.UUID, actor: str, now: datetime) -> bool:
    """Let the draft go; whether there was one (safe to repeat)."""
    with transaction.atomic():
        draft = _locked(partner_id).filter(state=DRAFT).first()
        if draft is None:
            return False
        _move(draft, RETIRED)
        audit.record(actor=actor, verb="brand.discarded", target=str(draft.id), at=now,
                     partner_id=partner_id)  # fmt: skip
    return True


def publish_revision(
    *, partner_id: uuid.UUID, revision_id: uuid.UUID, actor: str, now: datetime
) -> BrandRevision | None:
    """Publish the draft, or go back to a revision that was published before; None: no such one.

    Every page follows within five seconds. Safe to repeat: what is published stays published.
    """
    with transaction.atomic():
        found = _locked(partner_id).filter(pk=revision_id).first()
        if found is None or (found.state == RETIRED and found.published_at is None):
            return None
        if found.state == PUBLISHED:
            return found
        verb = "brand.published" if found.state == DRAFT else "brand.rolled_back"
        return _publish(found, actor, now, verb)


def keep_file(*, partner_id: uuid.UUID, data: bytes, member: str, now: datetime) -> str:
    """Keep an uploaded `member` (logo_light, logo_dark, icon); returns its name.

    Raises BadBrand. Safe to repeat: the name is of the bytes.
    """
    picture = pictures.read_picture(data, member)
    BrandFile.objects.get_or_create(
        partner_id=partner_id, name=picture.name,
        defaults={"media_type": picture.media_type, "content": picture.content,
                  "png": picture.png, "width": picture.width, "height": picture.height,
                  "luminance": picture.luminance, "created_at": now},
    )  # fmt: skip
    return picture.name


def _locked(partner_id: uuid.UUID) -> QuerySet[BrandRevision]:
    return BrandRevision.objects.select_for_update().filter(partner_id=partner_id)


def _same(revision: BrandRevision, facts: BrandFacts) -> bool:
    return all(getattr(revision, name) == getattr(facts, name) for name in FACTS)


def _told(revision: BrandRevision) -> dict[str, Any]:
    facts = {name: getattr(revision, name) for name in FACTS}
    return {name: value for name, value in facts.items() if value != ""}


def _draft(partner_id: uuid.UUID, facts: BrandFacts, actor: str, now: datetime) -> BrandRevision:
    """A new draft in the place of the one before."""
    for before in BrandRevision.objects.filter(partner_id=partner_id, state=DRAFT):
        _move(before, RETIRED)
    tokens = palette.tokens_for(facts.seed_hex, facts.accent_hex)
    css = brandcss.css_text(tokens, facts.font)
    made: BrandRevision = BrandRevision.objects.create(
        partner_id=partner_id, state=DRAFT, tokens=tokens, css=css,
        css_hash=brandcss.css_hash(css), created_at=now, created_by=actor,
        **_plates(partner_id, facts, tokens), **{name: getattr(facts, name) for name in FACTS},
    )  # fmt: skip
    return made


def _plates(
    partner_id: uuid.UUID, facts: BrandFacts, tokens: palette.Tokens
) -> dict[str, bool]:  # fmt: skip
    """Whether the logo of a mode would be lost on its surface, and lies on a plate there."""
    names = {facts.logo_light, facts.logo_dark, facts.icon} - {""}
    seen = queries.brand_file_luminance(partner_id, names)
    if missing := names - set(seen):
        raise BadBrand(
            "logo_light",
            Said("%(missing)s was never kept here.", missing=", ".join(sorted(missing))),
        )
    shown = {"light": facts.logo_light, "dark": facts.logo_dark or facts.logo_light}
    return {
        f"plate_{mode}": bool(name)
        and palette.stands_out(seen[name], tokens[mode]["surface-1"]) < _LEGIBLE  # type: ignore[literal-required]
        for mode, name in shown.items()
    }


def _move(revision: BrandRevision, state: str, published_at: datetime | None = None) -> None:
    revision.state = state
    revision.published_at = published_at or revision.published_at
    revision.save(update_fields=["state", "published_at"])


def _publish(revision: BrandRevision, actor: str, now: datetime, verb: str) -> BrandRevision:
    current = BrandRevision.objects.filter(partner_id=revision.partner_id, state=PUBLISHED)
    for before in current:
        _move(before, RETIRED)
    _move(revision, PUBLISHED, now)
    audit.record(actor=actor, verb=verb, target=str(revision.id), at=now,
                 partner_id=revision.partner_id, data=_told(revision))  # fmt: skip
    return revision
