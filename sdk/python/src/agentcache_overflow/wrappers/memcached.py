"""pymemcache and aiomcache clients with the overflow behind them.

`OverflowMemcached(client, overflow)` has the client's methods. Values travel as the client
serialises them, its flags beside; what it pickles stays at home: unpickling what another machine
sent would run its code.
"""

import base64
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

from agentcache_overflow import repairs, writing
from agentcache_overflow.answer import Answer
from agentcache_overflow.client import AgentCacheOverflow
from agentcache_overflow.race import Primary
from agentcache_overflow.reading import Read
from agentcache_overflow.reading_many import ReadMany
from agentcache_overflow.text import as_bytes
from agentcache_overflow.wire import Named

MOST_BYTES = 1_000_000  # Memcached's own limit is 1 MiB with the key and its head
ABSOLUTE_S = 30 * 86_400  # beyond, a lifetime is an instant
FLAGGED = "application/octet-stream; flags="
PICKLED = 1
ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "<absent>"})()


def lifetime(expire: Any) -> float | None:
    """Seconds of Memcached's `expire`; None where it has none."""
    if not expire:
        return None
    return expire - time.time() if expire > ABSOLUTE_S else float(expire)


class Door:
    """What both wrappers share: keys, values, what is too large."""

    def __init__(self, overflow: Any, client: Any, name: str) -> None:
        self.core = overflow.core
        self.primary = Primary(self.core, name)
        given = getattr(client, "default_kwargs", {})
        prefix = getattr(client, "key_prefix", None) or given.get("key_prefix", b"")
        self._prefix = prefix.encode() if isinstance(prefix, str) else prefix
        self._serde = getattr(client, "serde", None) or given.get("serde")

    def named(self, key: Any) -> Named | None:
        """None for a key that does not take part."""
        raw = self._prefix + (key if isinstance(key, bytes) else str(key).encode())
        return self.core.wire.name(raw) if writing.takes_part(self.core, raw) else None

    def sealed(self, key: Any, value: Any) -> Any:
        """A value as it is stored, or ABSENT for what is not."""
        flags = 0
        if self._serde is not None:
            value, flags = self._serde.serialize(key, value)
            if flags & PICKLED and type(self._serde).__module__.startswith("pymemcache"):
                return ABSENT
        raw = as_bytes(str(value) if isinstance(value, int) else value)
        if not flags:
            return raw
        data = base64.b64encode(raw).decode()
        return {"content_type": f"{FLAGGED}{flags}", "encoding": "base64", "data": data}

    def opened(self, key: Any, found: Answer, default: Any) -> Any:
        """A value as this client gives it."""
        if not found.hit:
            return default
        if found.answered_by == "primary":
            return found.response
        flags, raw = 0, found.response
        if isinstance(raw, dict) and str(raw.get("content_type", "")).startswith(FLAGGED):
            flags = int(raw["content_type"].removeprefix(FLAGGED))
            raw = base64.b64decode(raw["data"])
        raw = as_bytes(raw)
        return raw if self._serde is None else self._serde.deserialize(key, raw, flags)

    def is_too_large(self, sealed: Any) -> bool:
        """Whether it stays out of the primary."""
        if sealed is ABSENT or not writing.can_divert(self.core):
            return False
        most = self.core.options.max_primary_bytes
        size = len(sealed["data"]) * 3 // 4 if isinstance(sealed, dict) else len(sealed)
        return bool(size > (MOST_BYTES if most is None else most))

    def was_set(self, named: Named, sealed: Any, expire: Any) -> None:
        """The primary has it."""
        if sealed is ABSENT:
            self.primary.diverted.pop(named.ident, None)
            self.core.purge_keys([named])
        else:
            writing.was_set(self.primary, named, sealed, lifetime(expire))

    def purge(self, keys: Iterable[Any]) -> None:
        """Before the primary does it."""
        names = [named for named in map(self.named, keys) if named is not None]
        for named in names:
            self.primary.diverted.pop(named.ident, None)
        if names:
            self.core.purge_keys(names)

    def purge_all(self) -> None:
        """The same for all."""
        self.primary.diverted.clear()
        self.core.purge_everything()

    def diverts(self, error: Exception) -> bool:
        """Whether a refusal is for want of room, and the overflow has some."""
        return writing.is_full(error) and writing.can_divert(self.core)


def own(error: BaseException) -> bool:
    """Whether an error is about the caller's own command."""
    return type(error).__name__ in ("MemcacheIllegalInputError", "MemcacheClientError", "TypeError")


def present(value: Any) -> bool:
    """Whether it is a value."""
    return value is not ABSENT


