"""Every periodic job on one page."""

from typing import Any

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep runs": {"task": "billing.sweep_runs", "schedule": 60.0},
    "mail documents": {"task": "billing.deliver_documents", "schedule": 60.0},
    "remind of overdue invoices": {"task": "billing.send_reminders", "schedule": 3600.0},
    "accept statements by silence": {"task": "billing.accept_silent", "schedule": 3600.0},
}
