"""Review: submit, approve (a second person), reject, withdraw, park."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from billing.actions.errors import NothingToSettle, StaleRun, UnknownRun
from billing.actions.moves import locked_run, move
from billing.models import SettlementRun
from billing.rules.errors import BadTerms
from billing.rules.periods import Period
from billing.rules.runs import APPROVED, IN_REVIEW, PARKED, RATED, require_other_person
from tenants.rules.sayings import Said
from tenants.tasking import enqueue_on_commit

ISSUE_TASK = "billing.issue_run"


def submit_run(*, run_id: uuid.UUID, actor: str, now: datetime) -> SettlementRun:
    """Hand a rated run in for review; `actor` becomes its preparer.

    Safe to repeat: a run that is past `rated` is returned as it is.
    """
    with transaction.atomic():
        run = locked_run(run_id)
        if run.state != RATED:
            return run
        return move(run, "submit", actor=actor, now=now, preparer=actor.lower(), submitted_at=now)


def approve_runs(
    *, run_ids: Sequence[uuid.UUID], actor: str, now: datetime,
    attempts: Mapping[uuid.UUID, int] | None = None,
) -> tuple[SettlementRun, ...]:  # fmt: skip
    """Approve a set of runs as one: all of them or none; each is then queued to be issued.

    `attempts`: the attempt the person looked at, by run; nobody approves figures unseen.
    Raises UnknownRun, WrongState, SamePerson (the actor prepared one of them), StaleRun.
    Safe to repeat: a run this person approved already is left as it is.
    """
    with transaction.atomic():
        # Locked in one order, so that two approvers of overlapping sets never wait for each other.
        runs = [locked_run(run_id) for run_id in sorted(set(run_ids))]
        if not runs:
            raise UnknownRun(Said("No run was chosen. Choose at least one run in review."))
        for run in runs:
            require_other_person(run.preparer, actor.lower())
            _refuse_unseen(run, (attempts or {}).get(run.id, run.attempt))
        for run in runs:
            if run.state == APPROVED and run.approver == actor.lower():
                continue
            move(run, "approve", actor=actor, now=now, approver=actor.lower(), approved_at=now)
        for run in runs:
            enqueue_on_commit(ISSUE_TASK, partner_id=str(run.partner_id), run_id=str(run.id))
    return tuple(runs)


def approve_period(*, period: Period, actor: str, now: datetime) -> tuple[SettlementRun, ...]:
    """Approve every clean run of a month (in review, not parked) as one set.

    Raises NothingToSettle when none waits, and whatever `approve_runs` raises.
    """
    waiting = SettlementRun.objects.filter(
        period_start=period.start, period_end=period.end, state=IN_REVIEW
    ).values_list("id", flat=True)
    if not waiting:
        raise NothingToSettle(
            Said(
                "No run of %(label)s waits for approval. Settle the month first; the control room "
                "shows what is issued already.",
                label=period.label,
            )
        )
    return approve_runs(run_ids=list(waiting), actor=actor, now=now)


def reject_run(*, run_id: uuid.UUID, actor: str, reason: str, now: datetime) -> SettlementRun:
    """Send a run in review back; it collects again, as a new attempt. Raises WrongState."""
    return _send_back(run_id, "reject", actor, reason, now)


def withdraw_run(*, run_id: uuid.UUID, actor: str, reason: str, now: datetime) -> SettlementRun:
    """Take an approval back before the run is issued. Raises WrongState."""
    return _send_back(run_id, "withdraw", actor, reason, now)


def park_run(*, run_id: uuid.UUID, actor: str, reason: str, now: datetime) -> SettlementRun:
    """Stop one agreement, with the reason, while the others go on. Raises WrongState.

    Safe to repeat: a parked run keeps its first reason.
    """
    with transaction.atomic():
        run = locked_run(run_id)
        if run.state == PARKED:
            return run
        return move(run, "park", actor=actor, now=now, reason=reason)


def _refuse_unseen(run: SettlementRun, attempt: int) -> None:
    if attempt != run.attempt:
        raise StaleRun(
            Said(
                "This run was made again since you looked (attempt %(attempt)s, you saw "
                "%(attempt2)s). Look at the new figures, then approve them.",
                attempt=run.attempt,
                attempt2=attempt,
            )
        )


def _send_back(
    run_id: uuid.UUID, verb: str, actor: str, reason: str, now: datetime
) -> SettlementRun:
    if not reason.strip():
        raise BadTerms(Said("Say why: a run is not sent back without a reason."))
    with transaction.atomic():
        run = locked_run(run_id)
        # What was frozen and rated stays under the old attempt's number.
        return move(
            run, verb, actor=actor, now=now, reason=reason.strip(), attempt=run.attempt + 1,
            preparer="", submitted_at=None, approver="", approved_at=None,
        )  # fmt: skip
