"""The durable usage stream, read side: only the recorder uses it.

Failures of the server (away, restarting, too slow) are EventsUnavailable: wait and try again.
"""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis

from cache_api.rules import tally
from cache_api.rules.events import FIELD, MOST_SHARDS, stream_of

DATASET_KEY = "usage:dataset"
HEARTBEATS_KEY = "usage:heartbeats"
_PARTS = 8


class EventsUnavailable(Exception):
    """The events Valkey did not answer as it should; nothing was changed by the failed call."""


@dataclass(frozen=True)
class Page:
    """Events after a position, oldest first: (stream id, bytes of a field `e` or None).

    Events that were appended together share one id and are never split between pages.
    """

    dataset_id: str
    entries: list[tuple[str, bytes | None]]
    more: bool


@dataclass(frozen=True)
class Heartbeat:
    """What one metering process last said of itself; every number up to last_seq is durable."""

    boot_id: uuid.UUID
    last_seq: int
    spool_bytes: int
    unmetered: int
    seen_at_ms: int


class EventStream:
    """One events Valkey. Calls block for at most `timeout_s`; safe to use from two threads."""

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        self._client = redis.Redis.from_url(
            url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s
        )

    def read_after(self, stream: str, last_id: str, limit: int) -> Page:
        """About `limit` events after `last_id`, with the id of the data set they belong to."""
        found: list[tuple[str, bytes | None]] = []
        more = True
        with _named():
            # In parts, since an entry may hold many events.
            part = max(1, limit // _PARTS)
            while more and len(found) < limit:
                dataset, raw = self._pipelined(
                    ("GET", DATASET_KEY), ("XRANGE", stream, f"({last_id}", "+", "COUNT", part)
                )
                more = len(raw) == part
                for entry_id, fields in raw:
                    last_id = entry_id.decode()
                    found += [(last_id, payload) for payload in _payloads(fields)]
            if dataset is None:
                # Made by whoever looks first: a server that lost its data gets another one.
                self._client.set(DATASET_KEY, uuid.uuid4().hex, nx=True)
                dataset = self._client.get(DATASET_KEY)
        return Page(dataset.decode(), found, more)

    def dataset_id(self) -> str:
        """The id of this server's data, "" as long as it has none."""
        with _named():
            (found,) = self._pipelined(("GET", DATASET_KEY))
        return (found or b"").decode()

    def trim_through(self, stream: str, last_id: str) -> int:
        """Drop everything up to and including `last_id`; how many entries that were."""
        milliseconds, _, number = last_id.partition("-")
        with _named():
            return int(
                self._client.xtrim(
                    stream, minid=f"{milliseconds}-{int(number) + 1}", approximate=False
                )
            )

    def add_up(self, counts: Mapping[str, int]) -> None:
        """Add to the counters that monitoring reads (`rules.tally`)."""
        with _named():
            if counts:
                self._pipelined(*[("HINCRBY", tally.KEY, *one) for one in counts.items()])

    def length(self, stream: str) -> int:
        """Entries waiting."""
        with _named():
            return int(self._client.xlen(stream))

    def shards(self) -> list[str]:
        """The usage streams that are here: whoever meters makes them (`USAGE_SHARDS`)."""
        names = [stream_of(shard) for shard in range(MOST_SHARDS)]
        with _named():
            there = self._pipelined(*[("EXISTS", name) for name in names])
        return [name for name, is_there in zip(names, there, strict=True) if is_there]

    def last_ids(self, streams: Sequence[str]) -> dict[str, str]:
        """The last entry's id of each stream that has any."""
        asked = [("XREVRANGE", name, "+", "-", "COUNT", 1) for name in streams]
        with _named():
            found = self._pipelined(*asked) if asked else []
        return {
            name: last[0][0].decode() for name, last in zip(streams, found, strict=True) if last
        }

    def heartbeats(self) -> list[Heartbeat]:
        """The last word of every metering process. Unreadable ones are left out."""
        with _named():
            raw = self._client.hvals(HEARTBEATS_KEY)
        return [beat for beat in map(_heartbeat, raw) if beat is not None]

    def forget_heartbeats(self, boot_ids: list[uuid.UUID]) -> None:
        """Remove processes that have long been silent; their last word is in Postgres."""
        with _named():
            if boot_ids:
                self._client.hdel(HEARTBEATS_KEY, *[boot_id.hex for boot_id in boot_ids])

    def _pipelined(self, *commands: tuple[str | int, ...]) -> list[Any]:
        # Below redis-py's own reply parsing, which would cost more than decoding the events.
        pool = self._client.connection_pool
        connection = pool.get_connection()
        try:
            connection.send_packed_command(connection.pack_commands(commands))
            return [connection.read_response() for _ in commands]
        except BaseException:
            connection.disconnect()
            raise
        finally:
            pool.release(connection)


def _payloads(fields: list[bytes]) -> list[bytes | None]:
    """The events of one entry; None for an entry without any."""
    if len(fields) == 2 and fields[0] == FIELD:
        return [fields[1]]
    pairs = zip(fields[::2], fields[1::2], strict=False)
    return [value for name, value in pairs if name == FIELD] or [None]


def _heartbeat(raw: bytes | str) -> Heartbeat | None:
    try:
        said = json.loads(raw)
        return Heartbeat(
            uuid.UUID(said["boot_id"]),
            int(said["last_seq"]),
            int(said.get("spool_bytes", 0)),
            int(said.get("unmetered", 0)),
            int(said["seen_at_ms"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise EventsUnavailable(f"events Valkey: {error}") from error
