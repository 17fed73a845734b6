"""An httpx transport with the overflow before a provider: sync and async, `httpx` and `httpx2`.

A model call is looked up first; a hit is answered as the provider would have. Anything else goes
to the provider over the transport that was there before, and what comes back is stored in the
background once it is whole. Whatever fails here, the caller's call is as it would be without us.
"""

import sys
from types import ModuleType
from typing import Any

from agentcache_overflow.dropins import answers, calls, streams
from agentcache_overflow.dropins.asking import Asking
from agentcache_overflow.dropins.calls import Call
from agentcache_overflow.dropins.guard import Guard


class _Transport:
    """`client`: an overflow client. `inner`: the transport to the provider.

    `provider` names who answers at an address that is not a well-known provider's.
    """

    def __init__(self, client: Any, inner: Any, *, provider: str = "") -> None:
        self._asking, self._inner, self._provider = Asking(client), inner, provider
        self.guard = Guard(client)

    def _read(self, request: Any) -> Call | None:
        """The model call in a request; our own headers are taken off it."""
        if calls.endpoint_of(request.method, request.url.path) is None:
            return None
        url, headers = request.url, dict(request.headers)
        for name in headers:
            if name.startswith(calls.OURS):
                del request.headers[name]
        body = request.content  # raises where it is a stream
        call = calls.read(
            request.method, url.host, url.path, url.query, headers, body, self._provider
        )
        return call if call is not None and self._asking.is_possible(call) else None

    def _answer(self, request: Any, call: Call, found: Any) -> Any | None:
        """A hit as an HTTP answer, None where it is no hit or none that could be told."""
        return answers.of_hit(edition(request), call, found) if found.hit else None

    def _remember(self, request: Any, call: Call, answer: Any, which: int) -> None:
        """Let the provider's answer be remembered while it passes."""
        if not call.stores or not answers.media_of(answer):
            return
        body = answers.read_before(answer)
        if body is not None:
            self._store(call, answer, body, True)
            return
        httpx = edition(request)

        def keep(raw: bytes, ended: bool) -> None:
            body = self.guard.run(answers.decoded, httpx, answer, raw)
            if body is not None:
                self.guard.run(self._store, call, answer, body, ended)

        answer.stream = streams.types_of(httpx)[which](answer.stream, keep)

    def _store(self, call: Call, answer: Any, body: bytes, ended: bool) -> None:
        members = answers.to_store(call, answer, body, ended)
        if members is not None:
            self._asking.store(call, members)


class OverflowTransport(_Transport):
    """For a synchronous client: `httpx.Client(transport=OverflowTransport(overflow, inner))`."""

    def handle_request(self, request: Any) -> Any:
        """The overflow's answer, or the provider's. Raises what the inner transport raises."""
        run = self.guard.run
        call = run(self._read, request)
        if call is not None and call.looks:
            answer = run(self._look, request, call)
            if answer is not None:
                return answer
        answer = self._inner.handle_request(request)
        if call is not None:
            run(self._remember, request, call, answer, 0)
        return answer

    def _look(self, request: Any, call: Call) -> Any | None:
        return self._answer(request, call, self._asking.look_up(call))

    def close(self) -> None:
        """Close the inner transport; the overflow client is its owner's."""
        self._inner.close()

    def __enter__(self) -> "OverflowTransport":
        self._inner.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._inner.__exit__(*raised)


class AsyncOverflowTransport(_Transport):
    """For an asynchronous one: `httpx.AsyncClient(transport=AsyncOverflowTransport(…))`."""

    async def handle_async_request(self, request: Any) -> Any:
        """The overflow's answer, or the provider's. Raises what the inner transport raises."""
        run = self.guard.run
        call = run(self._read, request)
        if call is not None and call.looks:
            answer = await self.guard.run_async(self._look, request, call)
            if answer is not None:
                return answer
        answer = await self._inner.handle_async_request(request)
        if call is not None:
            run(self._remember, request, call, answer, 1)
        return answer

    async def _look(self, request: Any, call: Call) -> Any | None:
        return self._answer(request, call, await self._asking.look_up_async(call))

    async def aclose(self) -> None:
        """Close the inner transport; the overflow client is its owner's."""
        await self._inner.aclose()

    async def __aenter__(self) -> "AsyncOverflowTransport":
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *raised: Any) -> None:
        await self._inner.__aexit__(*raised)


def edition(thing: Any) -> ModuleType:
    """The edition of httpx that an object of it comes from."""
    return sys.modules[type(thing).__module__.partition(".")[0]]
