"""Take one agreement from open to review, or from approved to issued; park it when it can not."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from billing.actions.begin import SETTLE_TASK
from billing.actions.freeze import freeze_run
from billing.actions.issue import issue_run
from billing.actions.moves import find_run
from billing.actions.rate import rate_run
from billing.actions.review import ISSUE_TASK, park_run, submit_run
from billing.models import SettlementRun
from billing.rules.errors import BillingError
from billing.rules.runs import APPROVED, CALENDAR, RATED, WORKING
from tenants.tasking import MissingPartner, enqueue_on_commit

STALE_AFTER = timedelta(minutes=1)
_PER_SWEEP = 200


def settle_run(*, run_id: uuid.UUID, partner_id: uuid.UUID, now: datetime) -> SettlementRun:
    """Freeze, rate and submit, each in its own transaction, in the name of who opened the run.

    What the calendar opened is rated and left for a person to submit.
    What can not be rated is parked with the reason; the month's other agreements go on.
    Raises UnknownRun, MissingPartner. Safe to repeat and to run eight times at once: each step
    locks the run and does nothing when it is done.
    """
    run = _run_of(run_id, partner_id)
    try:
        freeze_run(run_id=run_id, actor=run.opened_by, now=now)
        rated = rate_run(run_id=run_id, actor=run.opened_by, now=now)
        if rated.opened_by == CALENDAR:
            return rated
        return submit_run(run_id=run_id, actor=run.opened_by, now=now)
    except BillingError as error:
        return park_run(run_id=run_id, actor=run.opened_by, reason=str(error), now=now)


def issue_approved(*, run_id: uuid.UUID, partner_id: uuid.UUID, now: datetime) -> SettlementRun:
    """Issue an approved run in the name of its approver; park it when it does not add up.

    Raises UnknownRun, MissingPartner. Safe to repeat: a run in another state is left as it is.
    """
    run = _run_of(run_id, partner_id)
    if run.state != APPROVED:
        return run
    try:
        return issue_run(run_id=run_id, actor=run.approver, now=now)
    except BillingError as error:
        return park_run(run_id=run_id, actor=run.approver, reason=str(error), now=now)


def sweep_runs(*, now: datetime) -> int:
    """Queue again what was left in a working state, and return how many runs that were.

    Whoever works on a run holds its lock, and loses it by dying: a locked one is left alone,
    however long it takes. A rejected run waits for a person: it has a reason. Safe to repeat: the
    tasks are.
    """
    waits = Q(state=RATED, opened_by=CALENDAR)
    left = Q(state__in=WORKING, reason="") & ~waits | Q(state=APPROVED)
    with transaction.atomic():
        stale = SettlementRun.objects.select_for_update(skip_locked=True).filter(
            left, changed_at__lt=now - STALE_AFTER
        )
        runs = list(stale.order_by("changed_at", "id")[:_PER_SWEEP])
        for run in runs:
            task = ISSUE_TASK if run.state == APPROVED else SETTLE_TASK
            enqueue_on_commit(task, partner_id=str(run.partner_id), run_id=str(run.id))
    return len(runs)


def _run_of(run_id: uuid.UUID, partner_id: uuid.UUID) -> SettlementRun:
    run = find_run(run_id)
    if run.partner_id != partner_id:
        raise MissingPartner(f"Run {run_id} belongs to another partner than {partner_id}.")
    return run
