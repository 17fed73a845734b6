"""Every periodic job on one page."""

from typing import Any

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {}
