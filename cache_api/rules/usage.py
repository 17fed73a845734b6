"""Token counts out of provider responses, by the price list's own extractors. Pure.

Counts are kept under genai-prices' names; `input_tokens` includes cached ones, as there.
"""

from typing import Any

import genai_prices

Tokens = dict[str, int]
# No answer has more; a count beyond it is nonsense whose price no column could hold.
MAX_TOKENS = 1_000_000_000
# api → (provider whose extractor reads it, flavour)
_READERS: dict[str, tuple[str, str]] = {
    "openai.chat": ("openai", "chat"),
    "openai.responses": ("openai", "responses"),
    "openai.embeddings": ("openai", "embeddings"),
    "anthropic.messages": ("anthropic", "default"),
}


def tokens_of(api: str, response: Any, usage: Any = None) -> Tokens:
    """Token counts of one stored response; {} when it reports none that make sense.

    `usage` is a provider-native usage object given by the caller; it beats the response's own.
    """
    body = response if type(response) is dict else {}
    if type(usage) is dict:
        body = {"model": body.get("model") or "unknown", "usage": usage}
    found = body.get("usage")
    if type(found) is not dict:
        return {}
    reader = _READERS.get(api) or _by_shape(found)
    if reader is None:
        return {}
    return _extract(body, *reader)


def _by_shape(usage: dict[str, Any]) -> tuple[str, str] | None:
    if "prompt_tokens" in usage:
        chat = "completion_tokens" in usage
        return _READERS["openai.chat" if chat else "openai.embeddings"]
    if "cache_read_input_tokens" in usage or "cache_creation_input_tokens" in usage:
        return _READERS["anthropic.messages"]
    if "input_tokens" in usage:
        return _READERS["openai.responses"]
    return None


def _extract(body: dict[str, Any], provider_id: str, flavour: str) -> Tokens:
    model = body.get("model")
    named = body if type(model) is str and model else {**body, "model": "unknown"}
    reader = genai_prices.data_snapshot.get_snapshot().find_provider(None, provider_id, None)
    try:
        _, usage = reader.extract_usage(named, api_flavor=flavour)
    except (ValueError, LookupError, TypeError):
        return {}  # a usage object of another shape costs the statistics, never the answer
    counts = {name: value for name, value in vars(usage).items() if type(value) is int and value}
    return counts if all(0 < count <= MAX_TOKENS for count in counts.values()) else {}
