"""Celery's way in to the top storey: webhooks and alerts, one partner at a time."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal

from celery import current_app, shared_task
from django.conf import settings
from django.utils import timezone

from billing.actions.plans import set_due_quotas
from billing.queries.plans import moves_due
from billing.rules.money import to_major
from billing.rules.periods import month_of
from cache_api.actions import alerts
from cache_api.actions.alerts import Spent
from cache_api.actions.hooks import deliver, endpoints, events
from cache_api.models import Alert, AlertKind
from cache_api.queries.alerts import untold
from cache_api.queries.hooks import notices, work_waits
from portal.notices import house_of, told_about_endpoint, told_about_firing
from portal.queries.estimates import running_month, terms_in_force
from portal.queries.facts import facts_since
from tenants import schema
from tenants.actions.overlays import close_expired
from tenants.models import Partner
from tenants.queries import partner_by_id
from tenants.tasking import PartnerTask


@shared_task(name="portal.sweep_hooks")
def sweep_hooks() -> int:
    """Turn new facts into events, and queue each partner for which something waits."""
    now, queued = timezone.now(), 0
    for partner in _active():
        with schema.in_partner(partner):
            since = events.unread_since(now)
            if since is not None:
                events.keep_events(facts=facts_since(partner.pk, since), now=now)
            waits = work_waits(now)
        if waits:
            queued += 1
            _queue("portal.run_hooks", partner)
    return queued


@shared_task(name="portal.run_hooks", base=PartnerTask)
def run_hooks(*, partner_id: str) -> int:
    """Send what is due of one partner; how many were sent."""
    partner = partner_by_id(uuid.UUID(partner_id))
    if partner is None:
        return 0
    now = timezone.now().astimezone(UTC)
    with schema.in_partner(partner):
        return deliver.deliver_due(kek=settings.KEK, loopback=settings.WEBHOOK_LOOPBACK,
                                   now=now)  # fmt: skip


@shared_task(name="portal.mail_notices")
def mail_notices() -> int:
    """Mail what people are to be told about webhooks and alerts; how many were told of."""
    return sum(_tell(partner, timezone.now()) for partner in _active())


@shared_task(name="portal.forget_hooks")
def forget_hooks() -> int:
    """Remove events and deliveries that are older than they are kept."""
    done = 0
    for partner in _active():
        with schema.in_partner(partner):
            done += events.forget(now=timezone.now())
    return done


@shared_task(name="portal.close_overlays")
def close_overlays() -> int:
    """End looks at customers' portals whose time is over; how many. Also of suspended partners."""
    now, done = timezone.now(), 0
    open_portals = (Partner.State.ACTIVE, Partner.State.SUSPENDED)
    for partner in Partner.objects.filter(state__in=open_portals):
        with schema.in_partner(partner):
            done += close_expired(partner_id=partner.pk, now=now)
    return done


@shared_task(name="portal.watch_alerts")
def watch_alerts() -> int:
    """Let alerts fire; how many did. The sweep mails and delivers them."""
    now, fired = timezone.now(), 0
    for partner in _active():
        with schema.in_partner(partner):
            if not Alert.objects.filter(paused=False).exists():
                continue
            fired += alerts.watch(spent=_spent(partner, now), now=now)
    return fired


@shared_task(name="portal.begin_plans")
def begin_plans() -> int:
    """Give customers whose plan has begun its quota; how many moves that were."""
    now, done = timezone.now(), 0
    for partner in _active():
        if moves_due(partner.pk, now):
            with schema.in_partner(partner):
                done += set_due_quotas(partner_id=partner.pk, now=now)
    return done


def _active() -> list[Partner]:
    return list(Partner.objects.filter(state=Partner.State.ACTIVE).order_by("slug"))


def _queue(name: str, partner: Partner) -> None:
    given = str(partner.pk)
    current_app.send_task(name, kwargs={"partner_id": given}, headers={"partner_id": given},
                          retry=False, expires=60)  # fmt: skip


def _tell(partner: Partner, now: datetime) -> int:
    done = 0
    with schema.in_partner(partner):
        waiting, fired = notices(), untold()
        house = house_of(partner.pk) if waiting or fired else None
        if house is None:
            return 0
        for row in waiting:
            if told_about_endpoint(house, row):
                endpoints.told(endpoint_id=row.pk, notice=row.notice)
                done += 1
        for firing in fired:
            if told_about_firing(house, firing):
                alerts.told(firing_id=firing.pk, now=now)
                done += 1
    return done


def _spent(partner: Partner, now: datetime) -> Spent:
    """Money of the running month, rated once for all alerts of the partner."""
    budgets = Alert.objects.filter(kind=AlertKind.BUDGET, paused=False)
    found = running_month(terms_in_force(partner.pk, now), now) if budgets.exists() else None
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
