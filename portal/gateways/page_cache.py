"""Django's cache in the `cache` Valkey or its cluster; while that is away, in each process.

Besides what pages remember, it holds how often somebody tried to sign in, and one-time codes that
were used. So people go on signing in without it, and each process goes on counting by itself.
Single keys, which is all that pages ask for.
"""

import logging
import time
from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisClusterException, RedisError

from tenants.gateways import valkeys
from tenants.rules.valkey_urls import is_cluster

log = logging.getLogger(__name__)
# So long nobody asks again: a server that is silent costs each request its timeout.
AWAY_S = 1.0
_OWN = {"MAX_ENTRIES": 10_000}


class PageCache(RedisCache):
    """The backend; LOCATION is the server's or the cluster's URL."""

    asked_again_at_s = float("-inf")  # of this process, monotonic

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__([server], params)  # the commas of a cluster's URL are no list of replicas
        self._class = _ClusterClient if is_cluster(server) else RedisCacheClient
        self.own = LocMemCache("away", {**params, "OPTIONS": _OWN})


class _ClusterClient(RedisCacheClient):
    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(servers)
        (self._url,), self._options = servers, options

    @cached_property
    def _cluster(self) -> valkeys.Client:
        return valkeys.client(self._url, **self._options)

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """Django: the client for a key."""
        return self._cluster


def _of_whom_is_there(name: str) -> Callable[..., Any]:
    there, own = getattr(RedisCache, name), getattr(LocMemCache, name)

    @wraps(there)
    def ask(self: PageCache, *given: Any, **named: Any) -> Any:
        if time.monotonic() >= PageCache.asked_again_at_s:
            try:
                return there(self, *given, **named)
            except (RedisError, RedisClusterException) as error:
                PageCache.asked_again_at_s = time.monotonic() + AWAY_S
                log.warning("the cache is away, this process remembers by itself: %s", error)
        return own(self.own, *given, **named)

    return ask


for _name in ("add", "get", "set", "touch", "delete", "has_key", "incr"):
    setattr(PageCache, _name, _of_whom_is_there(_name))
