"""What the serializers cannot say of the API: exact bodies, headers, keys. Data, put in at the end.

The document is a promise that `tests/cache_api/test_schemathesis.py` holds both doors to, so a body
is described as the doors take it: what they leave aside has no type, what they refuse is excluded.
"""

from typing import Any

from cache_api.hot import members
from cache_api.rules import controls

Json = dict[str, Any]
KEY = "key"
_ANY = "Anything else than text is left aside."
_PROBLEM = "application/problem+json"


def text(longest: int, about: str = "") -> Json:
    """A member that is printable text, or null for none."""
    shape = {"type": ["string", "null"], "minLength": 1, "maxLength": longest,
             "pattern": f"^{controls.PRINTABLE}+$"}  # fmt: skip
    return {**shape, "description": about} if about else shape


def number(about: str, **bounds: float) -> Json:
    """A member that is a number, or null for none."""
    return {"type": ["number", "null"], "description": about, **bounds}


def _one_of(*names: str) -> list[Json]:
    """At least one of these members, not null."""
    return [{"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in names]


_TAG = {"type": "string", "minLength": 1, "maxLength": members.MAX_LABEL,
        "pattern": f"^{controls.PRINTABLE}+$"}  # fmt: skip
_TAGS: Json = {
    "description": f"Up to {members.MAX_TAGS} words, in a list or as an object of texts.",
    "anyOf": [
        {"type": "array", "items": _TAG, "maxItems": members.MAX_TAGS},
        {"type": "object", "propertyNames": _TAG, "maxProperties": members.MAX_TAGS,
         "additionalProperties": {"type": "string"}},
        _TAG,
    ],
}  # fmt: skip
_SECONDS = {"minimum": 0, "exclusiveMaximum": 1e10}
_NAME = {"type": "string", "minLength": 1, "maxLength": 200}
_REQUEST: Json = {
    "type": ["object", "null"],
    "description": "The provider request, with `provider` and `model`.",
    "properties": {"provider": _NAME, "model": _NAME},
    "required": ["provider", "model"],
    "additionalProperties": True,
}
_CACHE: Json = {
    "type": ["object", "null"],
    "description": "Controls in LiteLLM's words; the headers say the same.",
    "properties": {
        "ttl": number("Seconds.", minimum=0, maximum=999_999_999),
        "s-maxage": number("Seconds: no older entry will do.", minimum=0, maximum=999_999_999),
        "max_age": number("The same.", minimum=0, maximum=999_999_999),
        "max_stale": number("Seconds past its expiry.", minimum=0, maximum=999_999_999),
        "min_similarity": number("Stricter, never looser.", minimum=0, maximum=1),
        "no-cache": {"type": ["boolean", "null"]},
        "no-store": {"type": ["boolean", "null"]},
        "use-cache": {"type": ["boolean", "null"]},
        "namespace": text(controls.MAX_TEXT),
        "mode": {"enum": ["exact", "semantic", "hybrid", "off", None]},
    },
}
_COMMON: Json = {
    "provider": {"description": f"The primary cache. {_ANY}"},
    "customer_id": text(members.MAX_CUSTOMER, "The partner's own name for its customer."),
    "cache_key": text(
        members.MAX_CACHE_KEY,
        "Your own key, or the request's digest; alone or beside `original_request`.",
    ),
    "original_request": _REQUEST,
    "namespace": text(members.MAX_NAMESPACE, "Keeps entries of one customer apart."),
    "request_id": {
        "description": f"A UUIDv7 of the last 15 minutes makes a retry one usage event. {_ANY}"
    },
    "tags": _TAGS,
    "cache": _CACHE,
    "metadata": {
        "type": ["object", "null"],
        "description": "Why you came. Members that make no sense are left aside.",
        "properties": {
            "redis_latency": {"description": "Milliseconds the primary cache took."},
            "region": {"description": "Where the caller is."},
            "reason": {"description": "miss, slow, error or capacity"},
            "primary": {"description": "redis, memcached, dragonfly, …"},
            "sdk": {"description": "The client and its version."},
        },
    },
}
_FLAG = {"type": ["boolean", "null"]}
_PURGE_KEYS = ("cache_key", "cache_keys", "original_request")
_PURGE_WORDS = ("model", "provider", "namespace", "customer_id", "tag", "tags", "older_than_s")
_SOME_TAGS = {
    "anyOf": [
        {**_TAGS["anyOf"][0], "minItems": 1},
        {**_TAGS["anyOf"][1], "minProperties": 1},
        _TAG,
        {"type": "null"},
    ]
}


def _absent(*names: str) -> Json:
    return {"properties": {name: {"type": "null"} for name in names}}


# Component → what its schema is, instead of what the serializer says; its members' texts stay.
BODIES: dict[str, Json] = {
    "LookupRequest": {
        "properties": {
            **_COMMON,
            "allow_stale": {
                "description": "true, or for how many seconds after its expiry an entry will do.",
                "anyOf": [_FLAG, {"type": "number", **_SECONDS}],
            },
            "lease": {
                **_FLAG,
                "description": "Of many who miss the same at once, make one the leader.",
            },
        },
        "anyOf": _one_of("original_request", "cache_key"),
    },
    "StoreRequest": {
        "properties": {
            **_COMMON,
            "response": {"description": "Kept byte for byte, up to 8 MiB."},
            "response_format": {"enum": ["json"]},
            "ttl": number(
                "Seconds; capped by partner, platform.", exclusiveMinimum=0, exclusiveMaximum=1e10
            ),
            "max_stale": number("Seconds the entry is kept past its expiry.", **_SECONDS),
            "lease_id": {
                "type": ["string", "null"],
                "pattern": "^[0-9a-f]{1,12}-[0-9a-f]{24}$",
                "description": "The lease that the lookup gave you; it ends with this.",
            },
            "usage": {"description": "The provider's usage object, when the response has none."},
        },
        "required": ["response"],
        "anyOf": _one_of("original_request", "cache_key"),
    },
    "PurgeRequest": {
        "properties": {
            "cache_key": text(members.MAX_CACHE_KEY),
            "cache_keys": {
                "type": ["array", "null"],
                "items": {**text(members.MAX_CACHE_KEY), "type": "string"},
                "minItems": 1,
                "maxItems": 100,
            },
            "original_request": _REQUEST,
            "tag": _SOME_TAGS,
            "tags": {**_SOME_TAGS, "description": "Any of them."},
            "model": text(200),
            "provider": text(members.MAX_LABEL),
            "customer_id": text(members.MAX_CUSTOMER),
            "namespace": text(members.MAX_NAMESPACE),
            "older_than_s": number("Seconds since it was stored.", **_SECONDS),
            "all": {"enum": [True, None], "description": "Everything; stands alone."},
            "mode": {
                "enum": ["hard", "soft", None],
                "description": "soft: may still be served to who asks for stale entries.",
            },
            "dry_run": _FLAG,
            "request_id": {},
            "metadata": {},
        },
        "additionalProperties": False,
        "anyOf": [
            {"allOf": [
                {"anyOf": _one_of(*_PURGE_KEYS)},
                _absent("all", "tag", "tags", "model", "provider", "older_than_s"),
            ]},
            {"allOf": [{"anyOf": _one_of(*_PURGE_WORDS)}, _absent("all", *_PURGE_KEYS)]},
            {"allOf": [{"anyOf": _one_of("all")}, _absent(*_PURGE_KEYS, *_PURGE_WORDS)]},
        ],
    },
}  # fmt: skip


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
                    {"type": "string", "pattern": '^"[0-9a-f]{24}"$'}),
    "Server-Timing": _header("`total;dur=` milliseconds spent here."),
    "{prefix}-Status": _header("The outcome in one word."),
}  # fmt: skip
_WAIT = {"Retry-After": _header("Seconds to wait.", {**_WHOLE, "minimum": 1}, required=True)}
_BY_STATUS: dict[str, Json] = {
    "401": {"WWW-Authenticate": _header("Bearer", {"enum": ["Bearer"]}, required=True)},
    "429": _WAIT,
    "503": _WAIT,
}
_CONTROLLED = ("overflow_lookup", "overflow_store")
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
