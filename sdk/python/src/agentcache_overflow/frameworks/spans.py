"""OpenTelemetry: what a lookup or store was, as attributes of the span the caller is in.

Nothing is imported: where the program has loaded `opentelemetry`, its current span is told;
elsewhere this costs one look into a dictionary. Names only, never a prompt, a key or a response.
"""

import sys
from typing import Any

_TRACE = "opentelemetry.trace"


def of_answer(answer: Any, request: Any = None) -> None:
    """Tell the current span of a lookup."""
    span = _span()
    if span is None:
        return
    told = {
        "agentcache.hit": answer.hit,
        "agentcache.answered_by": answer.answered_by,
        "agentcache.status": answer.status,
        "agentcache.reason": answer.reason or answer.overflow_reason,
        "agentcache.latency_ms": round(answer.latency_ms, 3),
    }
    if answer.hit:
        told["agentcache.cost_saved"] = answer.cost_saved
    if answer.similarity is not None:
        told["agentcache.similarity"] = answer.similarity
    span.set_attributes(told | _asked(request))


def of_store(request: Any = None) -> None:
    """Tell the current span of a store that was begun."""
    span = _span()
    if span is not None:
        span.set_attributes({"agentcache.stored": True} | _asked(request))


def _span() -> Any | None:
    trace = sys.modules.get(_TRACE)
    if trace is None:
        return None
    span = trace.get_current_span()
    return span if span.is_recording() else None


def _asked(request: Any) -> dict[str, str]:
    """The names that OpenTelemetry's conventions have for a model call."""
    if type(request) is not dict:
        return {}
    names = {"gen_ai.provider.name": "provider", "gen_ai.request.model": "model"}
    return {
        name: request[member] for name, member in names.items() if type(request.get(member)) is str
    }
