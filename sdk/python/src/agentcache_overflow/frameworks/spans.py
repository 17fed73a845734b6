"""OpenTelemetry: what a lookup or store was, as attributes of the span the caller is in.

Nothing is imported: where the program has loaded `opentelemetry`, its current span is told;
elsewhere this costs one look into a dictionary. Names only, never a prompt, a key or a response.
"""

import sys
from typing import Any

_TRACE = "opentelemetry.trace"
# What OpenTelemetry's conventions call the provider and the model of a request.
_NAMES = {"gen_ai.provider.name": "provider", "gen_ai.request.model": "model"}


def of_answer(answer: Any) -> None:
    """Tell the current span of a lookup."""
    span = _span()
    if span is None:
        return
    span.set_attributes(
        {
            "agentcache.hit": answer.hit,
            "agentcache.answered_by": answer.answered_by,
            "agentcache.status": answer.status,
            "agentcache.reason": answer.reason or answer.overflow_reason,
            "agentcache.latency_ms": round(answer.latency_ms, 3),
        }
    )
    if answer.hit:
        span.set_attribute("agentcache.cost_saved", answer.cost_saved)
    if answer.similarity is not None:
        span.set_attribute("agentcache.similarity", answer.similarity)


def of_store(request: Any = None) -> None:
    """Tell the current span of a store that was begun, and of which model's answer."""
    span = _span()
    if span is None:
        return
    span.set_attribute("agentcache.stored", True)
    if type(request) is dict:
        for name, member in _NAMES.items():
            if type(request.get(member)) is str:
                span.set_attribute(name, request[member])


def _span() -> Any | None:
    trace = sys.modules.get(_TRACE)
    if trace is None:
        return None
    span = trace.get_current_span()
    return span if span.is_recording() else None
