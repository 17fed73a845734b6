"""What a partner and a customer have done so far (partner's schema). One query each."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import Exists, Q, QuerySet

from cache_api.models import Customer, CustomerDay, CustomerState, TotalDay
from portal.rules.onboarding import CUSTOMER_STEPS, PARTNER_STEPS, Checklist, checklist
from tenants.models import ApiKey, BrandRevision, Domain, DomainClaim, Partner
from tenants.rules.domain_states import SECURED
from tenants.rules.hostnames import partner_fallback_host


def partner_checklist(partner_id: uuid.UUID, slug: str) -> Checklist:
    """Of a partner; test requests count, so that a trial is one."""
    return checklist(PARTNER_STEPS, true_of(partner_id, {
        "brand": _own_look(partner_id), "domain": _own_host(partner_id, slug),
        "customer": Customer.objects.exclude(state=CustomerState.UNCONFIRMED),
        "key": ApiKey.objects.filter(partner_id=partner_id), "request": TotalDay.objects.all(),
    }))  # fmt: skip


def customer_checklist(partner_id: uuid.UUID, customer: Customer) -> Checklist:
    """Of one customer; a key that its partner keeps for it shows in its first request."""
    keys = ApiKey.objects.filter(
        partner_id=partner_id, customer_external_id=customer.external_id, revoked_at=None
    )
    return checklist(CUSTOMER_STEPS, true_of(partner_id, {
        "key": keys, "request": CustomerDay.objects.filter(customer_id=customer.pk),
    }))  # fmt: skip


def request_seen(customer_id: uuid.UUID | None) -> bool:
    """Whether the recorder has seen any request (of that customer, if named). One query."""
    if customer_id is None:
        return TotalDay.objects.exists()
    return CustomerDay.objects.filter(customer_id=customer_id).exists()


def true_of(partner_id: uuid.UUID, facts: Mapping[str, QuerySet[Any]]) -> list[str]:
    """The names of the facts of which there is a row: one query."""
    asked = {f"has_{name}": Exists(rows) for name, rows in facts.items()}
    row = Partner.objects.filter(pk=partner_id).values(**asked).first() or {}
    return [name for name in facts if row.get(f"has_{name}")]


def _own_look(partner_id: uuid.UUID) -> QuerySet[BrandRevision]:
    """Looks after the one that came with the opening."""
    looks = BrandRevision.objects.filter(partner_id=partner_id, published_at__isnull=False)
    return looks.order_by("published_at")[1:]


def _own_host(partner_id: uuid.UUID, slug: str) -> QuerySet[Domain]:
    """Hosts of the partner's own that visitors reach: by https, where there is https."""
    fallback = partner_fallback_host(slug, settings.PLATFORM_DOMAIN)
    hosts = Domain.objects.filter(tenant_id=partner_id).exclude(domain=fallback)
    if not settings.HTTPS:
        return hosts
    claims = DomainClaim.objects.filter(partner_id=partner_id, ended_at=None)
    return hosts.exclude(Q(domain__in=claims.exclude(cert__in=SECURED).values("host")))
