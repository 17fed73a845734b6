"""Which responses may not be stored, and why: errors, empty, filtered, cut off. Pure."""

from typing import Any

_FILTERED = frozenset({"content_filter", "refusal", "safety"})
_CUT_OFF = frozenset({"length", "max_tokens", "model_context_window_exceeded"})
_UNFINISHED = frozenset({"pause_turn", "error"})
_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")

REASONS: dict[str, str] = {
    "provider_error": "The response is the provider's error, not an answer.",
    "empty": "The response is empty.",
    "content_filter": "The provider's content filter cut the response off.",
    "truncated": (
        "The response was cut off by a length limit. Such responses are stored only when the "
        "request itself set the limit and the partner allows it."
    ),
    "incomplete": "The response is not finished: it has no final stop reason.",
}


def refusal(response: Any, params: dict[str, Any], *, allow_truncated: bool = False) -> str | None:
    """The reason (a key of REASONS) why this response may not be stored, or None when it may.

    `params` are the request's parameters ({} when only a key is known).
    """
    if response is None or response in ("", {}, []):
        return "empty"
    if type(response) is not dict:
        return None
    if response.get("type") == "error" or response.get("error") not in (None, "", False):
        return "provider_error"
    stops, empty = _stops(response)
    if any(stop in _FILTERED for stop in stops):
        return "content_filter"
    if any(stop in _CUT_OFF for stop in stops):
        asked_for = allow_truncated and any(params.get(name) for name in _LIMITS)
        return None if asked_for else "truncated"
    if any(stop is None or stop in _UNFINISHED for stop in stops):
        return "incomplete"
    return "empty" if empty else None


def _stops(response: dict[str, Any]) -> tuple[list[Any], bool]:
    """Why the provider stopped, once per choice, and whether it said nothing at all."""
    if "choices" in response:
        return _openai(response)
    if response.get("type") == "message":
        return [response.get("stop_reason")], not response.get("content")
    if response.get("object") == "response":
        return _responses(response)
    return [], False


def _openai(response: dict[str, Any]) -> tuple[list[Any], bool]:
    choices = response["choices"]
    if type(choices) is not list or not choices:
        return [], True
    known = [choice for choice in choices if type(choice) is dict]
    messages = [choice.get("message") for choice in known if "message" in choice]
    empty = bool(messages) and not all(type(m) is dict and _says_something(m) for m in messages)
    return [choice.get("finish_reason") for choice in known], empty


def _says_something(message: dict[str, Any]) -> bool:
    says = ("content", "tool_calls", "function_call", "refusal", "audio", "images")
    return any(message.get(name) for name in says)


def _responses(response: dict[str, Any]) -> tuple[list[Any], bool]:
    status = response.get("status")
    if status == "completed":
        return ["stop"], not response.get("output")
    details = response.get("incomplete_details")
    reason = details.get("reason") if type(details) is dict else None
    return ["length" if reason == "max_output_tokens" else reason], False
