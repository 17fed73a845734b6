"""redis-py clients with the overflow behind them: `Redis`, `RedisCluster`, both of redis.asyncio.

`OverflowRedis(client, overflow)` is a client of the same class on the same connections. What counts
is the command, not the method: every one of them passes through `execute_command`.
"""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from redis import exceptions

from agentcache_overflow import repairs, writing
from agentcache_overflow.answer import Answer
from agentcache_overflow.areading import AsyncRead
from agentcache_overflow.reading import Read
from agentcache_overflow.reading_many import ReadMany
from agentcache_overflow.wire import Named
from agentcache_overflow.workers import in_thread
from agentcache_overflow.wrapped import has
from agentcache_overflow.wrappers import commands
from agentcache_overflow.wrappers.commands import READ, READ_MANY, SETS, Meaning
from agentcache_overflow.wrappers.redis_door import Door, quick_get
from agentcache_overflow.wrappers.redis_pipes import AsyncPipe, SyncPipe

Client = TypeVar("Client")
Call = Callable[[], Any]


def OverflowRedis(client: Client, overflow: Any) -> Client:  # noqa: N802 - it makes clients
    """`client` again, with the overflow behind it. A plain client takes an AgentCacheOverflow, one
    of redis.asyncio either kind. Raises TypeError for anything else."""
    kind = type(client)
    is_async = inspect.iscoroutinefunction(getattr(kind, "execute_command", None))
    if not hasattr(kind, "execute_command") or not hasattr(overflow, "core"):
        raise TypeError("OverflowRedis takes a redis-py client and a client of the overflow.")
    made: Any = object.__new__(_class(kind, is_async))
    for name, value in _state(client).items():
        setattr(made, name, value)
    made._agentcache_of = client  # which would close the connections when it is gone
    made._agentcache = Door(overflow, client)
    found: Client = made
    return found


class _Sync:
    """execute_command and pipeline of a client for threads."""

    _agentcache: Door

    def execute_command(self, *args: Any, **options: Any) -> Any:
        def call() -> Any:
            return super(_Sync, self).execute_command(*args, **options)  # type: ignore[misc]

        meaning = commands.meaning(args)
        if meaning is None:
            return call()
        door = self._agentcache
        if meaning.kind == READ:
            return self._agentcache_get(meaning.keys[0], call)
        if meaning.kind == READ_MANY:
            return self._agentcache_get_many(meaning.keys, call)
        if meaning.kind == SETS:
            return self._agentcache_set(meaning, call)
        door.purge(meaning)
        return call()

    def pipeline(self, *args: Any, **options: Any) -> Any:
        made = super().pipeline(*args, **options)  # type: ignore[misc]
        return _piped(made, self._agentcache, SyncPipe)

    def _agentcache_get(self, key: Any, call: Call) -> Any:
        door = self._agentcache
        named, since = door.named(key), door.core.changes.now
        if named is None:
            return call()
        found = Read(
            door.primary, named, lambda: door.checked(call()), has, door.own,
            lambda within_s: quick_get(self, key, within_s),
        ).run()  # fmt: skip
        self._agentcache_mend(key, named, found, since)
        return door.value(found)

    def _agentcache_get_many(self, keys: tuple[Any, ...], call: Call) -> Any:
        door = self._agentcache
        names, since = [door.named(key) for key in keys], door.core.changes.now
        if not any(names):
            return call()
        found = ReadMany(door.primary, names, call, door.own).run()
        for key, named, one in zip(keys, names, found, strict=True):
            if named is not None:
                self._agentcache_mend(key, named, one, since)
        return [door.value(one) for one in found]

    def _agentcache_set(self, meaning: Meaning, call: Call) -> Any:
        door = self._agentcache
        if not door.names(tuple(key for key, _, _ in meaning.pairs)):
            return call()
        if door.is_too_large(meaning) and door.divertible(meaning):
            return self._agentcache_divert(meaning)
        try:
            done = call()
        except exceptions.RedisError as error:
            if not writing.is_full(error) or not door.divertible(meaning):
                raise
            return self._agentcache_divert(meaning)
        door.keep(meaning, done)
        return done

    def _agentcache_divert(self, meaning: Meaning) -> bool:
        self._agentcache.purge_set(meaning)
        for key, _, _ in meaning.pairs:
            super().execute_command("DEL", key)  # type: ignore[misc]
        return self._agentcache.divert(meaning)

    def _agentcache_mend(self, key: Any, named: Named, found: Answer, since: int) -> None:
        door = self._agentcache
        if not found.hit or not writing.may_repair(door.primary, named, found, since):
            return
        command, core = door.repair_command(key, found), door.core
        if command is None:
            return
        ask = super().execute_command  # type: ignore[misc]

        def remove() -> None:
            try:
                ask(*door.removal_command(key, found))
            except exceptions.ResponseError:  # no scripts here
                ask("DEL", key)

        core.later(lambda: repairs.repair(core, named, found, since, lambda: ask(*command), remove))


