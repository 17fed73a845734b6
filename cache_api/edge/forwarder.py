"""Forwards a miss: the provider's answer goes through as it comes, and is stored once whole."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from cache_api.edge.http import Receive, Send, send_answer
from cache_api.edge.service import Service
from cache_api.gateways.upstream import Unreachable, Upstream
from cache_api.hot import forwards
from cache_api.hot.forwards import Onward
from cache_api.hot.stores import MAX_RESPONSE
from cache_api.hot.verbs import VERBS

log = logging.getLogger(__name__)

# Official clients hang up at a stream's last event, a moment before the provider has closed it.
LAST_WORDS_S = 0.25


class Forwarder:
    """The way out of an edge process."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._upstream = Upstream()
        self._storing: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """End what is being stored, then let the connections go."""
        await asyncio.gather(*self._storing, return_exceptions=True)
        await self._upstream.close()

    async def relay(self, onward: Onward, receive: Receive, send: Send) -> None:
        """Answer with what the provider says; a client that hangs up hangs the provider up.

        What the provider has said whole is stored all the same.
        """
        work = asyncio.ensure_future(self._relay(onward, send))
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({work}, timeout=LAST_WORDS_S)
            if work.done():
                work.result()
        finally:
            work.cancel()
            gone.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)

    async def _relay(self, onward: Onward, send: Send) -> None:
        has_begun = False
        try:
            async with self._upstream.post(onward.url, onward.headers, onward.body) as reply:
                headers = forwards.coming_back(reply.headers) + onward.told
                start = {"type": "http.response.start", "status": reply.status, "headers": headers}
                await send(start)
                has_begun = True
                said = await _pass_on(reply.chunks, send)
        except Unreachable as error:
            log.warning("a forwarded miss was not answered: %s", error)
            if not has_begun:
                await send_answer(send, onward.dialect.unreachable())
            return  # begun and not ended: the server cuts the connection, as the provider did
        if reply.status == 200 and said is not None:
            await self._keep(self._store(onward, dict(headers).get(b"content-type", b""), said))
        await send({"type": "http.response.body", "body": b""})

    async def _keep(self, storing: Coroutine[Any, Any, None]) -> None:
        """Wait for a store that goes on when nobody waits for the answer any more."""
        task = asyncio.ensure_future(storing)
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)
        await asyncio.shield(task)

    async def _store(self, onward: Onward, content_type: bytes, said: bytes) -> None:
        asked = onward.to_store(content_type, said, time.time_ns() // 1_000_000)
        if asked is not None:
            await self._service.ask(VERBS["store"], asked)  # refused ones are only passed on


async def _pass_on(chunks: AsyncIterator[bytes], send: Send) -> bytes | None:
    """Send what comes; all of it, or None where it is too large to be kept."""
    kept: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size <= MAX_RESPONSE:
            kept.append(chunk)
        else:
            kept.clear()
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    return b"".join(kept) if size <= MAX_RESPONSE else None


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
