"""Celery's way in: ids and an explicit partner, one call each."""

import uuid

from celery import shared_task
from django.utils import timezone

from billing import reconcile
from billing.actions import adjust, exceptions, open_runs, settle
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


@shared_task(name="billing.adjust_due")
def adjust_due() -> int:
    """Open and rate adjustments of closed months whose usage changed, for a person to submit."""
    return adjust.adjust_due(now=timezone.now())
