"""The demo's months, settled with the real runs: earlier ones issued, the last one in review."""

from datetime import datetime, timedelta

from billing.actions.errors import NothingToSettle
from billing.actions.open_runs import settle_period
from billing.actions.review import approve_period
from billing.actions.settle import issue_approved, settle_run
from billing.models import SettlementRun
from billing.rules.errors import BillingError
from billing.rules.periods import Period
from portal.demo.exceptional import happen
from portal.demo.paying import pay_month
from portal.demo.steps import APPROVER, PREPARER, Calendar


def settle_months(*, calendar: Calendar) -> int:
    """Settle all that ended, thirteen at first, in order; returns the runs now issued or waiting.

    Each month is closed on the 2nd and approved on the 3rd of the next one; what it issued is paid
    within four weeks. Safe to repeat: issued months refuse to be settled again, a payment is known
    by its bank line, a statement is claimed by one payout, and the last month's runs are there.
    """
    months = calendar.ended()
    for number, period in enumerate(months, 1):
        _close(period, calendar, approve=period != months[-1])
        if happen(period, calendar):
            _close(months[number - 2], calendar, closed_at=period.end + timedelta(days=3))
        pay_month(period, calendar, all_of_it=number < len(months) - 1)
    return SettlementRun.objects.exclude(submitted_at=None).count()


def _close(
    period: Period, calendar: Calendar, *, approve: bool = True, closed_at: datetime | None = None
) -> None:
    closed_at = closed_at or min(period.end + timedelta(days=1, hours=9), calendar.now)
    try:
        opened = settle_period(period=period, actor=PREPARER, now=closed_at)
    except BillingError:
        return  # every agreement of the month is issued already
    for run in opened.runs:
        settle_run(run_id=run.id, partner_id=run.partner_id, now=closed_at)
    if approve:
        _approve(period, min(closed_at + timedelta(days=1), calendar.now))


def _approve(period: Period, now: datetime) -> None:
    try:
        approved = approve_period(period=period, actor=APPROVER, now=now)
    except NothingToSettle:
        return  # all that is left of the month is parked: it waits for a person
    for run in approved:
        issue_approved(run_id=run.id, partner_id=run.partner_id, now=now)
