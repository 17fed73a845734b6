"""Every periodic job on one page."""

from typing import Any

from celery.schedules import crontab

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep runs": {"task": "billing.sweep_runs", "schedule": 60.0},
    "seal days": {"task": "cache_api.seal_days", "schedule": 300.0},
    "forget old hours": {
        "task": "cache_api.forget_hours",
        "schedule": crontab(minute="5", hour="4"),
    },
    "check every equation": {"task": "billing.reconcile", "schedule": crontab(minute="40")},
    "announce renewals": {
        "task": "billing.renewal_notices",
        "schedule": crontab(minute="20", hour="6"),
    },
    # From the second day of a month on, so that its last hours are recorded; daily, so that a
    # machine that was away catches up.
    "settle the month": {
        "task": "billing.settle_due",
        "schedule": crontab(minute="10", hour="3", day_of_month="2-31"),
    },
    "mail documents": {"task": "billing.deliver_documents", "schedule": 60.0},
    "remind of overdue invoices": {"task": "billing.send_reminders", "schedule": 3600.0},
    "seal the journal": {"task": "billing.seal_journal", "schedule": 900.0},
    "seal final rows": {"task": "billing.seal_ledgers", "schedule": 900.0},
    "accept statements by silence": {"task": "billing.accept_silent", "schedule": 3600.0},
    "notice late usage": {
        "task": "billing.adjust_due",
        "schedule": crontab(minute="40", hour="3"),
    },
    "sweep stripe": {"task": "billing.sweep_stripe", "schedule": 30.0},
    "look at domains": {"task": "tenants.sweep_domains", "schedule": 20.0},
    "end looks at customers' portals": {"task": "portal.close_overlays", "schedule": 300.0},
    "end looks of support": {"task": "tenants.close_looks", "schedule": 300.0},
    "publish hosts": {"task": "tenants.publish_hosts", "schedule": 20.0},
    "write holding pages": {"task": "tenants.write_holding_pages", "schedule": 60.0},
    "tell of domains": {"task": "tenants.tell_partners", "schedule": 60.0},
    "reconcile stripe": {"task": "billing.reconcile_stripe", "schedule": 24 * 3600.0},
    "tell of events by webhook": {
        "task": "portal.sweep_hooks",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "mail about webhooks and alerts": {"task": "portal.mail_notices", "schedule": 60.0},
    "watch alerts": {"task": "portal.watch_alerts", "schedule": 300.0},
    "estimate the running month": {
        "task": "portal.estimate_months",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    # Early in a month's first hour, then for whom a machine was away.
    "begin plans": {"task": "portal.begin_plans", "schedule": 300.0},
    "forget old sign-ins": {
        "task": "portal.forget_sign_ins",
        "schedule": crontab(minute="55", hour="4"),
    },
    "forget old deliveries": {
        "task": "portal.forget_hooks",
        "schedule": crontab(minute="50", hour="4"),
    },
}
