"""The hosts we serve, as one value in the events Valkey: what `ask` reads without a database."""

import json
from collections.abc import Iterable

import redis

KEY = "tls:hosts"
# There while the worker writes the list, each twenty seconds: gone when no job runs any more.
JOBS_RUN, JOBS_SILENT_S = "jobs:run", 120
_TIMEOUT_S = 0.5


class HostsUnavailable(OSError):
    """The server did not answer, or holds no list."""


class ServedHosts:
    """The list in one server. Every failure is HostsUnavailable."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
        )

    def write(self, hosts: Iterable[str]) -> None:
        """Replace the list, and say that jobs run. Safe to repeat."""
        try:
            self._client.set(KEY, json.dumps(sorted(hosts)))
            self._client.set(JOBS_RUN, 1, ex=JOBS_SILENT_S)
        except redis.RedisError as error:
            raise HostsUnavailable(str(error)) from error

    def read(self) -> frozenset[str]:
        """The list as it was last written."""
        try:
            found = self._client.get(KEY)
        except redis.RedisError as error:
            raise HostsUnavailable(str(error)) from error
        if found is None:
            raise HostsUnavailable("no list of hosts has been written")
        return frozenset(json.loads(found))
