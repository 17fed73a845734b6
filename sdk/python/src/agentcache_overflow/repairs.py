"""Read-repair: what only the overflow had goes back to the primary (BEHAVIOUR.md, "A write …").

Another process may delete the key meanwhile: it purges first, then deletes. So what was written is
asked for again, unmetered, and taken away unless the overflow still has that very entry. Either we
hear of the purge, or its delete comes after our write.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from agentcache_overflow.answer import Answer
from agentcache_overflow.core import Core
from agentcache_overflow.wire import Named
from agentcache_overflow.workers import in_thread


def repair(
    core: Core,
    named: Named,
    found: Answer,
    since: int,
    write: Callable[[], Any],
    remove: Callable[[], Any],
) -> None:
    """`write` sets what is not there, false where it is; `remove` takes away what it wrote."""
    if core.changes.since(since, named.ident):
        return
    try:
        try:
            if not write():
                return
        except Exception:
            remove()  # it may have been written all the same
            raise
        if core.still_has(named, found, since):
            core.counts.add("repairs")
        else:
            remove()
    except Exception as error:  # noqa: BLE001 - nobody waits for it
        core.counts.say("repairs", type(error).__name__)


async def arepair(
    core: Core,
    named: Named,
    found: Answer,
    since: int,
    write: Callable[[], Awaitable[Any]],
    remove: Callable[[], Awaitable[Any]],
) -> None:
    """The same with coroutine functions."""
    if core.changes.since(since, named.ident):
        return
    try:
        try:
            if not await write():
                return
        except Exception:
            await remove()
            raise
        if await in_thread(core.primaries, lambda: core.still_has(named, found, since)):
            core.counts.add("repairs")
        else:
            await remove()
    except Exception as error:  # noqa: BLE001 - nobody waits for it
        core.counts.say("repairs", type(error).__name__)
