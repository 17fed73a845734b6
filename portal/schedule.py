"""Every periodic job on one page."""

from typing import Any

from celery.schedules import crontab

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep runs": {"task": "billing.sweep_runs", "schedule": 60.0},
    "check every equation": {"task": "billing.reconcile", "schedule": crontab(minute="40")},
    # From the second day of a month on, so that its last hours are recorded; daily, so that a
    # machine that was away catches up.
    "settle the month": {
        "task": "billing.settle_due",
        "schedule": crontab(minute="10", hour="3", day_of_month="2-31"),
    },
    "notice late usage": {
        "task": "billing.adjust_due",
        "schedule": crontab(minute="40", hour="3"),
    },
}
