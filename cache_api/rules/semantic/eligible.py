"""Which requests may take part in semantic matching, and what of them must still match exactly.

Only the last user turn is compared by meaning. Provider, model, every parameter, system prompt,
earlier turns and the embedding model go into the partition's digest, so none of them can differ
between a question and the answer it gets. Pure.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from cache_api.rules import digest, shapes
from cache_api.rules.identity import Identity

VERSION = b"semantic/1"
MIN_CHARS, MAX_CHARS = 12, 512
# What most providers use when the parameter is left out: not 0.
DEFAULT_TEMPERATURE = 1.0

REASONS: dict[str, str] = {
    "api": "Only chat requests of OpenAI's (both APIs), Anthropic's and Cohere's kind take part.",
    "tools": "Requests with tools never take part: their answers act.",
    "media": "Requests with images, audio or documents never take part.",
    "several": "Requests for more than one answer never take part.",
    "state": "Requests that go on where the provider remembers them to be never take part.",
    "temperature": "The temperature is above the partner's bound (left out, it counts as 1).",
    "turn": "The last turn must be the user's, and plain text.",
    "length": f"The last turn must have {MIN_CHARS} to {MAX_CHARS} characters.",
}
# Where an API has the conversation, if not beside its last turn as Cohere's first one.
_TURNS_IN = {
    shapes.CHAT: "messages", shapes.MESSAGES: "messages", shapes.COHERE: "messages",
    shapes.RESPONSES: "input",
}  # fmt: skip
_V1_ROLES = {"USER": "user", "CHATBOT": "assistant", "SYSTEM": "system"}
_ROLES = frozenset({"system", "developer", "user", "assistant"})
_PLAIN = frozenset({"role", "content", "name", "type"})
_TEXTS = frozenset({"text", "input_text", "output_text"})
# A parameter that rules a request out, unless it is empty.
_NEVER: dict[str, str] = {
    "tools": "tools", "tool_choice": "tools", "functions": "tools", "function_call": "tools",
    "web_search_options": "tools", "mcp_servers": "tools", "container": "tools",
    "plugins": "tools", "connectors": "tools", "tool_results": "tools",
    "search_queries_only": "tools", "audio": "media", "documents": "media",
    "conversation": "state", "conversation_id": "state", "previous_response_id": "state",
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
    turns = _turns(found)
    if not turns:
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
    return _of_turns(turns)


def text_of(found: Identity) -> str:
    """The last turn of a request that `refusal` let pass: what is compared by meaning."""
    text: str = _turns(found)[-1]["content"]
    return text


def question(found: Identity, embedder_id: str) -> Question:
    """A request that `refusal` let pass, split in two. Raises digest.NotCanonical.

    `embedder_id` names the embedding model and its version: vectors of two models never meet.
    """
    rest = replace(found, params=found.params | _unasked(found))
    parts = (VERSION, embedder_id.encode(), digest.canonical(rest))
    return Question(text_of(found), hashlib.sha256(b"\0".join(parts)).hexdigest())


def _turns(found: Identity) -> list[Any]:
    """The conversation as role and content, what is asked last; empty where we know of none."""
    params = found.params
    if found.api == shapes.COHERE_V1:
        earlier = params.get("chat_history", [])
        asked = {"role": "user", "content": params["message"]}
        return [*map(_of_v1, earlier), asked] if type(earlier) is list else []
    turns = params.get(_TURNS_IN.get(found.api, ""), [])
    return [{"role": "user", "content": turns}] if type(turns) is str else turns


def _of_v1(turn: Any) -> Any:
    if type(turn) is not dict:
        return turn
    rest = {name: value for name, value in turn.items() if name not in ("role", "message")}
    role = next((ours for name, ours in _V1_ROLES.items() if turn.get("role") == name), None)
    return {**rest, "role": role, "content": turn.get("message")}


def _unasked(found: Identity) -> dict[str, Any]:
    """The member that holds what is asked, without it.

    A text that takes part is never null, so null cannot be mistaken for one.
    """
    if found.api == shapes.COHERE_V1:
        return {"message": None}
    name = _TURNS_IN[found.api]
    turns = found.params[name]
    return {name: None if type(turns) is str else [*turns[:-1], {**turns[-1], "content": None}]}


def _of_turns(turns: list[Any]) -> str | None:
    for turn in turns:
        if type(turn) is not dict or not _is_in(_ROLES, turn.get("role")):
            return "tools"  # `tool`, `function`, a call, or a role we do not know
        if turn.get("type", "message") != "message":
            return "tools"
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
    if type(part) is not dict or not _is_in(_TEXTS, part.get("type")):
        return False
    return type(part.get("text")) is str and not any(
        value for name, value in part.items() if name not in ("type", "text")
    )


def _is_in(names: frozenset[str], given: Any) -> bool:
    return type(given) is str and given in names
