"""Worked examples of the overflow API for its OpenAPI document and the reference page."""

from drf_spectacular.utils import OpenApiExample

_REQUEST = {
    "provider": "openai",
    "model": "gpt-4",
    "messages": [{"role": "user", "content": "What is your refund policy?"}],
}
_CALLER = {
    "provider": "redis",
    "customer_id": "acme-corp",
    "original_request": _REQUEST,
    "metadata": {"redis_latency": 150, "region": "us-east-1"},
}
_COMPLETION = {
    "id": "chatcmpl-123",
    "object": "chat.completion",
    "model": "gpt-4",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Within 30 days."},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 14, "completion_tokens": 5, "total_tokens": 19},
}

LOOKUP = OpenApiExample("Lookup", value=_CALLER, request_only=True)
STORE = OpenApiExample("Store", value={**_CALLER, "response": _COMPLETION}, request_only=True)
BATCH = OpenApiExample(
    "Batch",
    value={"items": [{"op": "lookup", **_CALLER}, {"op": "store", **STORE.value}]},
    request_only=True,
)
PURGE = OpenApiExample("Purge", value={"model": "gpt-4", "mode": "soft"}, request_only=True)
EXPLAIN = OpenApiExample(
    "Explain", value={"left": _REQUEST, "right": {**_REQUEST, "temperature": 0}}, request_only=True
)
FEEDBACK = OpenApiExample(
    "Wrong",
    value={"event_id": "01890a5d-ac96-774b-bcce-b302099a8057", "correct": False},
    request_only=True,
)
UNUSED = OpenApiExample(
    "Unused",
    value={"event_id": "01890a5d-ac96-774b-bcce-b302099a8057", "reason": "unused"},
    request_only=True,
)
_QUESTION = [{"role": "user", "content": "What is your refund policy?"}]
CHAT = OpenApiExample("Chat", value={"model": "gpt-4", "messages": _QUESTION}, request_only=True)
RESPONSES = OpenApiExample(
    "Responses",
    value={"model": "gpt-5", "input": "What is your refund policy?", "stream": True},
    request_only=True,
)
MESSAGES = OpenApiExample(
    "Messages",
    value={"model": "claude-sonnet-5", "max_tokens": 1024, "messages": _QUESTION},
    request_only=True,
)
_MEASURES = {
    "lookups": 20,
    "hits": 16,
    "semantic_hits": 6,
    "misses": 4,
    "stores": 2,
    "hit_rate": 0.8,
    "bytes_served": 20800,
    "tokens_saved": 1920,
    "cost_saved": 0.0072,
}
STATS = OpenApiExample(
    "Stats",
    value={
        "start": "2026-11-23T12:00:00Z",
        "end": "2026-11-23T13:00:00Z",
        "granularity": "hour",
        "livemode": True,
        "customer": None,
        "totals": _MEASURES,
        "latency_ms": {"p50": 0.512, "p95": 0.812, "p99": 1.29},
        "series": [{"at": "2026-11-23T12:00:00Z", **_MEASURES}],
        "prompt_caching": {"repeated_tokens": 48000, "could_save": 0.12},
        "by": "model",
        "breakdown": [{"value": "gpt-4", **_MEASURES}],
    },
    response_only=True,
    status_codes=["200"],
)
