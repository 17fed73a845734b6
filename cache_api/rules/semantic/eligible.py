"""Which requests may take part in semantic matching, and what of them must still match exactly.

Only the last user turn is compared by meaning. Provider, model, every parameter, system prompt,
earlier turns and the embedding model go into the partition's digest, so none of them can differ
between a question and the answer it gets. Pure.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from cache_api.rules import digest
from cache_api.rules.identity import Identity

VERSION = b"semantic/1"
MIN_CHARS, MAX_CHARS = 12, 512
# What the providers use when the parameter is left out: not 0.
DEFAULT_TEMPERATURE = 1.0

REASONS: dict[str, str] = {
    "api": "Only chat requests of OpenAI's and Anthropic's kind take part.",
    "tools": "Requests with tools never take part: their answers act.",
    "media": "Requests with images, audio or documents never take part.",
    "several": "Requests for more than one answer never take part.",
    "temperature": "The temperature is above the partner's bound (left out, it counts as 1).",
    "turn": "The last turn must be the user's, and plain text.",
    "length": f"The last turn must have {MIN_CHARS} to {MAX_CHARS} characters.",
}
_APIS = frozenset({"openai.chat", "anthropic.messages"})  # whose `messages` are the conversation
_ROLES = frozenset({"system", "developer", "user", "assistant"})
_PLAIN = frozenset({"role", "content", "name"})
# A parameter that rules a request out, unless it is empty.
_NEVER: dict[str, str] = {
    "tools": "tools", "tool_choice": "tools", "functions": "tools", "function_call": "tools",
    "web_search_options": "tools", "mcp_servers": "tools", "container": "tools",
    "plugins": "tools", "audio": "media",
}  # fmt: skip
# A parameter that rules a request out, unless it has this value.
_ONLY: dict[str, tuple[Any, str]] = {
    "modalities": (["text"], "media"), "n": (1, "several"), "best_of": (1, "several"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """What is compared by meaning (`text`) and what exactly (`partition`, 64 hex digits)."""

    text: str
    partition: str


def refusal(found: Identity, max_temperature: float) -> str | None:
    """Why this request takes no part (a key of REASONS), or None when it may."""
    params = found.params
    if found.api not in _APIS or not params.get("messages"):
        return "api"
    for name, reason in _NEVER.items():
        if params.get(name):
            return reason
    for name, (only, reason) in _ONLY.items():
        if params.get(name, only) != only:
            return reason
    temperature = params.get("temperature", DEFAULT_TEMPERATURE)
    if type(temperature) not in (int, float) or not 0 <= temperature <= max_temperature:
        return "temperature"
    return _of_turns(params["messages"])


def text_of(found: Identity) -> str:
    """The last turn of a request that `refusal` let pass: what is compared by meaning."""
    text: str = found.params["messages"][-1]["content"]
    return text


def question(found: Identity, embedder_id: str) -> Question:
    """A request that `refusal` let pass, split in two. Raises digest.NotCanonical.

    `embedder_id` names the embedding model and its version: vectors of two models never meet.
    """
    *earlier, last = found.params["messages"]
    # A text that takes part is never null, so null cannot be mistaken for one.
    turns = [*earlier, {**last, "content": None}]
    rest = replace(found, params={**found.params, "messages": turns})
    parts = (VERSION, embedder_id.encode(), digest.canonical(rest))
    return Question(text_of(found), hashlib.sha256(b"\0".join(parts)).hexdigest())


def _of_turns(turns: list[Any]) -> str | None:
    for turn in turns:
        if type(turn) is not dict or turn.get("role") not in _ROLES:
            return "tools"  # `tool`, `function`, or a role we do not know
        if any(value for name, value in turn.items() if name not in _PLAIN):
            return "tools"  # tool calls, audio, citations: more than a text was said
        content = turn.get("content")
        if type(content) is list and not all(map(_is_text, content)):
            return "media"
        if type(content) not in (str, list):
            return "turn"
    last = turns[-1]
    if last["role"] != "user" or type(last["content"]) is not str:
        return "turn"
    text = last["content"]
    is_fit = len(text.strip()) >= MIN_CHARS and len(text) <= MAX_CHARS
    return None if is_fit else "length"


def _is_text(part: Any) -> bool:
    return type(part) is dict and part.keys() == {"type", "text"} and part["type"] == "text"
