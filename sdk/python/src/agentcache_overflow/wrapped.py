"""A cache of one's own, as any get, set and delete, with the overflow behind it."""

from collections.abc import Awaitable, Callable
from typing import Any

from agentcache_overflow import repairs, writing
from agentcache_overflow.answer import Answer, hit, miss
from agentcache_overflow.areading import AsyncRead
from agentcache_overflow.core import Core
from agentcache_overflow.race import PRIMARY, Primary
from agentcache_overflow.reading import Read
from agentcache_overflow.wire import Named
from agentcache_overflow.workers import in_thread

Key = str | bytes


def has(value: Any) -> bool:
    """None is a miss."""
    return value is not None


def nobodys(_: BaseException) -> bool:
    """No error of a plain function is known to be its caller's."""
    return False


class Wrapped:
    """`get(key)`, `set(key, value, ttl)` and `delete(key)` of a primary, None being a miss.

    `add(key, value, ttl)` sets only what is not there, and answers False otherwise. Without it
    read-repair asks first whether something is there.
    """

    def __init__(
        self,
        core: Core,
        *,
        get: Callable[[Any], Any],
        set: Callable[..., Any],
        delete: Callable[[Any], Any],
        add: Callable[..., Any] | None = None,
        name: str = "other",
        own: Callable[[BaseException], bool] = nobodys,
    ) -> None:
        self._core, self._get, self._set, self._delete = core, get, set, delete
        self._add, self._own = add, own
        self.primary = Primary(core, name)

    def get(self, key: Key) -> Any:
        """The value, or None."""
        return self.answer(key).response

    def answer(self, key: Key) -> Answer:
        """The value and who had it."""
        core = self._core
        if not writing.takes_part(core, key):
            value = self._get(key)
            return miss("") if value is None else hit(value, PRIMARY)
        named, since = core.wire.name(key), core.changes.now
        found = Read(self.primary, named, lambda: self._get(key), has, self._own).run()
        if found.hit and writing.may_repair(self.primary, named, found, since):
            core.later(lambda: self._repair(key, named, found, since))
        return found

    def set(self, key: Key, value: Any, ttl: float | None = None) -> Any:
        """Set it in both. `ttl` in seconds. The answer is the primary's, or True."""
        core = self._core
        if not writing.takes_part(core, key):
            return self._set(key, value, ttl)
        named = core.wire.name(key)
        if writing.is_too_large(core, value) and writing.can_divert(core):
            return self._divert(key, named, value, ttl)
        try:
            done = self._set(key, value, ttl)
        except Exception as error:
            if not writing.is_full(error) or not writing.can_divert(core):
                raise
            return self._divert(key, named, value, ttl)
        writing.was_set(self.primary, named, value, ttl)
        return done

    def delete(self, key: Key) -> Any:
        """Purge it, then delete it; the answer is the primary's."""
        if writing.takes_part(self._core, key):
            named = self._core.wire.name(key)
            self.primary.diverted.pop(named.ident, None)
            self._core.purge_keys([named])
        return self._delete(key)

    def _divert(self, key: Key, named: Named, value: Any, ttl: float | None) -> bool:
        self._core.purge_keys([named])  # no repair writes an older value meanwhile
        self._delete(key)
        writing.was_diverted(self.primary, named, value, ttl)
        return True

    def _repair(self, key: Key, named: Named, found: Answer, since: int) -> None:
        ttl, value = writing.seconds_left(found), found.response

        def write() -> bool:
            if self._add is not None:
                return self._add(key, value, ttl) is not False
            is_missing = self._get(key) is None
            if is_missing:
                self._set(key, value, ttl)
            return is_missing

        def remove() -> None:
            if self._get(key) == value:
                self._delete(key)

        if ttl is None or ttl >= 1:
            repairs.repair(self._core, named, found, since, write, remove)


class AsyncWrapped:
    """The same with coroutine functions."""

    def __init__(
        self,
        core: Core,
        *,
        get: Callable[[Any], Awaitable[Any]],
        set: Callable[..., Awaitable[Any]],
        delete: Callable[[Any], Awaitable[Any]],
        add: Callable[..., Awaitable[Any]] | None = None,
        name: str = "other",
        own: Callable[[BaseException], bool] = nobodys,
    ) -> None:
        self._core, self._get, self._set, self._delete = core, get, set, delete
        self._add, self._own = add, own
        self.primary = Primary(core, name)

    async def get(self, key: Key) -> Any:
        """The value, or None."""
        return (await self.answer(key)).response

    async def answer(self, key: Key) -> Answer:
        """The value and who had it."""
        core = self._core
        if not writing.takes_part(core, key):
            value = await self._get(key)
            return miss("") if value is None else hit(value, PRIMARY)
        named, since = core.wire.name(key), core.changes.now
        found = await AsyncRead(self.primary, named, lambda: self._get(key), has, self._own).run()
        if found.hit and writing.may_repair(self.primary, named, found, since):
            core.task(self._repair(key, named, found, since))
        return found

    async def set(self, key: Key, value: Any, ttl: float | None = None) -> Any:
        """Set it in both. `ttl` in seconds. The answer is the primary's, or True."""
        core = self._core
        if not writing.takes_part(core, key):
            return await self._set(key, value, ttl)
        named = core.wire.name(key)
        if writing.is_too_large(core, value) and writing.can_divert(core):
            return await self._divert(key, named, value, ttl)
        try:
            done = await self._set(key, value, ttl)
        except Exception as error:
            if not writing.is_full(error) or not writing.can_divert(core):
                raise
            return await self._divert(key, named, value, ttl)
        writing.was_set(self.primary, named, value, ttl)
        return done

    async def delete(self, key: Key) -> Any:
        """Purge it, then delete it; the answer is the primary's."""
        core = self._core
        if writing.takes_part(core, key):
            named = core.wire.name(key)
            self.primary.diverted.pop(named.ident, None)
            await in_thread(core.primaries, lambda: core.purge_keys([named]))
        return await self._delete(key)

    async def _divert(self, key: Key, named: Named, value: Any, ttl: float | None) -> bool:
        core = self._core
        await in_thread(core.primaries, lambda: core.purge_keys([named]))
        await self._delete(key)
        writing.was_diverted(self.primary, named, value, ttl)
        return True

    async def _repair(self, key: Key, named: Named, found: Answer, since: int) -> None:
        ttl, value = writing.seconds_left(found), found.response

        async def write() -> bool:
            if self._add is not None:
                return await self._add(key, value, ttl) is not False
            is_missing = await self._get(key) is None
            if is_missing:
                await self._set(key, value, ttl)
            return is_missing

        async def remove() -> None:
            if await self._get(key) == value:
                await self._delete(key)

        if ttl is None or ttl >= 1:
            await repairs.arepair(self._core, named, found, since, write, remove)
