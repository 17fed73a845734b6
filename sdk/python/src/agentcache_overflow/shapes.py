"""Provider shapes: which API a request speaks, and what its documentation calls the same.

The rules of the server; tests/vectors/digest.json holds both to the same answers.
"""

import re
from collections.abc import Callable
from typing import Any

GENERIC = "generic"
CHAT, RESPONSES, EMBEDDINGS = "openai.chat", "openai.responses", "openai.embeddings"
MESSAGES = "anthropic.messages"
COHERE, COHERE_V1 = "cohere.chat", "cohere.chat_v1"

OPENAI_COMPATIBLE: frozenset[str] = frozenset(
    {
        "openai", "azure", "azure_openai", "openrouter", "together", "groq", "mistral", "deepseek",
        "fireworks", "x-ai", "perplexity", "cerebras",
    }
)  # fmt: skip
_EMBEDS = re.compile("[Ee]mbed")
_MARKS = frozenset({"cache_control"})
# OpenAI's own spelling of a mark; in chat requests it counts, as it did when version 1 was fixed.
_RESPONSES_MARKS = _MARKS | {"prompt_cache_breakpoint"}
_TURNS = ("user", "system", "developer")


def api_of(provider: str, model: str, params: dict[str, Any]) -> str:
    """The API these parameters (no nulls among them) are for; GENERIC when it is none we know."""
    speaks_messages = type(params.get("messages")) is list
    if provider in OPENAI_COMPATIBLE:
        return CHAT if speaks_messages else _api_of_input(model, params)
    if provider == "anthropic":
        return MESSAGES if speaks_messages else GENERIC
    if provider == "cohere":
        if speaks_messages:
            return COHERE
        return COHERE_V1 if type(params.get("message")) is str else GENERIC
    return GENERIC


def _api_of_input(model: str, params: dict[str, Any]) -> str:
    # Both take `input`. Items of responses are objects, those of embeddings never are.
    given = params.get("input")
    if type(given) is list and given:
        return RESPONSES if any(type(item) is dict for item in given) else EMBEDDINGS
    if type(given) is not str and type(given) is not list:
        return GENERIC
    if _EMBEDS.search(model) or "encoding_format" in params or "dimensions" in params:
        return EMBEDDINGS
    return RESPONSES


def normalise(api: str, params: dict[str, Any]) -> None:
    """Replace members of `params` by their normal form. Nested values are not changed."""
    work = _BY_API.get(api)
    if work is not None:
        work(params)


def _chat(params: dict[str, Any]) -> None:
    params["messages"] = [_message(message) for message in params["messages"]]
    if type(params.get("tools")) is list:
        params["tools"] = [_unmarked(tool, _MARKS) for tool in params["tools"]]


def _anthropic(params: dict[str, Any]) -> None:
    _chat(params)
    if type(params.get("system")) is list:
        params["system"] = _content(params["system"], "text", _MARKS)


def _cohere(params: dict[str, Any]) -> None:
    # Text among a tool's outputs may be cited as a document of its own: those stay lists.
    params["messages"] = [
        message if type(message) is dict and message.get("role") == "tool" else _message(message)
        for message in params["messages"]
    ]


def _responses(params: dict[str, Any]) -> None:
    if type(params["input"]) is not list:
        return
    params["input"] = items = [_item(item) for item in params["input"]]
    if len(items) != 1 or type(items[0]) is not dict or items[0].keys() != {"role", "content"}:
        return
    # OpenAI on a string as input: "equivalent to a text input with the `user` role".
    if items[0]["role"] == "user" and type(items[0]["content"]) is str:
        params["input"] = items[0]["content"]


def _item(item: Any) -> Any:
    """A caller's message without its optional `type`; any other item as it is."""
    if type(item) is not dict or item.get("role") not in _TURNS:
        return item
    if item.get("type", "message") != "message":
        return item
    kept = {name: value for name, value in item.items() if name != "type"}
    if type(kept.get("content")) is list:
        kept["content"] = _content(kept["content"], "input_text", _RESPONSES_MARKS)
    return kept


def _message(message: Any) -> Any:
    if type(message) is dict and type(message.get("content")) is list:
        return {**message, "content": _content(message["content"], "text", _MARKS)}
    return message


def _content(parts: list[Any], text_type: str, marks: frozenset[str]) -> Any:
    kept = [_unmarked(part, marks) for part in parts]
    if len(kept) == 1 and type(kept[0]) is dict and kept[0].keys() == {"type", "text"}:
        only = kept[0]
        if only["type"] == text_type and type(only["text"]) is str:
            return only["text"]
    return kept


def _unmarked(part: Any, marks: frozenset[str]) -> Any:
    if type(part) is dict and not marks.isdisjoint(part):
        return {name: value for name, value in part.items() if name not in marks}
    return part


_BY_API: dict[str, Callable[[dict[str, Any]], None]] = {
    CHAT: _chat,
    MESSAGES: _anthropic,
    COHERE: _cohere,
    RESPONSES: _responses,
}
