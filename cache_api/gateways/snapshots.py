"""Writes the control-plane snapshot for the edge: small JSON values in the events Valkey."""

import json
from collections.abc import Mapping

import redis

from cache_api.gateways.stream import EventsUnavailable

# Gone when the server was replaced or emptied: then everything is written again.
MARKER = "snap:complete"
_PER_CALL = 1000


class SnapshotStore:
    """Writes snapshot keys. Every failure of the server is EventsUnavailable."""

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        self._client = redis.Redis.from_url(
            url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s
        )

    def write(self, values: Mapping[str, str]) -> None:
        """Set all keys, a thousand a call. Safe to repeat."""
        pairs = list(values.items())
        try:
            for start in range(0, len(pairs), _PER_CALL):
                self._client.mset(dict(pairs[start : start + _PER_CALL]))
        except redis.RedisError as error:
            raise EventsUnavailable(f"snapshot not written: {error}") from error

    def remove(self, keys: list[str]) -> None:
        """Delete keys, absent ones included."""
        try:
            if keys:
                self._client.delete(*keys)
        except redis.RedisError as error:
            raise EventsUnavailable(f"snapshot not removed: {error}") from error

    def owner_of(self, key_id: str) -> str:
        """The slug of the partner whose key it is; "" for a key that is not known here."""
        try:
            raw = self._client.get(f"snap:key:{key_id}")
            partner_id = json.loads(raw)["partner_id"] if raw else ""
            fact = self._client.get(f"snap:partner:{partner_id}")
        except redis.RedisError as error:
            raise EventsUnavailable(f"snapshot not readable: {error}") from error
        return str(json.loads(fact)["slug"]) if fact else ""

    def is_complete(self) -> bool:
        """Whether this server holds a whole snapshot."""
        try:
            return bool(self._client.exists(MARKER))
        except redis.RedisError as error:
            raise EventsUnavailable(f"snapshot not readable: {error}") from error