class _Async:
    """The same of a client of redis.asyncio."""

    _agentcache: Door

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        def call() -> Any:
            return super(_Async, self).execute_command(*args, **options)  # type: ignore[misc]

        meaning = commands.meaning(args)
        if meaning is None:
            return await call()
        door = self._agentcache
        if meaning.kind == READ:
            return await self._agentcache_get(meaning.keys[0], call)
        if meaning.kind == READ_MANY:
            return await self._agentcache_get_many(meaning.keys, call)
        if meaning.kind == SETS:
            return await self._agentcache_set(meaning, call)
        await in_thread(door.core.primaries, lambda: door.purge(meaning))
        return await call()

    def pipeline(self, *args: Any, **options: Any) -> Any:
        made = super().pipeline(*args, **options)  # type: ignore[misc]
        return _piped(made, self._agentcache, AsyncPipe)

    async def _agentcache_get(self, key: Any, call: Call) -> Any:
        door = self._agentcache
        named, since = door.named(key), door.core.changes.now
        if named is None:
            return await call()

        async def ask() -> Any:
            return door.checked(await call())

        found = await AsyncRead(door.primary, named, ask, has, door.own).run()
        self._agentcache_mend(key, named, found, since)
        return door.value(found)

    async def _agentcache_get_many(self, keys: tuple[Any, ...], call: Call) -> Any:
        """Each key is a read of its own over one call of the primary."""
        door = self._agentcache
        names, since = [door.named(key) for key in keys], door.core.changes.now
        if not any(names):
            return await call()
        asked: list[asyncio.Future[Any]] = []

        async def read(place: int) -> Any:
            if not asked:
                asked.append(asyncio.ensure_future(call()))
                # Heard in any case: a read that was overtaken does not ask for it.
                asked[0].add_done_callback(lambda done: done.cancelled() or done.exception())
            return (await asyncio.shield(asked[0]))[place]

        async def one(place: int, named: Named | None) -> Any:
            if named is None:
                return await read(place)
            found = await AsyncRead(door.primary, named, lambda: read(place), has, door.own).run()
            self._agentcache_mend(keys[place], named, found, since)
            return door.value(found)

        return list(await asyncio.gather(*[one(place, it) for place, it in enumerate(names)]))

    async def _agentcache_set(self, meaning: Meaning, call: Call) -> Any:
        door = self._agentcache
        if not door.names(tuple(key for key, _, _ in meaning.pairs)):
            return await call()
        if door.is_too_large(meaning) and door.divertible(meaning):
            return await self._agentcache_divert(meaning)
        try:
            done = await call()
        except exceptions.RedisError as error:
            if not writing.is_full(error) or not door.divertible(meaning):
                raise
            return await self._agentcache_divert(meaning)
        door.keep(meaning, done)
        return done

    async def _agentcache_divert(self, meaning: Meaning) -> bool:
        door = self._agentcache
        await in_thread(door.core.primaries, lambda: door.purge_set(meaning))
        for key, _, _ in meaning.pairs:
            await super().execute_command("DEL", key)  # type: ignore[misc]
        return door.divert(meaning)

    def _agentcache_mend(self, key: Any, named: Named, found: Answer, since: int) -> None:
        door = self._agentcache
        if not found.hit or not writing.may_repair(door.primary, named, found, since):
            return
        command = door.repair_command(key, found)
        if command is not None:
            door.core.task(self._agentcache_mended(key, named, found, command, since))

    async def _agentcache_mended(
        self, key: Any, named: Named, found: Answer, command: tuple[Any, ...], since: int
    ) -> None:
        door, ask = self._agentcache, super().execute_command  # type: ignore[misc]

        async def remove() -> None:
            try:
                await ask(*door.removal_command(key, found))
            except exceptions.ResponseError:
                await ask("DEL", key)

        await repairs.arepair(door.core, named, found, since, lambda: ask(*command), remove)


def _state(client: Any) -> dict[str, Any]:
    """The attributes of a client, in its slots (the asyncio cluster's) or not."""
    slots = [name for kind in type(client).__mro__ for name in getattr(kind, "__slots__", ())]
    held = {name: getattr(client, name) for name in slots if hasattr(client, name)}
    return {**held, **getattr(client, "__dict__", {})}


_made: dict[tuple[type, type], type] = {}


def _class(kind: type, is_async: bool) -> type:
    return _mixed(_Async if is_async else _Sync, kind)


def _mixed(mixin: type, kind: type) -> type:
    if (mixin, kind) not in _made:
        _made[mixin, kind] = type(f"Overflow{kind.__name__}", (mixin, kind), {})
    return _made[mixin, kind]


def _piped(made: Any, door: Door, mixin: type) -> Any:
    made.__class__ = _mixed(mixin, type(made))
    made._agentcache = door
    return made
