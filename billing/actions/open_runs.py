"""Open the runs of a month: one per agreement, whoever asks and however often."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from billing.actions.adjust import open_adjustment
from billing.actions.begin import begun
from billing.actions.errors import AlreadySettled, EarlierRunOpen, NothingToSettle, TooEarly
from billing.models import Agreement, SettlementRun
from billing.rules.periods import Period, month_of, previous_month, require_ended
from billing.rules.runs import CALENDAR
from tenants.rules.sayings import Said


@dataclass(frozen=True)
class Opened:
    """What a month's settlement found: `runs` are under way, `issued` done, `refused` not begun."""

    runs: tuple[SettlementRun, ...]
    issued: tuple[SettlementRun, ...]
    refused: tuple[tuple[Agreement, str], ...]


def settle_period(*, period: Period, actor: str, now: datetime) -> Opened:
    """Open one run per agreement in force in the month and queue a task for each.

    Where the month is issued and usage changed since, an adjustment run is opened instead.
    Raises NotEnded (running or future month), NothingToSettle, AlreadySettled (every agreement is
    issued and nothing is late; the message names the runs). An agreement whose earlier month waits
    is in `refused`.
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
        raise NothingToSettle(
            Said("No agreement is in force in %(label)s: nothing to settle.", label=period.label)
        )
    issued = tuple(run for run in runs if run.issued_at is not None)
    late = _adjustments(issued, refused, actor, now)
    under_way = [run for run in (*runs, *late) if run.issued_at is None]
    if not under_way and not refused:
        _refuse_issued(period, issued)
    return Opened(tuple(under_way), issued, tuple(refused))


def _adjustments(
    issued: Sequence[SettlementRun], refused: list[tuple[Agreement, str]], actor: str, now: datetime
) -> list[SettlementRun]:
    opened = []
    for run in issued:
        try:
            adjustment = open_adjustment(run=run, actor=actor, now=now)
        except EarlierRunOpen as error:
            refused.append((run.agreement, str(error)))
        else:
            opened += [adjustment] if adjustment else []
    return opened


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

    Raises NotEnded, TooEarly, EarlierRunOpen. Safe to repeat: (agreement, period, kind, sequence)
    is unique; an issued run is returned as it is.
    """
    require_ended(period, now)
    with transaction.atomic():
        agreement = Agreement.objects.get(pk=agreement_id)
        _refuse_early(agreement, period, now)
        _refuse_earlier(agreement, period)
        run, created = SettlementRun.objects.get_or_create(
            agreement=agreement, period_start=period.start, period_end=period.end,
            kind=SettlementRun.Kind.REGULAR, sequence=1,
            defaults={"partner_id": agreement.partner_id, "opened_by": actor.lower(),
                      "opened_at": now, "changed_at": now},
        )  # fmt: skip
        return begun(run, created, actor=actor, now=now)


def _refuse_early(agreement: Agreement, period: Period, now: datetime) -> None:
    versions = agreement.versions.filter(valid_from__lt=period.end, approved_at__isnull=False)
    terms = versions.order_by("-valid_from").values_list("terms", flat=True).first() or {}
    until = period.end + timedelta(days=terms.get("cutoff_days", 0))
    if now < until:
        raise TooEarly(
            Said(
                "Usage of %(label)s of %(name)s is awaited until %(until)s UTC, as agreed. Settle "
                "it after that.",
                label=period.label,
                name=agreement.name,
                until=f"{until:%Y-%m-%d %H:%M}",
            )
        )


def _refuse_earlier(agreement: Agreement, period: Period) -> None:
    earlier = agreement.runs.filter(period_start__lt=period.start, issued_at=None)
    run = earlier.order_by("period_start").first()
    if run is not None:
        raise EarlierRunOpen(
            Said(
                "%(period_start)s of %(name)s is %(state)s: issue it before %(label)s, whose "
                "statement opens with its balance.",
                period_start=f"{run.period_start:%Y-%m}",
                name=agreement.name,
                state=run.state,
                label=period.label,
            )
        )


def _refuse_issued(period: Period, issued: Sequence[SettlementRun]) -> None:
    last = max(run.issued_at for run in issued if run.issued_at)
    names = ", ".join(str(run.id) for run in issued[:5])
    raise AlreadySettled(
        Said(
            "%(label)s is settled: all %(issued)s runs are issued since %(last)s (run %(names)s), "
            "and no usage changed since. Issued documents never change; nothing was done.",
            label=period.label,
            issued=len(issued),
            last=f"{last:%Y-%m-%d}",
            names=names,
        )
    )
