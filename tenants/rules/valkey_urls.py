"""URLs that name a Valkey Cluster: `valkey-cluster://:password@host:port,host:port`. Pure.

Any nodes of the cluster do, one at least: they say who the others are. `-cluster` may follow every
scheme (`valkeys-cluster://` is TLS). A cluster has one database, so the path is empty.
"""

from urllib.parse import urlsplit

PORT = 6379
_MARK = "-cluster"


def is_cluster(url: str) -> bool:
    """Whether it names nodes of a cluster and not one server."""
    return urlsplit(url).scheme.endswith(_MARK)


def nodes(url: str) -> tuple[str, ...]:
    """A URL of each server that is named, with the same login: one, where it is no cluster's.

    Raises ValueError, which never repeats the URL: it holds a password.
    """
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    if not parts.scheme.endswith(_MARK):
        if "," in hosts:
            raise ValueError(f"several nodes are {parts.scheme}{_MARK}://, not {parts.scheme}://")
        return (url,)
    if parts.path.strip("/"):
        raise ValueError("a Valkey Cluster has no numbered databases: leave the path empty")
    named = [one.strip() for one in hosts.split(",") if one.strip()]
    if not named:
        raise ValueError("a Valkey Cluster's URL names one of its nodes at least")
    scheme = _plain(parts.scheme.removesuffix(_MARK))
    return tuple(f"{scheme}://{login}{at}{one}/0" for one in named)


def _plain(scheme: str) -> str:
    """As every client knows it."""
    return {"valkey": "redis", "valkeys": "rediss"}.get(scheme, scheme)
