"""Begin a run, or take up one that waits: the same for a month's first run and its adjustments."""

import uuid
from datetime import datetime

from django.db import transaction

from billing.actions.moves import find_run, locked_run, move
from billing.models import RunEvent, SettlementRun
from billing.rules.runs import CALENDAR, PARKED, WORKING, waits_for_person
from tenants import audit
from tenants.tasking import enqueue_on_commit

SETTLE_TASK = "billing.settle_agreement"


def begun(run: SettlementRun, created: bool, *, actor: str, now: datetime) -> SettlementRun:
    """Log a new run, resume a parked one, take up what waits for a person; queue its task.

    Inside the caller's transaction. Safe to repeat: the task does nothing when the work is done.
    """
    if created:
        _log_opening(run, actor, now)
    elif run.state == PARKED:
        run = _resume(run, actor, now)
    elif waits_for_person(run.state, run.reason, run.opened_by) and actor != CALENDAR:
        run = _take_up(run, actor, now)
    if run.state in WORKING:
        enqueue_on_commit(SETTLE_TASK, partner_id=str(run.partner_id), run_id=str(run.id))
    return run


def go_on(*, run_id: uuid.UUID, actor: str, now: datetime) -> SettlementRun:
    """Take up one run, whatever its kind: parked, sent back, stuck or rated by the calendar.

    Raises UnknownRun. Safe to repeat; a run that is past review is returned as it is.
    """
    with transaction.atomic():
        return begun(find_run(run_id), False, actor=actor, now=now)


def _log_opening(run: SettlementRun, actor: str, now: datetime) -> None:
    RunEvent.objects.create(partner_id=run.partner_id, run=run, step=1, attempt=run.attempt,
                            state=run.state, actor=actor, at=now)  # fmt: skip
    audit.record(
        actor=actor, verb="run.open", target=str(run.id), at=now, partner_id=run.partner_id,
        data={"period": f"{run.period_start:%Y-%m}", "kind": run.kind},
    )  # fmt: skip


def _resume(run: SettlementRun, actor: str, now: datetime) -> SettlementRun:
    run = locked_run(run.id)
    if run.state != PARKED:
        return run  # somebody else resumed it while we waited for the lock
    return move(run, "resume", actor=actor, now=now, attempt=run.attempt + 1,
                opened_by=actor.lower(), preparer="", approver="")  # fmt: skip


def _take_up(run: SettlementRun, actor: str, now: datetime) -> SettlementRun:
    """The run waits for a person no longer: the sweep and the pages see to it."""
    run = locked_run(run.id)
    if not waits_for_person(run.state, run.reason, run.opened_by):
        return run  # somebody else took it up while we waited for the lock
    run.reason, run.changed_at, run.opened_by = "", now, actor.lower()
    run.save(update_fields=["reason", "changed_at", "opened_by"])
    RunEvent.objects.create(partner_id=run.partner_id, run=run, step=run.events.count() + 1,
                            attempt=run.attempt, state=run.state, actor=actor, at=now)  # fmt: skip
    audit.record(actor=actor, verb="run.take_up", target=str(run.id), at=now,
                 partner_id=run.partner_id, data={"attempt": run.attempt})  # fmt: skip
    return run
