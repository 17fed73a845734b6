"""What a caller may ask of the cache besides the request itself, in whichever words it knows. Pure.

One table: a header, or a member of the body's `cache` object, and what it means. Our own headers
(`AgentCache-TTL`; a partner's own prefix is made ours at the door), standard `Cache-Control`, and
those of the gateways people come from, so that moving here is one line. A header of ours that makes
no sense is refused; a foreign one is left aside, as its own gateway does. Later goes before
earlier: foreign headers, Cache-Control, our own, the body's `cache`, and before all of them the
documented members.

The tables are in `control_words`.
"""

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cache_api.rules.control_words import BY_TYPE, FOREIGN, OWN, Meaning, Own, cache_control

_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


@dataclass(frozen=True, slots=True)
class Controls:
    """None, "" and () where nothing was said. `reason` tells why nothing is to be read."""

    reason: str = ""  # "off" | "no_cache"
    store: bool = True
    mode: str = ""  # "exact" | "semantic" | "off"
    ttl_s: float | None = None
    max_age_s: float | None = None
    min_fresh_s: float | None = None
    max_stale_s: float | None = None
    namespace: str = ""
    cache_key: str | None = None
    tags: tuple[str, ...] = ()
    min_similarity: float | None = None
    deadline_ms: float | None = None

    @property
    def max_stale_ms(self) -> int | None:
        """How long after its expiry an entry will do."""
        return None if self.max_stale_s is None else int(self.max_stale_s * 1000)

    def refuses(self, age_ms: int, left_ms: int) -> str:
        """Why an entry of this age and remaining life will not do, or ""."""
        if self.max_age_s is not None and age_ms > self.max_age_s * 1000:
            return "too_old"
        if self.min_fresh_s is not None and left_ms < self.min_fresh_s * 1000:
            return "not_fresh"
        return ""


NOTHING = Controls()


class BadControl(ValueError):
    """A header of ours, or a member of `cache`, that makes no sense. `where` names it."""

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(detail)
        self.where = where


OWN_PREFIX = "AgentCache"
_BY_NAME = {
    f"{OWN_PREFIX}-{name}".lower().encode("ascii"): (f"{OWN_PREFIX}-{name}", header)
    for name, header in OWN.items()
}
# One look tells that a request has none of them, which is the ordinary case.
NAMES = frozenset({b"cache-control", *FOREIGN, *_BY_NAME})


def said(headers: Mapping[bytes, bytes]) -> tuple[bytes, ...]:
    """Names and values of those that a request has: what `read` depends on, in one tuple."""
    if NAMES.isdisjoint(headers):
        return ()
    present = sorted(NAMES.intersection(headers))
    return tuple(part for name in present for part in (name, headers[name]))


def read(headers: Mapping[bytes, bytes], cache: Any = None) -> Controls:
    """What headers and the body's `cache` ask. Raises BadControl."""
    meaning: Meaning = {}
    present = NAMES.intersection(headers)
    for name in sorted(present & FOREIGN.keys()):
        with contextlib.suppress(ValueError):
            meaning |= FOREIGN[name](headers[name].decode("latin-1"))
    if b"cache-control" in present:
        meaning |= cache_control(headers[b"cache-control"].decode("latin-1"))
    for name in sorted(present & _BY_NAME.keys()):
        shown, header = _BY_NAME[name]
        text = headers[name].decode("latin-1")
        if not re.fullmatch(header.pattern, text) or not text.isprintable():
            raise BadControl(shown, f"{shown} {header.must}.")
        meaning |= header.read(text)
    if cache is not None:
        meaning |= _body(cache)
    return replace(NOTHING, **meaning) if meaning else NOTHING


def trace_id(headers: Mapping[bytes, bytes]) -> str:
    """The trace that a request belongs to (W3C trace context: 32 hex digits), or ""."""
    raw = headers.get(b"traceparent")
    if raw is None:
        return ""
    match = _TRACE.fullmatch(raw.decode("latin-1"))
    return "" if match is None or match[1] == "0" * 32 else match[1]


def own_headers() -> dict[str, Own]:
    """Our request headers, for the API's description."""
    return {f"{OWN_PREFIX}-{name}": header for name, header in OWN.items()}


def _body(cache: Any) -> Meaning:
    if type(cache) is not dict:
        raise BadControl("/cache", "cache must be an object.")
    meaning: Meaning = {}
    for name, value in cache.items():
        if value is not None:
            meaning |= _member(name, value)
    return meaning


def _member(name: str, value: Any) -> Meaning:
    """One member of `cache`; unknown ones say nothing."""
    for reads, types, must in BY_TYPE:
        read = reads.get(name)
        if read is None:
            continue
        if type(value) not in types:
            raise BadControl(f"/cache/{name}", f"cache.{name} must be {must}.")
        try:
            return read(f"{value:f}" if type(value) is float else str(value))
        except ValueError as error:
            raise BadControl(f"/cache/{name}", f"cache.{name} {error}.") from error
    return {}
