"""What a client is told: read once, checked at once, named alike in both languages."""

import base64
import os
import re
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

PRIVACIES = ("plain", "hash", "encrypt")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m)")
_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000}
_DURATIONS = ("threshold", "deadline", "connect_timeout", "l1_ttl", "drain")
_COUNTS = ("max_in_flight", "l1_bytes", "store_items", "store_bytes")
_FLAGS = ("single_flight", "lease", "read_repair", "strict")


def _env(name: str, default: str = "") -> Any:
    return field(default_factory=lambda: os.environ.get(name, default))


@dataclass(frozen=True, kw_only=True)
class Options:
    """All options with their defaults; durations are milliseconds once read."""

    api_key: str = field(
        default_factory=lambda: os.environ.get("AGENTCACHE_API_KEY", ""), repr=False
    )
    base_url: str = _env("AGENTCACHE_BASE_URL", "http://127.0.0.1:8001")
    portal_url: str = ""
    partner_id: str | None = None
    customer_id: str | None = None
    namespace: str | None = None
    application: str = _env("AGENTCACHE_APPLICATION")
    threshold: float | str = "100ms"
    deadline: float | str = "250ms"
    connect_timeout: float | str = "100ms"
    hedge_budget: float = 0.1
    max_in_flight: int = 64
    l1_bytes: int = 32 * 1024 * 1024
    l1_ttl: float | str = "10s"
    single_flight: bool = True
    lease: bool = True
    store_items: int = 1000
    store_bytes: int = 16 * 1024 * 1024
    drain: float | str = "2s"
    read_repair: bool = True
    prefixes: tuple[str, ...] = ("",)
    max_primary_bytes: int | None = None
    privacy: str = "plain"
    encryption_key: bytes | str | None = field(default=None, repr=False)
    revenue_share: float | None = None
    strict: bool = False

    def ms(self, name: str) -> float:
        """A duration in milliseconds."""
        return duration_ms(name, getattr(self, name))

    @property
    def secret(self) -> bytes:
        """The encryption key's 32 bytes."""
        return _secret(self.encryption_key)


def read(given: dict[str, Any]) -> Options:
    """Checked options. Raises TypeError for an unknown one, ValueError for a wrong value."""
    known = {each.name for each in fields(Options)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise TypeError(f"{unknown[0]} is no option; there are: {', '.join(sorted(known))}.")
    if isinstance(given.get("prefixes"), str):
        given = {**given, "prefixes": (given["prefixes"],)}
    if "prefixes" in given:
        given = {**given, "prefixes": tuple(given["prefixes"])}
    options = Options(**given)
    _check(options)
    return options


def duration_ms(name: str, value: Any) -> float:
    """Milliseconds of 100, "100ms", "2s" or "1m". Raises ValueError."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9:
        return float(value)
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'{name} must be milliseconds or a text such as "100ms", "2s", "1m".')
    return float(found[1]) * _UNITS_MS[found[2]]


def _check(options: Options) -> None:
    if not options.api_key or not options.api_key.isascii() or not options.api_key.isprintable():
        raise ValueError("api_key is missing: pass it, or set AGENTCACHE_API_KEY.")
    for name in ("base_url", "portal_url"):
        url = getattr(options, name)
        if (url or name == "base_url") and not _is_url(url):
            raise ValueError(f"{name} must be http://… or https://…")
    for name in _DURATIONS:
        options.ms(name)
    for name in _COUNTS:
        _require(options, name, int, "a whole number, 0 or more", lambda value: value >= 0)
    for name in _FLAGS:
        _require(options, name, bool, "True or False")
    if not isinstance(options.hedge_budget, int | float) or not 0 <= options.hedge_budget <= 1:
        raise ValueError("hedge_budget must be a number from 0 to 1.")
    if options.max_in_flight < 1:
        raise ValueError("max_in_flight must be 1 or more.")
    if not all(isinstance(prefix, str) for prefix in options.prefixes):
        raise ValueError("prefixes must be strings.")
    if len(options.application) > 40 or not _is_ascii(options.application):
        raise ValueError("application must be at most 40 printable ASCII characters.")
    if options.privacy not in PRIVACIES:
        raise ValueError(f"privacy must be one of {', '.join(PRIVACIES)}.")
    if options.privacy == "encrypt":
        _secret(options.encryption_key)


def _require(options: Options, name: str, kind: type, what: str, fits: Any = None) -> None:
    value = getattr(options, name)
    if type(value) is not kind or (fits is not None and not fits(value)):
        raise ValueError(f"{name} must be {what}.")


def _is_url(text: Any) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except (ValueError, AttributeError):
        return False


def _is_ascii(text: str) -> bool:
    return text.isascii() and (not text or text.isprintable())


def _secret(given: bytes | str | None) -> bytes:
    try:
        key = base64.b64decode(given, validate=True) if isinstance(given, str) else given
    except ValueError:
        key = None
    if not isinstance(key, bytes) or len(key) != 32:
        raise ValueError('privacy "encrypt" needs an encryption_key of 32 bytes, or their base64.')
    return key
