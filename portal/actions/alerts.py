"""Alerts are watched with the running month's money, which only this storey can rate."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from billing.rules.money import to_major
from billing.rules.periods import month_of
from cache_api.actions import alerts
from cache_api.actions.alerts import Spent
from cache_api.models import Alert, AlertKind
from portal.actions.everywhere import for_each_partner
from portal.actions.running_month import estimate_month
from tenants.models import Partner


def watch_alerts(*, now: datetime) -> int:
    """Let alerts fire; how many did. Safe to repeat: one fires once for what it has seen."""

    def watch(partner: Partner) -> int:
        if not Alert.objects.filter(paused=False).exists():
            return 0
        return alerts.watch(spent=_spent(partner, now), now=now)

    return for_each_partner(watch)


def _spent(partner: Partner, now: datetime) -> Spent:
    """Money of the running month, rated once for all alerts of the partner."""
    budgets = Alert.objects.filter(kind=AlertKind.BUDGET, paused=False)
    found = estimate_month(partner_id=partner.pk, now=now) if budgets.exists() else None
    period = month_of(now)
    elapsed = Decimal((now - period.start).total_seconds()) / Decimal(
        (period.end - period.start).total_seconds()
    )

    def spent(customer: uuid.UUID | None) -> tuple[Decimal, Decimal] | None:
        if found is None or found.problem:
            return None
        minor = found.owes_minor or found.billed_minor
        if customer is not None:
            minor = (found.by_customer or {}).get(str(customer), 0)
        return to_major(minor, found.currency), elapsed

    return spent
