"""Adjust: late usage of a closed month goes to a run of its own, at that month's terms."""

from datetime import datetime, timedelta

from django.db import transaction

from billing.actions.begin import begun
from billing.actions.errors import EarlierRunOpen
from billing.gateways.spool import Spool
from billing.models import SettlementRun
from billing.queries.late import has_late_usage
from billing.rules.periods import Period
from billing.rules.runs import CALENDAR
from tenants.rules.sayings import Said

# How long after its end a month is still looked at by the calendar; a person may ask for any.
WATCHED = timedelta(days=400)


def open_adjustment(*, run: SettlementRun, actor: str, now: datetime) -> SettlementRun | None:
    """The adjustment that the usage recorded since the issued `run` calls for, or None.

    Raises EarlierRunOpen while another run of the agreement is not issued (the calendar just comes
    again): statements follow each other, each opening with the balance before. An adjustment of
    this month that waits is taken up again.
    Safe to repeat and to run at once: (agreement, period, kind, sequence) is unique, and once it
    is issued nothing differs any more.
    """
    waiting = run.agreement.runs.filter(issued_at=None).first()
    if waiting is not None:
        if actor == CALENDAR:
            return None
        if (waiting.kind, waiting.period_start) == (_KIND, run.period_start):
            with transaction.atomic():
                return begun(waiting, False, actor=actor, now=now)
    with Spool() as spool:
        if not has_late_usage(run.agreement, Period(run.period_start, run.period_end), spool):
            return None
    if waiting is not None:
        raise EarlierRunOpen(
            Said(
                "Late usage of %(period_start)s waits: %(period_start2)s of %(name)s is %(state)s. "
                "Issue that first.",
                period_start=f"{run.period_start:%Y-%m}",
                period_start2=f"{waiting.period_start:%Y-%m}",
                name=run.agreement.name,
                state=waiting.state,
            )
        )
    return _open(run, actor, now)


def adjust_due(*, now: datetime) -> int:
    """The calendar opens an adjustment for every closed month whose usage changed; how many.

    One at a time for an agreement, the oldest month first. They are rated and wait for a person to
    submit them. Safe to repeat, daily.
    """
    closed = (
        SettlementRun.objects.select_related("agreement")
        .filter(issued_at__isnull=False, kind=SettlementRun.Kind.REGULAR,
                period_end__gt=now - WATCHED)
        .order_by("agreement_id", "period_start")
    )  # fmt: skip
    opened = [open_adjustment(run=run, actor=CALENDAR, now=now) for run in closed]
    return sum(run is not None for run in opened)


_KIND = SettlementRun.Kind.ADJUSTMENT


def _open(run: SettlementRun, actor: str, now: datetime) -> SettlementRun:
    period = {"agreement": run.agreement, "period_start": run.period_start,
              "period_end": run.period_end, "kind": _KIND}  # fmt: skip
    with transaction.atomic():
        number = SettlementRun.objects.filter(**period).count() + 1
        adjustment, created = SettlementRun.objects.get_or_create(
            **period, sequence=number,
            defaults={"partner_id": run.partner_id, "opened_by": actor.lower(), "opened_at": now,
                      "changed_at": now},
        )  # fmt: skip
        return begun(adjustment, created, actor=actor, now=now)
