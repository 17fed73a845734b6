"""Every periodic job on one page."""

from typing import Any

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep runs": {"task": "billing.sweep_runs", "schedule": 60.0},
}
