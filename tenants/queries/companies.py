"""What papers say of a partner's company."""

import uuid

from tenants.models import CompanyFacts
from tenants.rules.company import Company


def company(partner_id: uuid.UUID) -> tuple[int, Company]:
    """What papers say of a partner's company, and which entry that is; 0 before the first
    (partner, console or settle)."""
    rows = CompanyFacts.objects.filter(partner_id=partner_id).order_by("-number")
    row = rows.values("number", *Company.__dataclass_fields__).first()
    return (row.pop("number"), Company(**row)) if row else (0, Company())


def company_entries(partner_id: uuid.UUID, limit: int = 10) -> list[CompanyFacts]:
    """Who entered what about a partner's company, newest first (partner or console)."""
    return list(CompanyFacts.objects.filter(partner_id=partner_id).order_by("-number")[:limit])
