"""The members of a lookup or store body: read, bounded, or refused with a pointer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cache_api.hot.problems import Problem
from cache_api.rules import controls, inflate, semantic_key, strictjson
from cache_api.rules.controls import NAMES, NOTHING, BadControl, Controls

Headers = Mapping[bytes, bytes]
MAX_CUSTOMER, MAX_CACHE_KEY, MAX_NAMESPACE, MAX_LABEL, MAX_TAGS = 200, 1024, 100, 64, 16
_OVERFLOW_REASONS = frozenset({"miss", "slow", "error", "capacity"})
_LATENCIES = ("redis_latency", "primary_latency", "memcached_latency", "latency")
_MAX_LATENCY_MS = 86_400_000
ANY_MS = 10**13
CODING = b"content-encoding"


@dataclass(slots=True)
class Common:
    """What lookups and stores share. Telemetry that makes no sense is left out, not refused."""

    body: dict[str, Any]
    customer_id: str | None
    cache_key: str | None
    semantic_key: str | None
    original_request: Any  # None when absent
    namespace: str
    request_id: str
    primary_cache: str = ""
    overflow_reason: str = ""
    primary_latency_us: int | None = None
    sdk: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    controls: Controls = NOTHING


def document(body: bytes, headers: Headers) -> dict[str, Any]:
    """A body's members. Raises Problem for anything but a JSON object."""
    check_media(headers)
    try:
        value = strictjson.parse(body)
    except strictjson.BadJson as error:
        raise Problem(error.code, error.detail, pointer=error.pointer) from error
    if type(value) is not dict:
        raise Problem("invalid-request", "The body must be a JSON object.", pointer="")
    return value


def read(body: bytes, headers: Headers) -> Common:
    """Parse a body. Raises Problem for anything that is not a usable request."""
    return of(document(body, headers), headers)


def of(value: dict[str, Any], headers: Headers) -> Common:
    """The same of a body that was parsed. Raises Problem."""
    found = common(value, headers)
    if found.original_request is None and found.cache_key is None and found.semantic_key is None:
        raise Problem(
            "invalid-request",
            "Send original_request (the provider request), cache_key, semantic_key, or several.",
            pointer="/original_request",
        )
    return found


def common(value: dict[str, Any], headers: Headers) -> Common:
    """What a body's members say, none of them required. Raises Problem."""
    said = _controls(value, headers)
    common = Common(
        value,
        text(value, "customer_id", MAX_CUSTOMER),
        text(value, "cache_key", MAX_CACHE_KEY) or said.cache_key,
        text(value, "semantic_key", semantic_key.MAX_LENGTH),
        value.get("original_request"),
        text(value, "namespace", MAX_NAMESPACE) or said.namespace,
        "",
        controls=said,
    )
    _read_telemetry(common, value)
    return common


def unpacked(body: bytes, headers: Headers) -> tuple[bytes, Headers]:
    """A body that came compressed, and its headers, as if it had come plain. Raises Problem."""
    coding = headers[CODING].decode("latin-1").strip().lower()
    if coding != "identity":
        try:
            body = inflate.inflated(body, coding)
        except inflate.BadBody as error:
            accepted = b"accept-encoding: gzip, zstd\r\n"  # RFC 9110 §15.5.16
            fields = accepted if error.code == "unsupported-media" else b""
            raise Problem(error.code, error.detail, pointer="", fields=fields) from error
    return body, {name: text for name, text in headers.items() if name != CODING}


def check_media(headers: Headers) -> None:
    """Raises Problem unless the body is JSON by its headers."""
    media = headers.get(b"content-type", b"application/json").partition(b";")[0].strip().lower()
    if media != b"application/json" and not media.endswith(b"+json"):
        raise Problem("unsupported-media", "Send the body with Content-Type: application/json.")


def text(value: dict[str, Any], name: str, longest: int) -> str | None:
    """A member that is a string, or None where it is absent. Raises Problem."""
    given = value.get(name)
    if given is None:
        return None
    # A printable string is also one that every store and log can hold (no NUL, no lone surrogate).
    if type(given) is not str or not 0 < len(given) <= longest or not given.isprintable():
        raise Problem(
            "invalid-request",
            f"{name} must be a string of 1 to {longest} printable characters.",
            pointer=f"/{name}",
        )
    return given


def _controls(value: dict[str, Any], headers: Headers) -> Controls:
    cache = value.get("cache")
    if cache is None and NAMES.isdisjoint(headers):
        return NOTHING
    try:
        return controls.read(headers, cache)
    except BadControl as error:
        pointer = error.where if error.where.startswith("/") else None
        raise Problem("invalid-request", str(error), pointer=pointer) from error


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
        common.tags = read_tags(value["tags"])
    elif common.controls.tags:
        common.tags = dict.fromkeys(common.controls.tags, "")


def _overflow_reason(metadata: dict[str, Any], primary_latency_us: int | None) -> str:
    given = metadata.get("reason") or metadata.get("overflow_reason")
    if type(given) is str and given in _OVERFLOW_REASONS:
        return given
    if metadata.get("redis_miss") is True:
        return "miss"
    return "slow" if primary_latency_us is not None else ""


def read_tags(given: Any) -> dict[str, str]:
    """Tags, from a list or an object. Raises Problem."""
    pairs = given.items() if type(given) is dict else ((tag, "") for tag in _list(given))
    tags: dict[str, str] = {}
    for name, value in pairs:
        tag = label(name)
        if not tag or len(tags) >= MAX_TAGS or type(value) is not str:
            raise Problem(
                "invalid-request",
                f"tags must be at most {MAX_TAGS} printable strings of up to {MAX_LABEL} "
                "characters (a list, or an object of strings).",
                pointer="/tags",
            )
        tags[tag] = label(value)
    return tags


def _list(given: Any) -> list[Any]:
    return given if type(given) is list else [given]


def flag(value: dict[str, Any], name: str) -> bool:
    """A member that is true or false; absent is false. Raises Problem."""
    given = value.get(name)
    if given is None or type(given) is bool:
        return bool(given)
    raise Problem("invalid-request", f"{name} must be true or false.", pointer=f"/{name}")


def seconds(value: dict[str, Any], name: str) -> int | None:
    """A member in seconds as whole milliseconds, or None where it is absent. Raises Problem."""
    given = value.get(name)
    if given is None:
        return None
    if type(given) not in (int, float) or not 0 <= given < 1e10:
        raise Problem(
            "invalid-request", f"{name} must be a number of seconds, 0 or more.", pointer=f"/{name}"
        )
    return int(given * 1000)


def seconds_or_true(value: dict[str, Any], name: str) -> int:
    """The same, where true stands for any time, and absent or false for 0. Raises Problem."""
    given = value.get(name)
    if type(given) is bool:
        return ANY_MS if given else 0
    return seconds(value, name) or 0


def label(value: Any) -> str:
    """A short printable string, or '' for anything else."""
    if type(value) is not str or len(value) > MAX_LABEL or not value.isprintable():
        return ""
    return value
