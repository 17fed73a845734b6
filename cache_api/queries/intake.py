"""What has been answered but not recorded yet, as far as Postgres has been told."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cache_api.metering.models import EdgeHeartbeat


@dataclass(frozen=True)
class Spooled:
    """One process that holds usage back on its own disk."""

    boot_id: UUID
    waiting_bytes: int
    seen_at: datetime


def spooled() -> list[Spooled]:
    """Processes whose last word was that events wait in their spool, oldest word first."""
    rows = EdgeHeartbeat.objects.filter(spool_bytes__gt=0).order_by("seen_at")
    return [Spooled(row.boot_id, row.spool_bytes, row.seen_at) for row in rows]