class OverflowMemcached:
    """Any client with pymemcache's methods (`Client`, `PooledClient`, `HashClient`)."""

    def __init__(self, client: Any, overflow: AgentCacheOverflow, name: str = "memcached") -> None:
        self._client, self._door = client, Door(overflow, client, name)
        # A plain Client has one connection: a call that is overtaken must end before the next.
        single = type(client).__name__ == "Client"
        self._alone: Any = threading.Lock() if single else nullcontext()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get(self, key: Any, default: Any = None) -> Any:
        """The value, or `default`."""
        door = self._door
        named, since = door.named(key), door.core.changes.now
        if named is None:
            return self._call("get", key, default)
        ask: Callable[[], Any] = lambda: self._call("get", key, ABSENT)  # noqa: E731
        found = Read(door.primary, named, ask, present, own).run()
        value = door.opened(key, found, default)
        self._mend(key, value, named, found, since)
        return value

    def get_many(self, keys: Iterable[Any]) -> dict[Any, Any]:
        """The values that there are, by key."""
        door, keys = self._door, list(keys)
        names, since = [door.named(key) for key in keys], door.core.changes.now

        def ask() -> list[Any]:
            told = self._call("get_many", keys)
            return [told.get(key) for key in keys]

        if not any(names):
            return dict(self._call("get_many", keys))
        values = {}
        many = ReadMany(door.primary, names, ask, own).run()
        for key, named, found in zip(keys, names, many, strict=True):
            if found.hit:
                values[key] = door.opened(key, found, None)
            if named is not None:
                self._mend(key, values.get(key), named, found, since)
        return values

    get_multi = get_many

    def set(self, key: Any, value: Any, expire: int = 0, *args: Any, **more: Any) -> Any:
        """Set it in both."""
        door = self._door
        named = door.named(key)
        if named is None:
            return self._call("set", key, value, expire, *args, **more)
        sealed = door.sealed(key, value)
        if door.is_too_large(sealed):
            return self._divert(key, named, sealed, expire)
        try:
            done = self._call("set", key, value, expire, *args, **more)
        except Exception as error:
            if sealed is ABSENT or not door.diverts(error):
                raise
            return self._divert(key, named, sealed, expire)
        if done is not False:
            door.was_set(named, sealed, expire)
        return done

    def set_many(self, values: dict[Any, Any], expire: int = 0, *args: Any, **more: Any) -> Any:
        """Set them in both; what the primary failed on comes back as it tells."""
        failed = []
        for key, value in values.items():
            if self.set(key, value, expire, *args, **more) is False:
                failed.append(key)
        return failed

    set_multi = set_many

    def add(self, key: Any, value: Any, *args: Any, **more: Any) -> Any:
        """Set it where there is none; purged, as the primary may not tell what it did."""
        return self._taking("add", [key], key, value, *args, **more)

    def replace(self, key: Any, *args: Any, **more: Any) -> Any:
        """As `add`."""
        return self._taking("replace", [key], key, *args, **more)

    def cas(self, key: Any, *args: Any, **more: Any) -> Any:
        """As `add`."""
        return self._taking("cas", [key], key, *args, **more)

    def append(self, key: Any, *args: Any, **more: Any) -> Any:
        """Purge, then append."""
        return self._taking("append", [key], key, *args, **more)

    def prepend(self, key: Any, *args: Any, **more: Any) -> Any:
        """Purge, then prepend."""
        return self._taking("prepend", [key], key, *args, **more)

    def incr(self, key: Any, *args: Any, **more: Any) -> Any:
        """Purge, then increase."""
        return self._taking("incr", [key], key, *args, **more)

    def decr(self, key: Any, *args: Any, **more: Any) -> Any:
        """Purge, then decrease."""
        return self._taking("decr", [key], key, *args, **more)

    def touch(self, key: Any, *args: Any, **more: Any) -> Any:
        """Purge, then give it another lifetime."""
        return self._taking("touch", [key], key, *args, **more)

    def delete(self, key: Any, *args: Any, **more: Any) -> Any:
        """Purge it, then delete it."""
        return self._taking("delete", [key], key, *args, **more)

    def delete_many(self, keys: Iterable[Any], *args: Any, **more: Any) -> Any:
        """Purge them, then delete them."""
        keys = list(keys)
        return self._taking("delete_many", keys, keys, *args, **more)

    delete_multi = delete_many

    def flush_all(self, *args: Any, **more: Any) -> Any:
        """Purge all that this client stored, then flush."""
        self._door.purge_all()
        return self._call("flush_all", *args, **more)

    def _taking(self, name: str, keys: list[Any], *args: Any, **more: Any) -> Any:
        self._door.purge(keys)
        return self._call(name, *args, **more)

    def _divert(self, key: Any, named: Named, sealed: Any, expire: Any) -> bool:
        self._door.core.purge_keys([named])
        self._call("delete", key, False)
        writing.was_diverted(self._door.primary, named, sealed, lifetime(expire))
        return True

    def _mend(self, key: Any, value: Any, named: Named, found: Answer, since: int) -> None:
        door = self._door
        if not found.hit or not writing.may_repair(door.primary, named, found, since):
            return
        seconds, core = writing.seconds_left(found), door.core
        if seconds is not None and seconds < 1:
            return

        def write() -> Any:
            return self._call("add", key, value, seconds or 0, False)

        def remove() -> None:
            if self._call("get", key) == value:
                self._call("delete", key, False)

        core.later(lambda: repairs.repair(core, named, found, since, write, remove))

    def _call(self, name: str, *args: Any, **more: Any) -> Any:
        with self._alone:
            return getattr(self._client, name)(*args, **more)
