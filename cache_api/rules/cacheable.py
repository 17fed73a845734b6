"""Which responses may not be stored, and why: errors, empty, filtered, cut off, stateful. Pure."""

from typing import Any

from cache_api.rules import answers, shapes

_FILTERED = frozenset(
    {
        "content_filter", "refusal", "safety", "error_toxic", "recitation", "blocklist",
        "prohibited_content", "spii", "image_safety", "language",
    }
)  # fmt: skip
_CUT_OFF = frozenset(
    {
        "length", "max_tokens", "max_output_tokens", "model_context_window_exceeded", "error_limit",
        "model_length",
    }
)  # fmt: skip
_UNFINISHED = frozenset(
    {
        "pause_turn", "error", "timeout", "user_cancel", "cancelled", "other",
        "malformed_function_call", "unexpected_tool_call", "finish_reason_unspecified",
    }
)  # fmt: skip
_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
# Parameters that name a conversation kept by the provider: each answer changes the next one.
_STATEFUL: dict[str, str] = {
    shapes.RESPONSES: "conversation",
    shapes.COHERE_V1: "conversation_id",
}

REASONS: dict[str, str] = {
    "provider_error": "The response is the provider's error, not an answer.",
    "empty": "The response is empty.",
    "content_filter": "The provider's content filter cut the response off.",
    "truncated": (
        "The response was cut off by a length limit. Such responses are stored only when the "
        "request itself set the limit and the partner allows it."
    ),
    "incomplete": "The response is not finished: it has no final stop reason.",
    "stateful": (
        "The request continues a conversation that the provider keeps, so the same request gets "
        "another answer the next time. Send the messages themselves instead."
    ),
}


def refusal(
    response: Any, params: dict[str, Any], *, api: str = "", allow_truncated: bool = False
) -> str | None:
    """The reason (a key of REASONS) why this response may not be stored, or None when it may.

    `params` are the request's parameters and `api` its API ({} and "" when only a key is known).
    """
    if response is None or response in ("", {}, []):
        return "empty"
    if params.get(_STATEFUL.get(api, "")) is not None:
        return "stateful"
    if type(response) is not dict:
        return None
    if _is_error(response, api):
        return "provider_error"
    stops, empty = answers.stops_of(response)
    if not _FILTERED.isdisjoint(stops):
        return "content_filter"
    if not _CUT_OFF.isdisjoint(stops):
        asked_for = allow_truncated and any(params.get(name) for name in _LIMITS)
        return None if asked_for else "truncated"
    if None in stops or not _UNFINISHED.isdisjoint(stops):
        return "incomplete"
    return "empty" if empty else None


def _is_error(response: dict[str, Any], api: str) -> bool:
    if response.get("type") == "error" or response.get("object") == "error":
        return True
    if response.get("error") not in (None, "", False):
        return True
    # Cohere's errors are a message and an id, which for another API could be an answer.
    return api in (shapes.COHERE, shapes.COHERE_V1) and type(response.get("message")) is str
