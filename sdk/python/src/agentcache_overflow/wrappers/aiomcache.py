"""An aiomcache client with the overflow behind it."""

from typing import Any

from agentcache_overflow import repairs, writing
from agentcache_overflow.aclient import AsyncAgentCacheOverflow
from agentcache_overflow.answer import Answer
from agentcache_overflow.areading import AsyncRead
from agentcache_overflow.wire import Named
from agentcache_overflow.workers import in_thread
from agentcache_overflow.wrapped import has
from agentcache_overflow.wrappers.memcached import Door, lifetime

_TAKING = ("add", "replace", "cas", "append", "prepend", "incr", "decr", "touch", "delete")


class OverflowAiomcache:
    """`OverflowAiomcache(client, overflow)` has the methods of `aiomcache.Client`."""

    def __init__(self, client: Any, overflow: AsyncAgentCacheOverflow) -> None:
        self._client, self._door = client, Door(overflow, client, "memcached")

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name not in _TAKING:
            return call

        async def taking(key: bytes, *args: Any, **more: Any) -> Any:
            await in_thread(self._door.core.primaries, lambda: self._door.purge([key]))
            return await call(key, *args, **more)

        return taking

    async def get(self, key: bytes, default: Any = None) -> Any:
        """The value, or `default`."""
        door = self._door
        named, since = door.named(key), door.core.changes.now
        if named is None:
            return await self._client.get(key, default)
        found = await AsyncRead(door.primary, named, lambda: self._client.get(key), has, _own).run()
        value = door.opened(key, found, default)
        if found.hit and writing.may_repair(door.primary, named, found, since):
            door.core.task(self._mend(key, value, named, found, since))
        return value

    async def multi_get(self, *keys: bytes) -> tuple[Any, ...]:
        """The values, None where there is none."""
        return tuple([await self.get(key) for key in keys])

    async def set(self, key: bytes, value: bytes, exptime: int = 0) -> Any:
        """Set it in both."""
        door = self._door
        named = door.named(key)
        if named is None:
            return await self._client.set(key, value, exptime)
        if door.is_too_large(value):
            return await self._divert(key, named, value, exptime)
        try:
            done = await self._client.set(key, value, exptime)
        except Exception as error:
            if not door.diverts(error):
                raise
            return await self._divert(key, named, value, exptime)
        if done is not False:
            door.was_set(named, bytes(value), exptime)
        return done

    async def flush_all(self) -> Any:
        """Purge all that this client stored, then flush."""
        await in_thread(self._door.core.primaries, self._door.purge_all)
        return await self._client.flush_all()

    async def _divert(self, key: bytes, named: Named, value: bytes, exptime: int) -> bool:
        core = self._door.core
        await in_thread(core.primaries, lambda: core.purge_keys([named]))
        await self._client.delete(key)
        writing.was_diverted(self._door.primary, named, bytes(value), lifetime(exptime))
        return True

    async def _mend(self, key: bytes, value: Any, named: Named, found: Answer, since: int) -> None:
        seconds, client = writing.seconds_left(found), self._client

        async def remove() -> None:
            if await client.get(key) == value:
                await client.delete(key)

        if seconds is None or seconds >= 1:
            add = lambda: client.add(key, value, seconds or 0)  # noqa: E731
            await repairs.arepair(self._door.core, named, found, since, add, remove)


def _own(error: BaseException) -> bool:
    return type(error).__name__ == "ValidationException"
