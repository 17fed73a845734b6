"""Token counts out of provider responses, by the price list's own extractors. Pure.

Counts are kept under genai-prices' names; `input_tokens` includes cached ones, as there. Cohere's
are its billed units: what it charges for, not what the model read.
"""

from typing import Any

import genai_prices

from cache_api.rules import shapes

Tokens = dict[str, int]
Readers = tuple[tuple[str, str], ...]
# No answer has more; a count beyond it is nonsense whose price no column could hold.
MAX_TOKENS = 1_000_000_000
# api → (provider whose extractor reads it, flavour), tried in turn. OWN is the request's provider:
# some count their reasoning or cached tokens in a way of their own.
OWN = ""
_READERS: dict[str, Readers] = {
    shapes.CHAT: ((OWN, "chat"), (OWN, "default"), ("openai", "chat")),
    shapes.RESPONSES: ((OWN, "responses"), ("openai", "responses")),
    shapes.EMBEDDINGS: ((OWN, "embeddings"), ("openai", "embeddings")),
    shapes.MESSAGES: (("anthropic", "default"),),
    shapes.COHERE: (("cohere", "default"), ("cohere", "tokens"), ("cohere", "embeddings")),
}
_READERS[shapes.COHERE_V1] = _READERS[shapes.COHERE]
# What an unknown API's usage is recognised by: its first member that is listed here.
_BY_MEMBER: tuple[tuple[str, Readers], ...] = (
    ("completion_tokens", _READERS[shapes.CHAT]),
    ("prompt_tokens", _READERS[shapes.EMBEDDINGS]),
    ("cache_read_input_tokens", _READERS[shapes.MESSAGES]),
    ("cache_creation_input_tokens", _READERS[shapes.MESSAGES]),
    ("billed_units", _READERS[shapes.COHERE]),
    ("promptTokenCount", (("google", "default"),)),
    ("inputTokens", (("aws", "default"),)),
    ("input_tokens", _READERS[shapes.RESPONSES]),
)
# Where the extractors look. Cohere v1 and embeddings report under `meta` what v2 does in `usage`.
_ROOTS = ("usage", "meta", "usageMetadata")


def tokens_of(api: str, response: Any, usage: Any = None, *, provider: str = "") -> Tokens:
    """Token counts of one stored response; {} when it reports none that make sense.

    `usage` is a provider-native usage object given by the caller; it beats the response's own.
    `provider` is the request's: where the price list knows its own way of counting, that is used.
    """
    body = response if type(response) is dict else {}
    found = usage if type(usage) is dict else _usage_in(body)
    if found is None:
        return {}
    model = body.get("model")
    report: dict[str, Any] = {"model": model if type(model) is str and model else "unknown"}
    report.update(dict.fromkeys(_ROOTS, found))
    # Only names of a fixed list: the price list remembers every name it was ever asked for.
    own = provider if provider in shapes.OPENAI_COMPATIBLE else "openai"
    by_member = next((readers for member, readers in _BY_MEMBER if member in found), ())
    for name, flavour in _READERS.get(api, ()) + by_member:
        counts = _extract(report, name or own, flavour)
        if counts is not None:
            return counts if all(0 < count <= MAX_TOKENS for count in counts.values()) else {}
    return {}


def _usage_in(body: dict[str, Any]) -> dict[str, Any] | None:
    return next((body[root] for root in _ROOTS if type(body.get(root)) is dict), None)


def _extract(report: dict[str, Any], provider_id: str, flavour: str) -> Tokens | None:
    """What one extractor reads, None when the usage object is not of its kind."""
    reader = genai_prices.data_snapshot.get_snapshot().find_provider(None, provider_id, None)
    try:
        _, usage = reader.extract_usage(report, api_flavor=flavour)
    except (ValueError, LookupError, TypeError):
        return None
    # Some providers spell their counts as fractions: 15.0.
    return {name: int(value) for name, value in vars(usage).items() if value}
