"""Where misses may be forwarded to: base addresses that an operator granted a partner. Pure."""

from typing import Any
from urllib.parse import urlsplit

_LOOPBACK = ("127.0.0.1", "localhost")


def address(base: str, path: str, query: str = "") -> str | None:
    """The address of a provider's endpoint under a granted base, or None where the base is unfit.

    A base is what the provider's client calls `base_url`. The caller's key travels there, so it
    must be https, except to this machine, and name nobody's credentials.
    """
    try:
        parts = urlsplit(base)
        host = parts.hostname or ""
    except ValueError:
        return None
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not is_safe or not host or "@" in parts.netloc or parts.query or parts.fragment:
        return None
    return base.rstrip("/") + path + (f"?{query}" if query else "")


def granted(value: Any) -> dict[str, str]:
    """Of an entitlement (provider → base), what keys may travel to; the rest is left out."""
    pairs = value.items() if type(value) is dict else ()
    return {
        provider: base for provider, base in pairs
        if type(provider) is str and type(base) is str and address(base, "") is not None
    }  # fmt: skip
