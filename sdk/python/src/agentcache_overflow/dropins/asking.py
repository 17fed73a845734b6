"""Lookups and stores of drop-ins, through the overflow client: JSON as it is, streams as streams.

A stream's lookup goes the same way as any other, with a name of its own in this process: what the
process keeps of an answer is its JSON, and cannot be told as events here.
"""

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

from agentcache_overflow.aclient import AsyncAgentCacheOverflow
from agentcache_overflow.answer import Answer, miss
from agentcache_overflow.client import AgentCacheOverflow, Base
from agentcache_overflow.dropins.calls import Call
from agentcache_overflow.wire import Named


class _Streaming(Base):
    """A client whose lookups are told as streams. Shares everything with the one it is made of."""

    def __init__(self, client: Base) -> None:
        self.options, self.core = client.options, client.core

    def _named(self, *args: Any) -> Named | Answer:
        named = super()._named(*args)
        if isinstance(named, Answer):
            return named
        members = {**named.members, "response_format": "sse"}
        return replace(named, ident=f"{named.ident} sse", members=members, is_request=False)


class _Streams(_Streaming, AgentCacheOverflow):
    pass


class _AsyncStreams(_Streaming, AsyncAgentCacheOverflow):
    pass


class Asking:
    """One overflow client, asked by model calls."""

    def __init__(self, client: Base) -> None:
        kind = _AsyncStreams if isinstance(client, AsyncAgentCacheOverflow) else _Streams
        self._json, self._streams = client, kind(client)

    def is_possible(self, call: Call) -> bool:
        """Whether the overflow can answer such a call: it cannot stream what it cannot read."""
        return not call.streams or self._json.options.privacy != "encrypt"

    def look_up(self, call: Call) -> Answer:
        """The answer to a call."""
        before = self._json.core.changes.now
        client: Any = self._streams if call.streams else self._json
        return self._still(call, before, client.get(request=call.original_request))

    async def look_up_async(self, call: Call) -> Answer:
        """The same of an asynchronous client; a synchronous one would block the loop."""
        before = self._json.core.changes.now
        client: Any = self._streams if call.streams else self._json
        asked: Awaitable[Answer] = client.get(request=call.original_request)
        return self._still(call, before, await asked)

    def store(self, call: Call, members: dict[str, Any]) -> None:
        """Store in the background."""
        self._json.put(request=call.original_request, **members, **call.more)

    def _still(self, call: Call, before: int, found: Answer) -> Answer:
        """A stream that was purged by this process while it was asked for is none."""
        if found.hit and call.streams:
            named = self._json.core.wire.name(request=call.original_request)
            if self._json.core.changes.since(before, named.ident):
                return miss("purged")
        return found
