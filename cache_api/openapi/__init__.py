"""What the serializers cannot say of the API: exact bodies, headers, keys. Put in at the end.

The document is a promise that `tests/cache_api/test_schemathesis.py` holds both doors to.
"""

from typing import Any

from cache_api.openapi.bodies import BODIES, CUSTOMER, PROVIDER, Json
from cache_api.rules import controls

KEY = "key"


def _header(about: str, schema: Json | None = None, *, required: bool = False) -> Json:
    return {"description": about, "schema": schema or {"type": "string"}, "required": required}


_WHOLE = {"type": "integer", "minimum": 0}
_EVERY = {"Cache-Control": _header("An answer is for one key.", {"enum": ["no-store"]},
                                   required=True)}  # fmt: skip
_KEYED = {
    "Cache-Status": _header("RFC 9211: a hit and its ttl, or why it was none."),
    "RateLimit-Policy": _header('Where limits apply: `"key";q=200;w=2` (IETF httpapi draft).'),
    "RateLimit": _header('What is left of them: `"key";r=150;t=1`.'),
}
_ENTRY = {
    "Age": _header("Seconds since it was stored.", _WHOLE),
    "ETag": _header("Of the stored response: other bytes, another tag.",
                    {"type": "string", "pattern": '^"[0-9a-f]{24}(-s)?"$'}),
    "Server-Timing": _header("`total;dur=` milliseconds spent here."),
    "{prefix}-Status": _header("The outcome in one word."),
}  # fmt: skip
_WAIT = {"Retry-After": _header("Seconds to wait.", {**_WHOLE, "minimum": 1}, required=True)}
_BY_STATUS: dict[str, Json] = {
    "401": {"WWW-Authenticate": _header("Bearer", {"enum": ["Bearer"]}, required=True)},
    "429": _WAIT,
    "503": _WAIT,
}
_DROP_INS = ("chat_completions", "responses", "messages")
_CONTROLLED = ("overflow_lookup", "overflow_store", *_DROP_INS)
_EXACT = {"AgentCache-Customer": CUSTOMER, "AgentCache-Provider": PROVIDER}
_STANDARD = {
    "Cache-Control": "RFC 9111: no-cache, no-store, max-age, min-fresh, max-stale, "
    "stale-if-error. Every lookup is only-if-cached.",
    "traceparent": "W3C trace context; its trace is the answer's `request_id` where none is given.",
}


def complete(result: Json, generator: Any, request: Any, public: bool) -> Json:
    """drf-spectacular's hook: the document, completed."""
    schemas = result["components"]["schemas"]
    for name, shape in BODIES.items():
        if name in schemas:
            schemas[name] = {"type": "object", **_described(schemas[name]), **shape}
    told = schemas["LookupResponse"]["properties"]
    told["response"] = {"description": told["response"]["description"]}  # any JSON at all
    result["components"]["securitySchemes"] = {
        KEY: {"type": "http", "scheme": "bearer", "description": "Your API key."}
    }
    for path in result["paths"].values():
        for operation in path.values():
            _complete_operation(operation)
    return result


def _described(schema: Json) -> Json:
    return {"description": schema["description"]} if "description" in schema else {}


def _complete_operation(operation: Json) -> None:
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    needs_key = "401" in operation["responses"]
    operation["security"] = [{KEY: []}] if needs_key else []
    if operation["operationId"] in _CONTROLLED:
        operation["parameters"] = [*operation.get("parameters", ()), *_parameters()]
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _EXACT.get(parameter["name"], parameter["schema"])
    for status, response in operation["responses"].items():
        headers = {**_EVERY, **_BY_STATUS.get(status, {})}
        if needs_key:
            headers |= _KEYED
        if operation["operationId"] in _CONTROLLED and status in ("200", "201"):
            headers |= {
                name.format(prefix=controls.OWN_PREFIX): header for name, header in _ENTRY.items()
            }
        response["headers"] = {**response.get("headers", {}), **headers}


def _parameters() -> list[Json]:
    ours = [
        _parameter(name, header.about, {"type": "string", "pattern": f"^(?:{header.pattern})$"})
        for name, header in controls.own_headers().items()
    ]
    standard = [_parameter(name, about, {"type": "string"}) for name, about in _STANDARD.items()]
    return ours + standard


def _parameter(name: str, about: str, schema: Json) -> Json:
    return {"in": "header", "name": name, "description": about, "schema": schema}
