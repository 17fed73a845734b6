"""Django's cache in a Valkey Cluster: single keys, which is all that pages ask for."""

from functools import cached_property
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient

from tenants.gateways import valkeys


class ClusterCache(RedisCache):
    """The backend; LOCATION is the cluster's URL."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__([server], params)  # the commas of its URL are no list of replicas
        self._class = _ClusterClient


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
