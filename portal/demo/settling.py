"""The demo's months, settled with the real runs: earlier ones issued, the last one in review."""

from datetime import datetime, timedelta

from billing.actions.open_runs import settle_period
from billing.actions.review import approve_period
from billing.actions.settle import issue_approved, settle_run
from billing.models import SettlementRun
from billing.rules.errors import BillingError
from billing.rules.periods import Period, add_months, month_of
from portal.demo.paying import pay_month
from portal.demo.steps import APPROVER, MONTHS, PREPARER, Calendar


def settle_months(*, calendar: Calendar) -> int:
    """Settle thirteen months in order; returns the runs now issued or waiting.

    Each month is closed on the 2nd and approved on the 3rd of the next one; what it issued is paid
    within four weeks. Safe to repeat: issued months refuse to be settled again, a payment is known
    by its bank line, a statement is claimed by one payout, and the last month's runs are there.
    """
    for back in range(MONTHS, 0, -1):
        period = month_of(add_months(calendar.this_month, -back))
        _close(period, calendar, approve=back > 1)
        pay_month(period, calendar, all_of_it=back > 2)
    return SettlementRun.objects.exclude(submitted_at=None).count()


def _close(period: Period, calendar: Calendar, *, approve: bool) -> None:
    closed_at = min(period.end + timedelta(days=1, hours=9), calendar.now)
    try:
        opened = settle_period(period=period, actor=PREPARER, now=closed_at)
    except BillingError:
        return  # every agreement of the month is issued already
    for run in opened.runs:
        settle_run(run_id=run.id, partner_id=run.partner_id, now=closed_at)
    if approve:
        _approve(period, min(closed_at + timedelta(days=1), calendar.now))


def _approve(period: Period, now: datetime) -> None:
    for run in approve_period(period=period, actor=APPROVER, now=now):
        issue_approved(run_id=run.id, partner_id=run.partner_id, now=now)
