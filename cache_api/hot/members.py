"""The members of a lookup or store body: read, bounded, or refused with a pointer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cache_api.hot.problems import Problem
from cache_api.rules import strictjson

Headers = Mapping[bytes, bytes]
MAX_CUSTOMER, MAX_CACHE_KEY, MAX_NAMESPACE, MAX_LABEL, MAX_TAGS = 200, 1024, 100, 64, 16
_OVERFLOW_REASONS = frozenset({"miss", "slow", "error", "capacity"})
_LATENCIES = ("redis_latency", "primary_latency", "memcached_latency", "latency")
_MAX_LATENCY_MS = 86_400_000


@dataclass(slots=True)
class Common:
    """What lookups and stores share. Telemetry that makes no sense is left out, not refused."""

    body: dict[str, Any]
    customer_id: str | None
    cache_key: str | None
    original_request: Any  # None when absent
    namespace: str
    request_id: str
    primary_cache: str = ""
    overflow_reason: str = ""
    primary_latency_us: int | None = None
    sdk: str = ""
    tags: dict[str, str] = field(default_factory=dict)


def read(body: bytes, headers: Headers) -> Common:
    """Parse a body. Raises Problem for anything that is not a usable request."""
    _check_media(headers)
    try:
        value = strictjson.parse(body)
    except strictjson.BadJson as error:
        raise Problem(error.code, error.detail, pointer=error.pointer) from error
    if type(value) is not dict:
        raise Problem("invalid-request", "The body must be a JSON object.", pointer="")
    original = value.get("original_request")
    cache_key = _text(value, "cache_key", MAX_CACHE_KEY)
    if original is None and cache_key is None:
        raise Problem(
            "invalid-request",
            "Send original_request (the provider request), cache_key, or both.",
            pointer="/original_request",
        )
    common = Common(
        value,
        _text(value, "customer_id", MAX_CUSTOMER),
        cache_key,
        original,
        _namespace(value, headers),
        "",
    )
    _read_telemetry(common, value)
    return common


def _check_media(headers: Headers) -> None:
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Problem("unsupported-media", "Send the body uncompressed (no Content-Encoding).")
    media = headers.get(b"content-type", b"application/json").partition(b";")[0].strip().lower()
    if media != b"application/json" and not media.endswith(b"+json"):
        raise Problem("unsupported-media", "Send the body with Content-Type: application/json.")


def _text(value: dict[str, Any], name: str, longest: int) -> str | None:
    text = value.get(name)
    if text is None:
        return None
    # A printable string is also one that every store and log can hold (no NUL, no lone surrogate).
    if type(text) is not str or not 0 < len(text) <= longest or not text.isprintable():
        raise Problem(
            "invalid-request",
            f"{name} must be a string of 1 to {longest} printable characters.",
            pointer=f"/{name}",
        )
    return text


def _namespace(value: dict[str, Any], headers: Headers) -> str:
    named = _text(value, "namespace", MAX_NAMESPACE)
    if named is not None:
        return named
    header = headers.get(b"agentcache-namespace")
    if header is None:
        return ""
    text = header.decode("latin-1")
    if len(text) > MAX_NAMESPACE or not text.isprintable():
        raise Problem(
            "invalid-request",
            f"AgentCache-Namespace must have at most {MAX_NAMESPACE} printable characters.",
        )
    return text


def _read_telemetry(common: Common, value: dict[str, Any]) -> None:
    metadata = value.get("metadata")
    if metadata is None:
        metadata = {}
    elif type(metadata) is not dict:
        raise Problem("invalid-request", "metadata must be an object.", pointer="/metadata")
    common.request_id = label(value.get("request_id")) or label(metadata.get("request_id"))
    common.primary_cache = label(metadata.get("primary")) or label(value.get("provider"))
    common.sdk = label(metadata.get("sdk"))
    for name in _LATENCIES:
        milliseconds = metadata.get(name)
        if type(milliseconds) is bool or not isinstance(milliseconds, int | float):
            continue
        if 0 <= milliseconds <= _MAX_LATENCY_MS:
            common.primary_latency_us = round(milliseconds * 1000)
            break
    common.overflow_reason = _overflow_reason(metadata, common.primary_latency_us)
    if "tags" in value:
        common.tags = _tags(value["tags"])


def _overflow_reason(metadata: dict[str, Any], primary_latency_us: int | None) -> str:
    given = metadata.get("reason") or metadata.get("overflow_reason")
    if type(given) is str and given in _OVERFLOW_REASONS:
        return given
    if metadata.get("redis_miss") is True:
        return "miss"
    return "slow" if primary_latency_us is not None else ""


def _tags(given: Any) -> dict[str, str]:
    pairs = given.items() if type(given) is dict else ((tag, "") for tag in _list(given))
    tags: dict[str, str] = {}
    for name, text in pairs:
        tag = label(name)
        if not tag or len(tags) >= MAX_TAGS or type(text) is not str:
            raise Problem(
                "invalid-request",
                f"tags must be at most {MAX_TAGS} printable strings of up to {MAX_LABEL} "
                "characters (a list, or an object of strings).",
                pointer="/tags",
            )
        tags[tag] = label(text)
    return tags


def _list(given: Any) -> list[Any]:
    return given if type(given) is list else [given]


def label(value: Any) -> str:
    """A short printable string, or '' for anything else."""
    if type(value) is not str or len(value) > MAX_LABEL or not value.isprintable():
        return ""
    return value
