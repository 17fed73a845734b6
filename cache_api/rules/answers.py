"""Why the provider stopped and whether it said anything, out of responses of every shape. Pure.

Told by the response itself, not by the request's API: a key alone may have been given.
"""

from collections.abc import Callable
from typing import Any

from cache_api.rules import values

# One per choice; None where the provider has not said why it stopped.
Stops = list[str | None]
# Content that is the model's thinking, not its answer.
_SILENT = ("thinking", "redacted_thinking", "reasoning", "reasoning_text")
_SAYS = ("content", "tool_calls", "function_call", "refusal", "audio", "images")


def stops_of(response: dict[str, Any]) -> tuple[Stops, bool]:
    """Why the provider stopped, lower-case, once per choice; and whether it said nothing at all.

    ([], False) for an object of no known shape.
    """
    for recognises, reads in _SHAPES:
        if recognises(response):
            return reads(response)
    return [], False


def _openai(response: dict[str, Any]) -> tuple[Stops, bool]:
    """Chat and text completions, of OpenAI, Together and whoever speaks like them."""
    choices = response["choices"]
    if type(choices) is not list or not choices:
        return [], True
    known = [choice for choice in choices if type(choice) is dict]
    return [_text(choice.get("finish_reason")) for choice in known], not all(map(_speaks, known))


def _speaks(choice: dict[str, Any]) -> bool:
    if "message" in choice:
        message = choice["message"]
        return type(message) is dict and any(_says(message.get(name)) for name in _SAYS)
    return "text" not in choice or bool(choice["text"])


def _responses(response: dict[str, Any]) -> tuple[Stops, bool]:
    status = _text(response.get("status"))
    if status == "completed":
        return ["stop"], not _says(response.get("output"))
    details = response.get("incomplete_details")
    reason = _text(details.get("reason")) if type(details) is dict else None
    # Queued, cancelled, steered elsewhere: whatever the reason, it did not finish by itself.
    return [reason if reason in ("max_output_tokens", "content_filter") else None], False


def _anthropic(response: dict[str, Any]) -> tuple[Stops, bool]:
    return [_text(response.get("stop_reason"))], not _says(response.get("content"))


def _cohere(response: dict[str, Any]) -> tuple[Stops, bool]:
    message = response["message"]
    said = any(_says(message.get(name)) for name in ("content", "tool_calls"))
    return [_text(response.get("finish_reason"))], not said


def _cohere_v1(response: dict[str, Any]) -> tuple[Stops, bool]:
    said = any(response.get(name) for name in ("text", "tool_calls", "search_queries"))
    # Asked for search queries only, v1 answers without a reason.
    reason = _text(response.get("finish_reason"))
    return ["complete" if reason is None and response.get("search_queries") else reason], not said


def _google(response: dict[str, Any]) -> tuple[Stops, bool]:
    candidates = response.get("candidates")
    if type(candidates) is not list or not candidates:
        blocked = response.get("promptFeedback")
        return (["safety"], False) if blocked else ([], True)
    known = [candidate for candidate in candidates if type(candidate) is dict]
    contents = [candidate.get("content") for candidate in known]
    silent = not all(type(each) is dict and _says(each.get("parts")) for each in contents)
    return [_text(candidate.get("finishReason")) for candidate in known], silent


def _embeddings(response: dict[str, Any]) -> tuple[Stops, bool]:
    rows = response["data"]
    if type(rows) is not list or not rows:
        return [], True
    return [], not all(type(row) is dict and bool(row.get("embedding")) for row in rows)


def _cohere_embeddings(response: dict[str, Any]) -> tuple[Stops, bool]:
    given = response["embeddings"]
    lists = given.values() if type(given) is dict else [given]
    return [], not any(lists)


def _value(response: dict[str, Any]) -> tuple[Stops, bool]:
    return [], response["data"] == ""


def _says(content: Any) -> bool:
    """Whether content says anything: text, a part that does, or a call."""
    if type(content) is list:
        return any(_says(part) for part in content)
    if type(content) is not dict:
        return bool(content)
    if content.get("type") in _SILENT or content.get("thought") is True:
        return False
    for name in ("text", "content"):
        if type(content.get(name)) in (str, list):
            return _says(content[name])
    return bool(content)


def _text(reason: Any) -> str | None:
    return reason.lower() if type(reason) is str else None


# How a response is recognised → who reads it. The first that recognises it does.
_SHAPES: tuple[
    tuple[Callable[[dict[str, Any]], bool], Callable[[dict[str, Any]], tuple[Stops, bool]]], ...
] = (
    (lambda r: "choices" in r, _openai),
    (lambda r: r.get("object") == "response", _responses),
    (lambda r: r.get("type") == "message", _anthropic),
    (lambda r: type(r.get("message")) is dict and "finish_reason" in r, _cohere),
    (lambda r: "generation_id" in r and "text" in r, _cohere_v1),
    (lambda r: "candidates" in r or "promptFeedback" in r, _google),
    (lambda r: r.get("object") == "list" and "data" in r, _embeddings),
    (lambda r: "embeddings" in r and "texts" in r, _cohere_embeddings),
    (values.is_value, _value),
)
