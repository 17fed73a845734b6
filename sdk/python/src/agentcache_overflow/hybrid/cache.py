"""`HybridCache`: exact first, then by meaning, then the model, whose answer goes into both."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from agentcache_overflow.aclient import AsyncAgentCacheOverflow
from agentcache_overflow.client import AgentCacheOverflow, Base
from agentcache_overflow.hybrid.exact import Exact
from agentcache_overflow.hybrid.lane import Lane
from agentcache_overflow.hybrid.named import vectors_named
from agentcache_overflow.hybrid.questions import same_facts
from agentcache_overflow.hybrid.results import Found, Tally
from agentcache_overflow.hybrid.semantic import Accept, Embed, Semantic, SemanticBase
from agentcache_overflow.hybrid.semantic_async import AsyncSemantic
from agentcache_overflow.options import Options
from agentcache_overflow.vectors import Vectors

THRESHOLD = 0.95
DEADLINE_MS = 1000


class _Hybrid:
    """What both kinds share: how they are put together."""

    _semantic: type[SemanticBase]
    _client: type[Base]

    def __init__(
        self,
        exact: Any = "agentcache",
        semantic: Vectors | str | None = None,
        *,
        embed: Embed | None = None,
        embedder: str = "",
        threshold: float = THRESHOLD,
        semantic_deadline_ms: float = DEADLINE_MS,
        accept: Accept = same_facts,
        **options: Any,
    ) -> None:
        if semantic is not None and embed is None:
            raise ValueError("A semantic half needs embed: a function from a text to its vector.")
        if not 0 < threshold <= 1:
            raise ValueError(f"threshold is a similarity above 0, 1 at most; not {threshold!r}.")
        vectors = vectors_named(semantic) if isinstance(semantic, str) else semantic
        if exact == "agentcache":
            exact = self._client(**options)
        elif isinstance(exact, str) or options:
            raise TypeError('exact is "agentcache" with the client\'s options, or a client.')
        self.exact = Exact(exact)
        self.tally = Tally()
        self.lane = Lane(semantic_deadline_ms / 1000)
        self.semantic: Any = None
        if vectors is not None and embed is not None:
            self.semantic = self._semantic(
                vectors, self.exact, embed, threshold=threshold, accept=accept,
                scope=_scope(exact.options, embedder), lane=self.lane, tally=self.tally,
            )  # fmt: skip

    def counts(self) -> dict[str, int]:
        """This process's counters: the client's, and `semantic_…`."""
        return {**self.exact.client.counts(), **self.tally.counts()}

    def _of_exact(self, answer: Any) -> Found:
        if answer.hit:
            return Found(True, answer.response, "exact")
        return Found(False, reason=answer.reason)


def _scope(options: Options, embedder: str) -> str:
    """What never mixes: customers, namespaces, and the vectors of two models."""
    return json.dumps([options.customer_id, options.namespace, embedder])


class HybridCache(_Hybrid):
    """`exact`: "agentcache" with the client's options, or an overflow client. `semantic`: an
    adapter of `vectors`, or "pinecone".

    `embed` turns a text into a vector; `embedder` names its model, so that vectors of two models
    are never compared. `threshold` is the least cosine similarity, `semantic_deadline_ms` what the
    vector database (and `embed`) may take; `accept(asked, stored)` has the last word.
    """

    _semantic, _client = Semantic, AgentCacheOverflow

    def get(self, prompt: Any) -> Found:
        """The answer to this prompt, or to one that means the same."""
        found = self._of_exact(self.exact.get(prompt))
        if found.hit or self.semantic is None:
            return found
        near: Found = self.semantic.search(prompt)
        return near

    def set(self, prompt: Any, response: Any, **more: Any) -> None:
        """Store in both, in the background. `more`: `ttl`, `tags`, `usage`."""
        if self.exact.set(prompt, response, **more) and self.semantic is not None:
            self.semantic.set(prompt)

    def ask(self, prompt: Any, llm: Callable[[Any], Any], **more: Any) -> Any:
        """The cached answer, else what `llm(prompt)` says. Raises what `llm` raises."""
        found = self.get(prompt)
        if found.hit:
            return found.response
        response = llm(prompt)
        self.set(prompt, response, **more)
        return response

    def close(self) -> None:
        """Wait for what is being stored, then let the client go."""
        self.flush()
        self.exact.client.close()

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait for what is being stored; whether that came in time."""
        done = self.lane.wait(timeout_s)
        return self.exact.client.flush(timeout_s) and done


class AsyncHybridCache(_Hybrid):
    """The same for asyncio: `exact` is the asynchronous client, `llm` and `embed` may be
    coroutine functions, and so may the adapter's verbs."""

    _semantic, _client = AsyncSemantic, AsyncAgentCacheOverflow

    async def get(self, prompt: Any) -> Found:
        """The answer to this prompt, or to one that means the same."""
        found = self._of_exact(await self.exact.get(prompt))
        if found.hit or self.semantic is None:
            return found
        near: Found = await self.semantic.search(prompt)
        return near

    async def set(self, prompt: Any, response: Any, **more: Any) -> None:
        """Store in both, in the background. `more`: `ttl`, `tags`, `usage`."""
        if self.exact.set(prompt, response, **more) and self.semantic is not None:
            self.semantic.set(prompt)

    async def ask(self, prompt: Any, llm: Callable[[Any], Awaitable[Any]], **more: Any) -> Any:
        """The cached answer, else what `await llm(prompt)` says. Raises what `llm` raises."""
        found = await self.get(prompt)
        if found.hit:
            return found.response
        response = await llm(prompt)
        await self.set(prompt, response, **more)
        return response

    async def close(self) -> None:
        """Wait for what is being stored, then let the client go."""
        await self.flush()
        await self.exact.client.close()

    async def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait for what is being stored; whether that came in time."""
        done = self.semantic is None or await self.semantic.flush(timeout_s)
        return await self.exact.client.flush(timeout_s) and done
