"""The same client for asyncio. It belongs to no event loop: threads do the waiting."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from agentcache_overflow.answer import Answer
from agentcache_overflow.client import Base
from agentcache_overflow.workers import in_thread
from agentcache_overflow.wrapped import AsyncWrapped


class AsyncAgentCacheOverflow(Base):
    """Lookups end within the deadline; nothing is raised, unless `strict`."""

    async def get(
        self,
        *,
        key: str | bytes | None = None,
        request: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        semantic_key: str | None = None,
    ) -> Answer:
        """Look up by key, by provider request, or both. A miss is an Answer, too."""
        named = self._named(key, request, semantic_key)
        if isinstance(named, Answer):
            return named
        core = self.core
        known = core.ready(named)
        if known is not None:
            return self._judge(known)
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Answer] = loop.create_future()

        def hear(found: Answer) -> None:
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(_settle, told, found)

        flight = core.ask(named, "", metadata or {}, hear)
        timer = loop.call_later(core.deadline_s, _settle, told, None)
        try:
            found = await told
        except asyncio.CancelledError:
            core.leave(flight)
            raise
        finally:
            timer.cancel()
        if found is None:
            return self._judge(core.expire(flight))
        flight.take()
        core.leave(flight)
        return self._judge(found)

    async def delete(
        self, *, key: str | bytes | None = None, request: dict[str, Any] | None = None
    ) -> bool:
        """Purge one entry; true when it was acknowledged. A key's purge goes on until it is."""
        done: bool = await self._in_thread(lambda: self._delete(key, request))
        return done

    async def purge(self, **selectors: Any) -> dict[str, Any] | None:
        """Purge by selectors (`tags`, `model`, `all`, …): the purge's JSON, or None."""
        told: dict[str, Any] | None = await self._in_thread(lambda: self._purge(selectors))
        return told

    async def explain(
        self, *, left: dict[str, Any], right: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Why two requests are not the same entry, or None."""
        body = {"left": left, "right": right}
        told: dict[str, Any] | None = await self._in_thread(
            lambda: self._post("/api/overflow/explain", body, 200)
        )
        return told

    async def stats(self, **parameters: Any) -> dict[str, Any] | None:
        """Your numbers, from the portal (`portal_url`), or None."""
        told: dict[str, Any] | None = await self._in_thread(lambda: self._stats(parameters))
        return told

    async def ping(self) -> dict[str, Any]:
        """{ok, status, latency_ms, problem}."""
        told: dict[str, Any] = await self._in_thread(self._ping)
        return told

    async def feedback(self, *, event_id: str, entry_id: str | None = None) -> bool:
        """A hit was wrong: off the bill, and with `entry_id` its entry goes."""
        done: bool = await self._in_thread(lambda: self._feedback(event_id, entry_id))
        return done

    async def flush(self, timeout: float = 10.0) -> bool:
        """Wait until the background queue is empty; False after `timeout` seconds."""
        await self.core.tasks_done()
        done: bool = await self._in_thread(lambda: self.core.flush(timeout))
        return done

    async def close(self) -> bool:
        """Drain the queue (`drain`), then let everything go. Safe to repeat."""
        await self.core.tasks_done()
        done: bool = await self._in_thread(self.core.close)
        return done

    def wrap(self, **functions: Any) -> AsyncWrapped:
        """A cache of one's own as coroutine functions `get`, `set`, `delete` (and `add`)."""
        return AsyncWrapped(self.core, **functions)

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        return await in_thread(self.core.primaries, work)

    async def __aenter__(self) -> "AsyncAgentCacheOverflow":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _settle(told: "asyncio.Future[Any]", found: Answer | None) -> None:
    if not told.done():
        told.set_result(found)
