"""Every periodic job on one page."""

from typing import Any

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep runs": {"task": "billing.sweep_runs", "schedule": 60.0},
    "seal days": {"task": "cache_api.seal_days", "schedule": 300.0},
}
