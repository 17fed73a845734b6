"""Claims of partners on hosts, and the looks at them."""

import uuid

from tenants.models import DomainClaim, DomainProbe


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
