"""One partner as its account manager sees it: health, people, customers, hosts (console scope)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q

from cache_api.models import Customer, HookEndpoint
from cache_api.queries import top_customers
from cache_api.rules.reports import CustomerUsage
from portal.queries.pipeline import partner_health
from portal.rules.health import Health
from tenants import queries as tenants
from tenants import schema
from tenants.accounts.models import User
from tenants.models import Domain, DomainClaim, Incident, Partner, Switch
from tenants.rules.domain_states import OPEN
from tenants.rules.roles import PERMISSIONS, Audience
from tenants.switches import switches_on

SHOWN, DAYS = 100, timedelta(days=30)


@dataclass(frozen=True)
class Standing:
    """How a partner is doing: its score's reasons, its people, what is open.

    `issues` counts webhooks that fail; `switches` and `incidents` are those that concern it.
    """

    health: Health
    people: int
    last_login: datetime | None
    issues: int
    incidents: tuple[Incident, ...]
    switches: tuple[Switch, ...]


def standing(partner: Partner, now: datetime) -> Standing:
    """Eleven queries. A partner that has no schema yet has no people."""
    seen = {"n": 0, "at": None}
    issues = 0
    if has_schema(partner):
        with schema.in_partner(partner):
            staff = User.objects.filter(role__in=PERMISSIONS[Audience.PARTNER], is_active=True)
            seen = staff.aggregate(n=Count("id"), at=Max("last_login"))
            failing = Q(failing_since__isnull=False) | ~Q(disabled_reason="")
            issues = HookEndpoint.objects.filter(failing).count()
    told = [row for row in tenants.incidents(now) if row.resolved_at is None]
    return Standing(
        health=partner_health([partner], now)[partner.id],
        people=seen["n"] or 0, last_login=seen["at"], issues=issues,
        incidents=tuple(row for row in told
                        if not row.partner_ids or partner.id in row.partner_ids),
        switches=tuple(one for one in switches_on(now) if one.partner_id in (None, partner.id)),
    )  # fmt: skip


def customers(partner: Partner, now: datetime) -> tuple[list[CustomerUsage], int]:
    """Those that asked most in the last 30 days, and how many customers it has. Three queries."""
    if not has_schema(partner):
        return [], 0
    with schema.in_partner(partner):
        return top_customers(now - DAYS, now, limit=SHOWN), Customer.objects.count()


def hosts(partner: Partner) -> tuple[list[Domain], list[DomainClaim]]:
    """What is served as this partner, and the hosts that it asked for."""
    claims = DomainClaim.objects.filter(partner=partner, routing__in=OPEN).order_by("host")
    return tenants.hosts_of(partner.id), list(claims)


def has_schema(partner: Partner) -> bool:
    """Whether it was opened (and not closed): then it has people and customers."""
    return partner.state in (Partner.State.ACTIVE, Partner.State.SUSPENDED)
