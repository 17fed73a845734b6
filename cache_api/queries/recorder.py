"""How the recorder is doing, as far as Postgres was told (any scope that reads metering)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Count, Max, Min, Sum

from cache_api.metering.models import (
    ChannelDay,
    DeadLetter,
    EdgeHeartbeat,
    RecorderBatch,
    StreamPosition,
)


@dataclass(frozen=True)
class Recorded:
    """`heard_at`: when the last heartbeat that it copied was made; `last_at`: its last batch.

    `dead` events wait in the dead letters, the oldest since `dead_since`.
    """

    heard_at: datetime | None
    last_at: datetime | None
    last_events: int
    dead: int
    dead_since: datetime | None
    streams: tuple[StreamPosition, ...]


def recorded() -> Recorded:
    """Four queries, none of which reads events."""
    batch = RecorderBatch.objects.order_by("-id").first()
    dead = DeadLetter.objects.filter(resolved_at=None).aggregate(n=Count("id"), at=Min("at"))
    return Recorded(
        heard_at=EdgeHeartbeat.objects.aggregate(at=Max("seen_at"))["at"],
        last_at=batch.at if batch else None,
        last_events=batch.events if batch else 0,
        dead=dead["n"],
        dead_since=dead["at"],
        streams=tuple(StreamPosition.objects.order_by("-updated_at")[:20]),
    )


def recorded_today(now: datetime) -> list[tuple[str, int]]:
    """Outcome → live requests of all partners since the UTC day began. One query."""
    rows = ChannelDay.objects.filter(day=now.astimezone(UTC).date(), livemode=True)
    return list(rows.values_list("outcome").annotate(n=Sum("quantity")).order_by("outcome"))
