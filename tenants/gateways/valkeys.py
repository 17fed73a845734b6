"""redis-py's client of a Valkey by URL: of one server, or of a cluster."""

from typing import Any

import redis
from redis.cluster import ClusterNode, RedisCluster

from tenants.rules.valkey_urls import is_cluster, nodes

Client = redis.Redis | RedisCluster


def client(url: str, **options: Any) -> Client:
    """A client; one of a cluster asks it for its nodes at once. Raises ValueError, RedisError."""
    first, *others = nodes(url)
    if not is_cluster(url):
        return redis.Redis.from_url(url, **options)
    named = [redis.Redis.from_url(one).connection_pool.connection_kwargs for one in others]
    more = [ClusterNode(one["host"], one.get("port", 6379)) for one in named]
    try:  # a node that is away is the others' no harm
        return RedisCluster.from_url(
            first, startup_nodes=more, require_full_coverage=False, **options
        )
    except redis.exceptions.RedisClusterException as error:  # which is no RedisError
        raise redis.ConnectionError(str(error)) from error
