"""Open the runs of a month: one per agreement, whoever asks and however often."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from billing.actions.errors import AlreadySettled, EarlierRunOpen, NothingToSettle
from billing.actions.moves import locked_run, move
from billing.models import Agreement, RunEvent, SettlementRun
from billing.rules.periods import Period, month_of, previous_month, require_ended
from billing.rules.runs import CALENDAR, PARKED, WORKING, waits_for_person
from tenants import audit
from tenants.tasking import enqueue_on_commit

SETTLE_TASK = "billing.settle_agreement"


@dataclass(frozen=True)
class Opened:
    """What a month's settlement found: `runs` are under way, `issued` done, `refused` not begun."""

    runs: tuple[SettlementRun, ...]
    issued: tuple[SettlementRun, ...]
    refused: tuple[tuple[Agreement, str], ...]


def settle_period(*, period: Period, actor: str, now: datetime) -> Opened:
    """Open one run per agreement in force in the month and queue a task for each.

    Raises NotEnded (running or future month), NothingToSettle, AlreadySettled (every agreement is
    issued; the message names the runs). An agreement whose earlier month waits is in `refused`.
    Safe to repeat and to run eight times at once: a run is unique per agreement and period, and
    its task does nothing when the work is done.
    """
    require_ended(period, now)
    runs: list[SettlementRun] = []
    refused: list[tuple[Agreement, str]] = []
    for agreement in agreements_in(period):
        try:
            runs.append(open_run(agreement_id=agreement.id, period=period, actor=actor, now=now))
        except EarlierRunOpen as error:
            refused.append((agreement, str(error)))
    if not runs and not refused:
        raise NothingToSettle(f"No agreement is in force in {period.label}: nothing to settle.")
    issued = tuple(run for run in runs if run.issued_at is not None)
    _refuse_issued(period, issued, runs, refused)
    return Opened(tuple(run for run in runs if run.issued_at is None), issued, tuple(refused))


def settle_due(*, now: datetime) -> int:
    """The calendar opens the month that ended, for agreements that have no run of it; how many.

    It rates them and waits: a person submits them (`waits_for_person`). Parked and rejected runs
    are a person's to take up. Safe to repeat, daily: a run that exists is left alone.
    """
    period = previous_month(month_of(now))
    begun = SettlementRun.objects.filter(period_start=period.start, period_end=period.end)
    fresh = [one for one in agreements_in(period) if not begun.filter(agreement=one).exists()]
    opened = 0
    for agreement in fresh:
        try:
            open_run(agreement_id=agreement.id, period=period, actor=CALENDAR, now=now)
        except EarlierRunOpen:
            continue  # the control room shows which month it waits for
        opened += 1
    return opened


def agreements_in(period: Period) -> list[Agreement]:
    """Agreements with approved terms in force at any time of the period, by code."""
    return list(
        Agreement.objects.filter(
            Q(versions__valid_to=None) | Q(versions__valid_to__gt=period.start),
            versions__valid_from__lt=period.end, versions__approved_at__isnull=False,
        ).distinct().order_by("code")
    )  # fmt: skip


def open_run(
    *, agreement_id: uuid.UUID, period: Period, actor: str, now: datetime
) -> SettlementRun:
    """The regular run of an agreement and period: made if absent, taken up if parked or sent back.

    Raises NotEnded, EarlierRunOpen. Safe to repeat: (agreement, period, kind, sequence) is
    unique; an issued run is returned as it is.
    """
    require_ended(period, now)
    with transaction.atomic():
        agreement = Agreement.objects.get(pk=agreement_id)
        _refuse_earlier(agreement, period)
        run, created = SettlementRun.objects.get_or_create(
            agreement=agreement, period_start=period.start, period_end=period.end,
            kind=SettlementRun.Kind.REGULAR, sequence=1,
            defaults={"partner_id": agreement.partner_id, "opened_by": actor.lower(),
                      "opened_at": now, "changed_at": now},
        )  # fmt: skip
        if created:
            _log_opening(run, actor, now)
        elif run.state == PARKED:
            run = _resume(run, actor, now)
        elif waits_for_person(run.state, run.reason, run.opened_by) and actor != CALENDAR:
            run = _take_up(run, actor, now)
        if run.state in WORKING:
            enqueue_on_commit(SETTLE_TASK, partner_id=str(run.partner_id), run_id=str(run.id))
    return run


def _log_opening(run: SettlementRun, actor: str, now: datetime) -> None:
    RunEvent.objects.create(partner_id=run.partner_id, run=run, step=1, attempt=run.attempt,
                            state=run.state, actor=actor, at=now)  # fmt: skip
    audit.record(
        actor=actor, verb="run.open", target=str(run.id), at=now, partner_id=run.partner_id,
        data={"period": f"{run.period_start:%Y-%m}"},
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


def _refuse_earlier(agreement: Agreement, period: Period) -> None:
    earlier = agreement.runs.filter(period_start__lt=period.start, issued_at=None)
    run = earlier.order_by("period_start").first()
    if run is not None:
        raise EarlierRunOpen(
            f"{run.period_start:%Y-%m} of {agreement.name} is {run.state}: issue it before "
            f"{period.label}, whose statement opens with its balance."
        )


def _refuse_issued(
    period: Period, issued: Sequence[SettlementRun], runs: Sequence[SettlementRun],
    refused: Sequence[object],
) -> None:  # fmt: skip
    if issued and len(issued) == len(runs) and not refused:
        last = max(run.issued_at for run in issued if run.issued_at)
        names = ", ".join(str(run.id) for run in issued[:5])
        raise AlreadySettled(
            f"{period.label} is settled: all {len(issued)} runs are issued since {last:%Y-%m-%d} "
            f"(run {names}). Issued documents never change; nothing was done."
        )
