"""The job broker as people want to know it: how many jobs wait, and for how long. Reads only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis

PATIENCE_S = 0.5
QUEUE, UNDER_WAY = "celery", "unacked"
QUEUED_AT = "queued_at"  # a header of ours: when a job was published, ISO


@dataclass(frozen=True)
class Queue:
    """`waiting` jobs, the oldest since `oldest_at` (None: none waits); `under_way` are taken."""

    is_up: bool
    waiting: int = 0
    under_way: int = 0
    oldest_at: datetime | None = None
    oldest_task: str = ""


def queue(url: str) -> Queue:
    """Ask the broker; half a second at most. One that does not answer is not `is_up`."""
    try:
        with redis.Redis.from_url(
            url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S
        ) as client:
            asked: Any = client.pipeline(transaction=False)
            asked.llen(QUEUE).hlen(UNDER_WAY).lindex(QUEUE, -1)  # workers take from the right
            waiting, under_way, oldest = asked.execute()
    except (redis.RedisError, ValueError):
        return Queue(False)
    return Queue(True, waiting, under_way, *_oldest(oldest))


def _oldest(raw: bytes | None) -> tuple[datetime | None, str]:
    try:
        headers = json.loads(raw or b"{}").get("headers", {})
        at = datetime.fromisoformat(headers[QUEUED_AT])
    except (ValueError, KeyError, TypeError):
        return None, ""
    return at.astimezone(UTC), str(headers.get("task", ""))
