"""What of a prompt is compared by meaning, and what must be the same exactly. Pure.

A prompt is a text, or a provider's request. Of a request only the last user turn's text is
compared; model, parameters, system prompt and earlier turns are its partition. A request with
tools, pictures or several answers is never answered by meaning.
"""

import copy
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from agentcache_overflow.vectors import Payload

MAX_QUESTION = 2_000  # characters; a longer one is an essay, and its meaning no single vector
_NEVER = ("tools", "functions", "tool_choice", "audio", "modalities")
_PLACE = "\0question"
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*%?")
_QUOTED = re.compile(r"`[^`]+`|\"[^\"]+\"|“[^”]+”|https?://\S+")
_NEGATION = re.compile(r"\b(?:not|no|never|none|without|cannot|neither|nor)\b|n['’]t\b", re.I)


@dataclass(frozen=True, slots=True)
class Question:
    """The text that is embedded, and the SHA-256 of all that must be the same besides."""

    text: str
    partition: str

    @property
    def id(self) -> str:
        """What its vector is stored under: the same question again takes its place."""
        return hashlib.sha256(f"{self.partition}\n{self.text}".encode()).hexdigest()

    @property
    def where(self) -> Payload:
        """What a neighbour's payload must have."""
        return {"partition": self.partition}

    def payload(self, key: str, now_s: float) -> Payload:
        """What is stored beside the vector; `key` finds the answer in the overflow."""
        return {
            "partition": self.partition,
            "question": self.text,
            "key": key,
            "stored_at": f"{now_s:.0f}",
        }


def question_of(prompt: Any, scope: str) -> Question | None:
    """The question in a prompt, or None where it is not to be answered by meaning.

    `scope` tells apart what must never be mixed: customer, namespace, the embedding model.
    Raises what `json` raises of a value that is none.
    """
    rest: Any = None
    text = prompt
    if type(prompt) is dict:
        found = _last_turn(prompt)
        if found is None:
            return None
        text, rest = found
    if type(text) is not str or not 0 < len(text) <= MAX_QUESTION:
        return None
    whole = json.dumps([scope, rest], sort_keys=True, ensure_ascii=True, allow_nan=False)
    return Question(text, hashlib.sha256(whole.encode()).hexdigest())


def _last_turn(request: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The last user turn's text, and the request with a mark in its place."""
    if any(request.get(name) for name in _NEVER) or request.get("n") not in (None, 1):
        return None
    name = "messages" if "messages" in request else "input"
    turns: Any = request.get(name)
    if type(turns) is str:
        return turns, {**request, name: _PLACE}
    last = turns[-1] if type(turns) is list and turns else None
    if type(last) is not dict or last.get("role") != "user":
        return None
    content = last.get("content")
    if type(content) is list and len(content) == 1 and type(content[0]) is dict:
        part = content[0]
        content = part.get("text") if part.get("type") in ("text", "input_text") else None
    if type(content) is not str or not _are_texts(turns):
        return None
    marked = copy.copy(turns)
    marked[-1] = {**last, "content": _PLACE}
    return content, {**request, name: marked}


def _are_texts(turns: list[Any]) -> bool:
    kinds = ("text", "input_text", "output_text")
    for turn in turns:
        content = turn.get("content") if type(turn) is dict else None
        if type(content) is list and any(
            type(part) is not dict or part.get("type") not in kinds for part in content
        ):
            return False
    return True


def same_facts(asked: str, stored: str) -> bool:
    """Whether two questions have the same numbers, quotes, links and negations.

    Near is not enough: "in 2023" and "in 2024" are neighbours of every embedding model.
    """
    return all(
        Counter(facts.findall(asked)) == Counter(facts.findall(stored))
        for facts in (_NUMBER, _QUOTED)
    ) and bool(_NEGATION.search(asked)) == bool(_NEGATION.search(stored))
