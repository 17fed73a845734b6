"""The semantic half for asyncio: the same as `semantic`, where nothing blocks the loop.

The database's client may be a synchronous one (its calls run on a thread) or one whose verbs are
coroutines; so may `embed`.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from agentcache_overflow.hybrid.questions import Question
from agentcache_overflow.hybrid.results import Found
from agentcache_overflow.hybrid.semantic import NEIGHBOURS, SemanticBase
from agentcache_overflow.vectors import Match


class AsyncSemantic(SemanticBase):
    """For asynchronous callers."""

    async def search(self, prompt: Any, threshold: float | None = None) -> Found:
        """The answer to the nearest question that is near enough."""
        question = self._question(prompt)
        if question is None:
            return self._missed("not_comparable")
        try:
            found = await self._find(question)
            least = self._threshold if threshold is None else threshold
            near = self._near(question, found, least)
        except Exception as error:  # noqa: BLE001 - a vector database never breaks the caller
            return self._failed("search", error)
        for match in near:
            answer = await self._exact.by_key(match.payload["key"])
            if answer.hit:
                return self._hit(match, answer)
            if self._is_gone(match, answer):
                self._begin("forget", self._vectors.delete, match.id)
        return self._missed("not_near" if not near else "gone")

    def set(self, prompt: Any) -> None:
        """Store the question in the background; its answer is in the exact half."""
        question = self._question(prompt)
        if question is not None:
            key = self._exact.key(prompt)
            self._spawn(self._put(question, key))

    async def flush(self, timeout_s: float) -> bool:
        """Wait for what is being stored; whether that came in time."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=timeout_s)
        return not self._tasks

    async def _find(self, question: Question) -> Sequence[Match]:
        vector = await self._vector(question)
        found: Sequence[Match] = await self._lane.call_async(
            self._vectors.search, vector, NEIGHBOURS, question.where
        )
        return found

    async def _put(self, question: Question, key: str) -> None:
        vector = await self._vector(question)
        await self._lane.call_async(
            self._vectors.upsert, question.id, vector, question.payload(key, time.time())
        )
        self._tally.add("semantic_stores")

    async def _vector(self, question: Question) -> list[float]:
        known = self._embedded.get(question.id)
        return known or self._remember(
            question, await self._lane.call_async(self._embed, question.text)
        )

    def _begin(self, what: str, verb: Callable[..., Any], *arguments: Any) -> None:
        self._spawn(self._lane.call_async(verb, *arguments), what)

    def _spawn(self, work: Coroutine[Any, Any, Any], what: str = "store") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)

        def ended(task: "asyncio.Task[Any]") -> None:
            self._tasks.discard(task)
            error = None if task.cancelled() else task.exception()
            if error is not None:
                self._tally.failed(what, error)

        task.add_done_callback(ended)
