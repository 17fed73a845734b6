"""Celery's way in to the top storey: webhooks, alerts, plans and looks at customers' portals."""

import uuid
from datetime import UTC

from celery import current_app, shared_task
from django.conf import settings
from django.utils import timezone

from billing.actions.plans import set_due_quotas
from cache_api.actions.hooks import deliver, events
from portal.actions.alerts import watch_alerts as watch
from portal.actions.everywhere import OPEN_PORTALS, for_each_partner
from portal.actions.notices import mail_notices as mail
from portal.actions.running_month import estimate_month as estimate
from portal.actions.webhooks import sweep_hooks as sweep
from tenants import schema
from tenants.accounts import sign_ins
from tenants.actions.overlays import close_expired
from tenants.models import Partner
from tenants.queries import partner_by_id
from tenants.tasking import PartnerTask


@shared_task(name="portal.sweep_hooks")
def sweep_hooks() -> int:
    """Turn new facts into events, and queue each partner for which something waits."""
    return sweep(queue=lambda partner: _queue("portal.run_hooks", partner), now=timezone.now())


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
    return mail(now=timezone.now())


@shared_task(name="portal.forget_hooks")
def forget_hooks() -> int:
    """Remove events and deliveries that are older than they are kept."""
    now = timezone.now()
    return for_each_partner(lambda _: events.forget(now=now))


@shared_task(name="portal.forget_sign_ins")
def forget_sign_ins() -> int:
    """Remove notes of sign-ins that are older than they are kept, partners' and our own."""
    now = timezone.now()
    with schema.in_public():
        ours = sign_ins.forget_sign_ins(now=now)
    return ours + for_each_partner(lambda _: sign_ins.forget_sign_ins(now=now), OPEN_PORTALS)


@shared_task(name="portal.close_overlays")
def close_overlays() -> int:
    """End looks at customers' portals whose time is over; how many. Also of suspended partners."""
    now = timezone.now()
    return for_each_partner(
        lambda partner: close_expired(partner_id=partner.pk, now=now), OPEN_PORTALS
    )


@shared_task(name="portal.watch_alerts")
def watch_alerts() -> int:
    """Let alerts fire; how many did. The sweep mails and delivers them."""
    return watch(now=timezone.now())


@shared_task(name="portal.estimate_months")
def estimate_months() -> int:
    """Queue each partner's running month, so that its pages find it worked out; how many."""
    return for_each_partner(lambda partner: _queue("portal.estimate_month", partner))


@shared_task(name="portal.estimate_month", base=PartnerTask)
def estimate_month(*, partner_id: str) -> str:
    """Work out one partner's running month where that is due; as of when it is."""
    found = estimate(partner_id=uuid.UUID(partner_id), now=timezone.now())
    return str(found.as_of) if found else "nothing to estimate"


@shared_task(name="portal.begin_plans")
def begin_plans() -> int:
    """Give customers whose plan has begun its quota; how many moves that were."""
    now = timezone.now()
    return for_each_partner(lambda partner: set_due_quotas(partner_id=partner.pk, now=now))


def _queue(name: str, partner: Partner) -> int:
    given = str(partner.pk)
    current_app.send_task(name, kwargs={"partner_id": given}, headers={"partner_id": given},
                          retry=False, expires=60)  # fmt: skip
    return 1
