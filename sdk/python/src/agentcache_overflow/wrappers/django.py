"""A Django cache backend with the overflow behind another one.

    CACHES = {
        "primary": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": …},
        "default": {
            "BACKEND": "agentcache_overflow.wrappers.django.OverflowCache",
            "LOCATION": "primary",
            "OPTIONS": {"api_key": …, "prefixes": ["llm:"]},
        },
    }

Django pickles values; what leaves the process is JSON, so values that are no JSON (and not bytes)
stay in the primary. A key's prefix and version are part of its name.
"""

import json
from collections.abc import Iterable
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from agentcache_overflow import repairs, writing
from agentcache_overflow.answer import Answer
from agentcache_overflow.client import AgentCacheOverflow
from agentcache_overflow.race import Primary
from agentcache_overflow.reading import Read
from agentcache_overflow.wire import Named

_ABSENT: Any = object()


class OverflowCache(BaseCache):  # type: ignore[misc]
    """`LOCATION` is the alias of the primary cache, `OPTIONS` are those of the client."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._alias = location
        self._overflow = client_of(params.get("OPTIONS", {}))
        self._core = self._overflow.core
        self._primary = Primary(self._core, "django")

    @property
    def overflow(self) -> AgentCacheOverflow:
        """The client, for its counts and its end."""
        return self._overflow

    @property
    def _cache(self) -> Any:
        return caches[self._alias]  # a connection per thread, as Django keeps them

    def _named(self, key: Any, version: Any) -> Named | None:
        made = self.make_key(str(key), version)
        if not writing.takes_part(self._core, str(key)):
            return None
        return self._core.wire.name(f"{self._alias}:{made}")

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        """The value, or `default`."""
        named, since = self._named(key, version), self._core.changes.now
        if named is None:
            return self._cache.get(key, default, version=version)

        def ask() -> Any:
            return self._cache.get(key, _ABSENT, version=version)

        found = Read(self._primary, named, ask, _present, _own).run()
        if not found.hit:
            return default
        if writing.may_repair(self._primary, named, found, since):
            self._core.later(lambda: self._mend(key, version, named, found, since))
        return found.response

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None
    ) -> None:
        """Set it in both."""
        named = self._named(key, version)
        if named is None:
            self._cache.set(key, value, timeout, version=version)
            return
        seconds = self._seconds(timeout)
        if not travels(value):
            self._purge([named])
            self._cache.set(key, value, timeout, version=version)
            return
        too_large = writing.is_too_large(self._core, value) and writing.can_divert(self._core)
        try:
            if not too_large:
                self._cache.set(key, value, timeout, version=version)
                writing.was_set(self._primary, named, value, seconds)
                return
        except Exception as error:
            if not writing.is_full(error) or not writing.can_divert(self._core):
                raise
        self._cache.delete(key, version=version)
        writing.was_diverted(self._primary, named, value, seconds)

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None
    ) -> bool:
        """Set it where the primary has none."""
        named = self._named(key, version)
        done = bool(self._cache.add(key, value, timeout, version=version))
        if done and named is not None:
            if travels(value):
                writing.was_set(self._primary, named, value, self._seconds(timeout))
            else:
                self._purge([named])
        return done

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Purge it, then give it another lifetime."""
        self._purge_key(key, version)
        return bool(self._cache.touch(key, timeout, version=version))

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> int:
        """Purge it, then increase it."""
        self._purge_key(key, version)
        return int(self._cache.incr(key, delta, version=version))

    def delete(self, key: Any, version: Any = None) -> bool:
        """Purge it, then delete it."""
        self._purge_key(key, version)
        return bool(self._cache.delete(key, version=version))

    def delete_many(self, keys: Iterable[Any], version: Any = None) -> None:
        """Purge them, then delete them."""
        keys = list(keys)
        names = [self._named(key, version) for key in keys]
        self._purge([named for named in names if named is not None])
        self._cache.delete_many(keys, version=version)

    def has_key(self, key: Any, version: Any = None) -> bool:
        """Whether either has it."""
        return self.get(key, _ABSENT, version=version) is not _ABSENT

    def clear(self) -> None:
        """Purge all that this client stored, then clear the primary."""
        self._primary.diverted.clear()
        self._core.purge_everything()
        self._cache.clear()

    def close(self, **_: Any) -> None:
        """At the end of a request: nothing; the client lives as long as the process."""

    def _seconds(self, timeout: Any) -> float | None:
        given = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if given is None else float(given)

    def _purge_key(self, key: Any, version: Any) -> None:
        named = self._named(key, version)
        if named is not None:
            self._purge([named])

    def _purge(self, names: list[Named]) -> None:
        for named in names:
            self._primary.diverted.pop(named.ident, None)
        if names:
            self._core.purge_keys(names)

    def _mend(self, key: Any, version: Any, named: Named, found: Answer, since: int) -> None:
        seconds, value = writing.seconds_left(found), found.response

        def write() -> Any:
            return self._cache.add(key, value, seconds, version=version)

        def remove() -> None:
            if self._cache.get(key, _ABSENT, version=version) == value:
                self._cache.delete(key, version=version)

        if seconds is None or seconds >= 1:
            repairs.repair(self._core, named, found, since, write, remove)


def travels(value: Any) -> bool:
    """Whether a value comes back from JSON as it was, or is bytes."""
    if value is None or isinstance(value, bytes):
        return value is not None
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError, RecursionError):
        return False


def _present(value: Any) -> bool:
    return value is not _ABSENT


def _own(_: BaseException) -> bool:
    return False


_clients: dict[str, AgentCacheOverflow] = {}


def client_of(options: dict[str, Any]) -> AgentCacheOverflow:
    """One client for the same options in every thread: Django makes a backend for each."""
    name = repr(sorted(options.items(), key=lambda item: item[0]))
    if name not in _clients:
        _clients[name] = AgentCacheOverflow(**options)
    return _clients[name]
