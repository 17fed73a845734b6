"""Celery's way in: ids and an explicit partner, one call each."""

import uuid

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from billing import reconcile
from billing.actions import (
    adjust,
    connected_accounts,
    deliver,
    disputes,
    exceptions,
    mail_again,
    open_runs,
    push,
    reconcile_stripe,
    renewals,
    seal,
    settle,
    stripe_events,
)
from billing.actions import sweep_stripe as sweep
from billing.gateways import stripe_api
from cache_api.reconcile import CHECKS as USAGE_CHECKS
from tenants.tasking import PartnerTask


@shared_task(name="billing.settle_agreement", base=PartnerTask)
def settle_agreement(*, partner_id: str, run_id: str) -> str:
    """Take one run from open to review."""
    run = settle.settle_run(
        run_id=uuid.UUID(run_id), partner_id=uuid.UUID(partner_id), now=timezone.now()
    )
    return run.state


@shared_task(name="billing.issue_run", base=PartnerTask)
def issue_run(*, partner_id: str, run_id: str) -> str:
    """Issue one approved run."""
    run = settle.issue_approved(
        run_id=uuid.UUID(run_id), partner_id=uuid.UUID(partner_id), now=timezone.now()
    )
    return run.state


@shared_task(name="billing.deliver_documents")
def deliver_documents() -> int:
    """Mail what was issued or asked for again, and close the runs that are done."""
    now = timezone.now()
    brought = deliver.deliver_documents(now=now) + mail_again.mail_asked(now=now)
    return brought + deliver.close_finished_runs(now=now)


@shared_task(name="billing.send_reminders")
def send_reminders() -> int:
    """Remind of overdue invoices."""
    return deliver.send_reminders(now=timezone.now())


@shared_task(name="billing.seal_journal")
def seal_journal() -> int:
    """Checkpoint what was posted."""
    return seal.seal_journal(now=timezone.now())


@shared_task(name="billing.seal_ledgers")
def seal_ledgers() -> str:
    """Checkpoint what became final; the worker's log notes the chain's head."""
    return seal.seal_ledgers(now=timezone.now())


@shared_task(name="billing.accept_silent")
def accept_silent() -> int:
    """Accept statements that nobody objected to in time."""
    return disputes.accept_silent(now=timezone.now())


@shared_task(name="billing.sweep_runs")
def sweep_runs() -> int:
    """Queue again what a lost task left behind."""
    return settle.sweep_runs(now=timezone.now())


@shared_task(name="billing.settle_due")
def settle_due() -> int:
    """Open and rate the month that ended, for a person to look at and submit."""
    return open_runs.settle_due(now=timezone.now())


@shared_task(name="billing.reconcile")
def keep_breaches() -> int:
    """Check every equation and put what does not hold into the exceptions queue."""
    found = [breach for check in (*USAGE_CHECKS, *reconcile.CHECKS) for breach in check.run()]
    return exceptions.keep_breaches(found=found, now=timezone.now())


@shared_task(name="billing.renewal_notices")
def renewal_notices() -> int:
    """Say which terms end in 180, 90 or 30 days."""
    return renewals.give_renewal_notices(now=timezone.now())


@shared_task(name="billing.adjust_due")
def adjust_due() -> int:
    """Open and rate adjustments of closed months whose usage changed, for a person to submit."""
    return adjust.adjust_due(now=timezone.now())


@shared_task(name="billing.push_intent", base=PartnerTask)
def push_intent(*, partner_id: str, intent_id: str) -> str:
    """Push one intent to Stripe; nothing where no account is set."""
    stripe = stripe_api.connect()
    if stripe is None:
        return "no stripe"
    done = push.push_intent(intent_id=uuid.UUID(intent_id), stripe=stripe, now=timezone.now())
    return done.state


@shared_task(name="billing.process_stripe_event", base=PartnerTask)
def process_stripe_event(*, partner_id: str, event_id: str) -> str:
    """Book what one notice is about; it concerns whom Stripe's object names."""
    stripe = stripe_api.connect()
    if stripe is None:
        return "no stripe"
    done = stripe_events.process_event(event_id=event_id, stripe=stripe, now=timezone.now())
    return done.outcome


@shared_task(name="billing.look_at_account", base=PartnerTask)
def look_at_account(*, partner_id: str, remote_id: str) -> str:
    """Fetch a connected account, for a person who came back from Stripe."""
    stripe = stripe_api.connect()
    if stripe is None:
        return "no stripe"
    return connected_accounts.look_at_account(remote_id, stripe, timezone.now())


@shared_task(name="billing.sweep_stripe")
def sweep_stripe() -> int:
    """Write down what is to be shown at Stripe, and queue what is due."""
    if not settings.STRIPE_API_KEY:
        return 0
    return sweep.sweep_stripe(now=timezone.now())


@shared_task(name="billing.reconcile_stripe")
def reconcile_with_stripe() -> int:
    """Compare Stripe's books with ours."""
    stripe = stripe_api.connect()
    if stripe is None:
        return 0
    return len(reconcile_stripe.reconcile_stripe(stripe=stripe, now=timezone.now()))
