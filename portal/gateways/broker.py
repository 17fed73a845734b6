"""The job broker as people want to know it: how many jobs wait, and for how long. Reads only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis
from amqp.exceptions import AMQPError
from kombu import Connection

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


def is_rabbitmq(url: str) -> bool:
    """Whether jobs travel by AMQP; else by Valkey."""
    return url.startswith(("amqp://", "amqps://"))


def options(url: str) -> dict[str, Any]:
    """How long Celery waits for its broker, in the words of each."""
    if is_rabbitmq(url):
        return {"connect_timeout": 1.0, "read_timeout": 5.0, "write_timeout": 1.0}
    return {"socket_timeout": 1.0, "socket_connect_timeout": 1.0, "visibility_timeout": 3600}


def queue(url: str) -> Queue:
    """Ask the broker; half a second at most. One that does not answer is not `is_up`.

    RabbitMQ tells how many jobs wait; what is taken and how old they are it keeps to itself.
    """
    if is_rabbitmq(url):
        return _rabbitmq(url)
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


def _rabbitmq(url: str) -> Queue:
    given = {"read_timeout": PATIENCE_S, "write_timeout": PATIENCE_S}
    try:
        with Connection(url, connect_timeout=PATIENCE_S, transport_options=given) as broker:
            broker.connect()
            try:
                told = broker.default_channel.queue_declare(QUEUE, passive=True)
            except broker.channel_errors:
                return Queue(True)  # nothing was ever queued
    except (OSError, ValueError, AMQPError):
        return Queue(False)
    return Queue(True, int(told.message_count))


def _oldest(raw: bytes | None) -> tuple[datetime | None, str]:
    try:
        headers = json.loads(raw or b"{}").get("headers", {})
        at = datetime.fromisoformat(headers[QUEUED_AT])
    except (ValueError, KeyError, TypeError):
        return None, ""
    return at.astimezone(UTC), str(headers.get("task", ""))
