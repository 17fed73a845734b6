"""Legal texts that partners wrote."""

import uuid

from tenants.models import LegalText


def legal_texts(partner_id: uuid.UUID) -> dict[str, LegalText]:
    """The last version of each legal text that a partner wrote, by its kind (partner)."""
    rows = LegalText.objects.filter(partner_id=partner_id).order_by("kind", "-number")
    return {row.kind: row for row in rows.distinct("kind")}


def legal_text(partner_id: uuid.UUID, kind: str) -> LegalText | None:
    """The last version of one of them (partner)."""
    rows = LegalText.objects.filter(partner_id=partner_id, kind=kind)
    return rows.order_by("-number").first()
