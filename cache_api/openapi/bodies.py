"""Request bodies as the doors take them, in JSON Schema: data for the OpenAPI document.

What the doors leave aside has no type, what they refuse is excluded, null is what they take as
absent. `tests/cache_api/test_schemathesis.py` holds both doors to it.
"""

from typing import Any

from cache_api.hot import members
from cache_api.rules import control_words, semantic_key, shapes

Json = dict[str, Any]
_ANY = "Anything else than text is left aside."


def text(longest: int, about: str = "") -> Json:
    """A member that is printable text, or null for none."""
    shape = {"type": ["string", "null"], "minLength": 1, "maxLength": longest,
             "pattern": f"^{control_words.PRINTABLE}+$"}  # fmt: skip
    return {**shape, "description": about} if about else shape


def number(about: str, **bounds: float) -> Json:
    """A member that is a number, or null for none."""
    return {"type": ["number", "null"], "description": about, **bounds}


def _one_of(*names: str) -> list[Json]:
    """At least one of these members, not null."""
    return [{"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in names]


_TAG = {"type": "string", "minLength": 1, "maxLength": members.MAX_LABEL,
        "pattern": f"^{control_words.PRINTABLE}+$"}  # fmt: skip
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
        "namespace": text(control_words.MAX_TEXT),
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
    "semantic_key": text(
        semantic_key.MAX_LENGTH,
        "Your name for what is meant, matched exactly whatever the wording; with "
        "`original_request` for its API, provider and model only.",
    ),
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
_KEYED = _one_of("original_request", "cache_key", "semantic_key")
_FORMAT: Json = {
    "enum": ["json", "sse"],
    "description": "`sse`: `response` is the provider's stream of events, as one string.",
}
_AS_STREAM: Json = {
    "if": {"properties": {"response_format": {"const": "sse"}}, "required": ["response_format"]},
    "then": {"properties": {"response": {"type": "string"}}},
}
_FLAG = {"type": ["boolean", "null"]}
_HEX = "[0-9a-fA-F]"
_UUID7 = f"^{_HEX}{{8}}-{_HEX}{{4}}-7{_HEX}{{3}}-[89abAB]{_HEX}{{3}}-{_HEX}{{12}}$"
# Parameters of the drop-ins.
CUSTOMER: Json = {
    "type": "string",
    "pattern": f"^{control_words.PRINTABLE}{{0,{members.MAX_CUSTOMER}}}$",
}
PROVIDER: Json = {"enum": sorted(shapes.OPENAI_COMPATIBLE)}
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


# A drop-in's body is the provider's request; what counts here are its model and its texts.
_ABSENT: Json = {"not": {}, "description": "Has no place in the provider's own request."}
_TEXTS: Json = {"description": "As the provider has it."}
_STREAM: Json = {"description": "true: answer as the provider streams."}
_PROVIDERS: dict[str, Json] = {
    "ChatRequest": {"messages": _TEXTS, "stream": _STREAM, "stream_options": _TEXTS},
    "ResponsesRequest": {"input": _TEXTS, "stream": _STREAM},
    "MessagesRequest": {"messages": _TEXTS, "max_tokens": _TEXTS, "stream": _STREAM},
}


def _absent(*names: str) -> Json:
    return {"properties": {name: {"type": "null"} for name in names}}


# Component → what its schema is, instead of what the serializer says; its members' texts stay.
BODIES: dict[str, Json] = {
    "LookupRequest": {
        "properties": {
            **_COMMON,
            "response_format": _FORMAT,
            "allow_stale": {
                "description": "true, or for how many seconds after its expiry an entry will do.",
                "anyOf": [_FLAG, {"type": "number", **_SECONDS}],
            },
            "lease": {
                **_FLAG,
                "description": "Of many who miss the same at once, make one the leader.",
            },
        },
        "anyOf": _KEYED,
    },
    "StoreRequest": {
        "properties": {
            **_COMMON,
            "response_format": _FORMAT,
            "response": {
                "description": "Kept byte for byte, up to 8 MiB; a stream as the response its "
                "events make up. One with `encoding` and `data` is a value that is no JSON."
            },
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
        "anyOf": _KEYED,
        **_AS_STREAM,
    },
    "BatchRequest": {
        "properties": {
            "items": {
                "type": "array",
                "minItems": 1,
                "maxItems": 100,
                "description": "Each is read, refused, metered and answered by itself.",
                "items": {"anyOf": [{"$ref": "#/components/schemas/BatchItem"}, {}]},
            }
        },
        "required": ["items"],
    },
    "ExplainRequest": {
        "properties": {
            name: {**_REQUEST, "type": "object", "description": "As in `original_request`."}
            for name in ("left", "right")
        },
        "required": ["left", "right"],
    },
    "FeedbackRequest": {
        "properties": {
            **_COMMON,
            "event_id": {
                "type": "string",
                "pattern": _UUID7,
                "description": "The hit's `billing.event_id`.",
            },
            "correct": {
                "enum": [False, None],
                "description": "With `wrong`; left out with `unused`.",
            },
            "reason": {
                "enum": ["wrong", "unused", None],
                "default": "wrong",
                "description": "`unused`: nobody had a use for it, as when it came too late.",
            },
            "entry_id": {
                "type": ["string", "null"],
                "pattern": "^[0-9a-f]{64}$",
                "description": "The hit's `entry.id`.",
            },
        },
        "required": ["event_id"],
        "anyOf": [
            {
                "properties": {"correct": {"const": False}, "reason": {"enum": ["wrong", None]}},
                "required": ["correct"],
            },
            {
                "properties": {"reason": {"const": "unused"}, "correct": {"type": "null"}},
                "required": ["reason"],
            },
        ],
    },
    **{
        name: {
            "properties": {"model": _NAME, "provider": _ABSENT, **more},
            "required": ["model"],
        }
        for name, more in _PROVIDERS.items()
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
