"""The semantic half: the nearest question in a vector database, its answer out of the exact half.

Vectors stay in the caller's database; beside each lies the question and the key of its answer,
never the answer: what the overflow has purged or let expire is no semantic hit either. Nothing
here raises: a database that fails, or is slow, is a miss.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from agentcache_overflow.hybrid.lane import Lane, Unavailable
from agentcache_overflow.hybrid.questions import Question, question_of
from agentcache_overflow.hybrid.results import Found, Tally
from agentcache_overflow.vectors import Match, Vectors
from agentcache_overflow.vectors.protocol import unit

NEIGHBOURS = 5
_REMEMBERED = 256  # embeddings: what was searched for is often stored next
SETTLING_S = 60.0
GONE = ("not_found", "expired")
Embed = Callable[[str], Sequence[float]]
Accept = Callable[[str, str], bool]


class SemanticBase:
    """What both kinds share: everything but the calls themselves."""

    def __init__(
        self, vectors: Vectors, exact: Any, embed: Embed, *, threshold: float, scope: str,
        accept: Accept, lane: Lane, tally: Tally,
    ) -> None:  # fmt: skip
        self._vectors, self._exact, self._embed = vectors, exact, embed
        self._threshold, self._scope, self._accept = threshold, scope, accept
        self._lane, self._tally = lane, tally
        self._embedded: OrderedDict[str, list[float]] = OrderedDict()
        self._tasks: set[Any] = set()

    def _question(self, prompt: Any) -> Question | None:
        try:
            return question_of(prompt, self._scope)
        except (ValueError, TypeError, RecursionError):
            return None

    def _remember(self, question: Question, vector: Sequence[float]) -> list[float]:
        self._embedded[question.id] = made = unit(vector)
        while len(self._embedded) > _REMEMBERED:
            try:
                self._embedded.popitem(last=False)
            except KeyError:
                break  # another thread did
        return made

    def _near(self, question: Question, found: Sequence[Match], threshold: float) -> list[Match]:
        """Those that may be served, nearest first."""
        wide = [one for one in found if one.similarity >= threshold]
        near = [
            one
            for one in wide
            if type(one.payload.get("key")) is str
            and self._accept(question.text, one.payload.get("question") or "")
        ]
        if wide and not near:
            self._tally.add("semantic_guarded")
        return near

    def _is_gone(self, match: Match, answer: Any) -> bool:
        """Whether a question may be forgotten: its answer is no more, and had time to arrive."""
        stored_at = match.payload.get("stored_at") or ""
        if answer.reason not in GONE or not stored_at.isdecimal():
            return False
        return time.time() - int(stored_at) > SETTLING_S

    def _hit(self, match: Match, answer: Any) -> Found:
        self._tally.add("semantic_hits")
        return Found(True, answer.response, "semantic", min(1.0, match.similarity))

    def _missed(self, reason: str) -> Found:
        self._tally.add("semantic_misses")
        return Found(False, reason=reason)

    def _failed(self, what: str, error: Exception) -> Found:
        self._tally.failed(what, error)
        return self._missed(error.why if isinstance(error, Unavailable) else "unavailable")


class Semantic(SemanticBase):
    """For synchronous callers."""

    def search(self, prompt: Any, threshold: float | None = None) -> Found:
        """The answer to the nearest question that is near enough."""
        question = self._question(prompt)
        if question is None:
            return self._missed("not_comparable")
        try:
            found = self._lane.call(self._find, question)
            least = self._threshold if threshold is None else threshold
            near = self._near(question, found, least)
        except Exception as error:  # noqa: BLE001 - a vector database never breaks the caller
            return self._failed("search", error)
        for match in near:
            answer = self._exact.by_key(match.payload["key"])
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
            self._begin("store", self._put, question, key)

    def _find(self, question: Question) -> Sequence[Match]:
        return self._vectors.search(self._vector(question), NEIGHBOURS, question.where)

    def _put(self, question: Question, key: str) -> None:
        try:
            self._vectors.upsert(
                question.id, self._vector(question), question.payload(key, time.time())
            )
            self._tally.add("semantic_stores")
        except Exception as error:
            self._tally.failed("store", error)
            raise  # so that the lane knows

    def _vector(self, question: Question) -> list[float]:
        known = self._embedded.get(question.id)
        return known or self._remember(question, self._embed(question.text))

    def _begin(self, what: str, verb: Callable[..., Any], *arguments: Any) -> None:
        try:
            self._lane.start(verb, *arguments)
        except Unavailable as error:
            self._tally.failed(what, error)
