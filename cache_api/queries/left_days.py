"""Days of usage whose events have left PostgreSQL, as the log has them (public schema)."""

from datetime import date

from cache_api.metering import store
from tenants.models import AuditEntry

DROPPED = "usage.day_dropped"


def left_days() -> dict[date, dict[str, str]]:
    """Day → its files with their SHA-256, of every day that left and is not back; oldest first."""
    kept = set(store.kept_days())
    rows = AuditEntry.objects.filter(verb=DROPPED).order_by("at", "id")
    noted = {date.fromisoformat(day): data["files"]
             for day, data in rows.values_list("target", "data")}  # fmt: skip
    return {day: noted[day] for day in sorted(noted) if day not in kept}
