"""Pipelines and transactions of wrapped redis-py clients."""

from typing import Any

from agentcache_overflow.workers import in_thread
from agentcache_overflow.wrappers import commands
from agentcache_overflow.wrappers.commands import SETS, TAKES, Meaning
from agentcache_overflow.wrappers.redis_door import Door


class Pipe:
    """A pipeline: what it is to take away is purged before, what it set is stored afterwards. Its
    reads are the primary's; a pipeline is not hedged."""

    _agentcache: Door

    def _agentcache_queue(self) -> list[Meaning | None]:
        """What waits to be executed: a cluster's pipelines hold it in a strategy."""
        holder = getattr(self, "_execution_strategy", None)
        queue = self.command_stack if holder is None else holder._command_queue  # type: ignore[attr-defined]
        return [commands.meaning(getattr(one, "args", None) or one[0]) for one in queue]

    def _agentcache_purge(self, queue: list[Meaning | None]) -> None:
        door = self._agentcache
        takes = [one for one in queue if one is not None and one.kind == TAKES]
        if any(one is not None and one.kind == commands.TAKES_ALL for one in queue):
            door.purge(Meaning(commands.TAKES_ALL))
        if takes:
            door.purge(Meaning(TAKES, tuple(key for one in takes for key in one.keys)))

    def _agentcache_keep(self, queue: list[Meaning | None], done: Any) -> None:
        if not isinstance(done, list) or len(done) != len(queue):
            return
        taken: set[bytes] = set()
        door = self._agentcache
        for meaning, said in reversed(list(zip(queue, done, strict=True))):
            if meaning is None:
                continue
            if meaning.kind == TAKES:
                taken |= {bytes(door.encoder.encode(key)) for key in meaning.keys}
            if meaning.kind != SETS or isinstance(said, Exception):
                continue
            keys = [bytes(door.encoder.encode(key)) for key, _, _ in meaning.pairs]
            if taken.isdisjoint(keys):  # what was set before it was taken away is not stored
                door.keep(meaning, said)
            taken |= set(keys)


class SyncPipe(Pipe):
    """Of a client for threads."""

    def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        """One command at once, while WATCHing."""
        queue = [commands.meaning(args)]  # while WATCHing
        self._agentcache_purge(queue)
        done = super().immediate_execute_command(*args, **options)  # type: ignore[misc]
        self._agentcache_keep(queue, [done])
        return done

    def execute(self, *args: Any, **options: Any) -> Any:
        """All that waits."""
        queue = self._agentcache_queue()
        self._agentcache_purge(queue)
        done = super().execute(*args, **options)  # type: ignore[misc]
        self._agentcache_keep(queue, done)
        return done


class AsyncPipe(Pipe):
    """Of a client of redis.asyncio."""

    async def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        """One command at once, while WATCHing."""
        queue = [commands.meaning(args)]
        await in_thread(self._agentcache.core.primaries, lambda: self._agentcache_purge(queue))
        done = await super().immediate_execute_command(*args, **options)  # type: ignore[misc]
        self._agentcache_keep(queue, [done])
        return done

    async def execute(self, *args: Any, **options: Any) -> Any:
        """All that waits."""
        queue = self._agentcache_queue()
        await in_thread(self._agentcache.core.primaries, lambda: self._agentcache_purge(queue))
        done = await super().execute(*args, **options)  # type: ignore[misc]
        self._agentcache_keep(queue, done)
        return done
