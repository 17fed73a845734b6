"""What goes over the wire and what comes back: keys, values, bodies. No I/O."""

import base64
import hashlib
import hmac
import json
import os
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agentcache_overflow import answer, fingerprint
from agentcache_overflow._version import __version__
from agentcache_overflow.answer import Answer
from agentcache_overflow.options import Options

BYTES, ENCRYPTED = "application/octet-stream", "application/vnd.agentcache.encrypted"
MAX_KEY = 1024
_MARKED = ("sha256:", "hmac:")


class Garbage(ValueError):
    """An answer that is none."""


@dataclass(frozen=True, slots=True)
class Named:
    """One entry as named on the wire; `ident` names it in this process."""

    ident: str
    members: dict[str, Any]
    is_request: bool = False


class Wire:
    """Options applied to keys, requests and values."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.sdk = f"agentcache-py/{__version__} {options.application}".rstrip()
        self._sealer = _Sealer(options.secret) if options.privacy == "encrypt" else None
        self.common = {
            name: value
            for name, value in (
                ("customer_id", options.customer_id),
                ("namespace", options.namespace),
            )
            if value is not None
        }

    def key(self, key: str | bytes) -> str:
        """The `cache_key` of any key (BEHAVIOUR.md, "On the wire")."""
        raw = key if isinstance(key, bytes) else key.encode("utf-8", "surrogatepass")
        if self._sealer is not None:
            return self._sealer.name(raw)
        if self.options.privacy == "plain" and 0 < len(raw) <= MAX_KEY and raw.isascii():
            text = raw.decode("ascii")
            if text.isprintable() and not text.startswith(_MARKED):
                return text
        return "sha256:" + hashlib.sha256(raw).hexdigest()

    def name(
        self,
        key: str | bytes | None = None,
        request: dict[str, Any] | None = None,
        semantic_key: str | None = None,
    ) -> Named:
        """How an entry is named. Raises NotCanonical, BadRequest, TypeError."""
        if key is None and request is None and semantic_key is None:
            raise TypeError("Say which: key, request or semantic_key.")
        members: dict[str, Any] = {}
        digest = None
        if request is not None:
            request = _plain(request)
            digest = fingerprint.digest(request)
            members |= self._about(request, digest)
        if key is not None:
            members["cache_key"] = self.key(key)
        if semantic_key is not None and self.options.privacy == "plain":
            members["semantic_key"] = semantic_key
        ident = members.get("cache_key") or digest or f"meaning:{semantic_key}"
        if key is not None and digest is not None:
            ident = f"{ident} {digest}"
        return Named(ident, members, digest is not None)

    def _about(self, request: dict[str, Any], digest: str) -> dict[str, Any]:
        """A request as it may leave the process."""
        if self.options.privacy == "plain":
            return {"original_request": request}
        named = self._sealer.name(digest.encode()) if self._sealer is not None else digest
        return {
            "cache_key": named,
            "provider": request["provider"][:64],
            "model": request["model"][:64],
        }

    def lookup(self, named: Named, metadata: dict[str, Any], primary: str = "") -> dict[str, Any]:
        """The body of a lookup."""
        kind = {"provider": primary} if primary else {}
        body = {**kind, **self.common, **named.members, "metadata": {"sdk": self.sdk, **metadata}}
        if self.options.lease:
            body["lease"] = True
        return body

    def store(self, named: Named, response: Any, **more: Any) -> dict[str, Any]:
        """The body of a store. Raises TypeError for what is neither JSON nor bytes."""
        told = {name: value for name, value in more.items() if value is not None}
        if "model" in named.members and isinstance(response, dict):
            # Where the request stays at home, the edge cannot tell whose usage the response tells.
            told.setdefault("usage", response.get("usage"))
        told = {name: value for name, value in told.items() if value is not None}
        body = {**self.common, **named.members, **told, "metadata": {"sdk": self.sdk}}
        body["response"] = self.sealed(response, named)
        return body

    def sealed(self, response: Any, named: Named) -> Any:
        """A value as it travels."""
        if self._sealer is not None:
            return self._sealer.seal(response, named.members["cache_key"])
        if isinstance(response, bytes | bytearray | memoryview):
            return _value(BYTES, bytes(response))
        return response

    def opened(self, response: Any, named: Named) -> Any:
        """The value again. Raises Garbage."""
        kind = _kind(response)
        if self._sealer is not None:
            if kind != ENCRYPTED:
                raise Garbage("a value that is not encrypted")
            return self._sealer.open(_data(response), named.members["cache_key"])
        return _data(response) if kind == BYTES else response

    def read(self, status: int, body: bytes, named: Named, age_s: float | None = None) -> Answer:
        """The Answer of a 200. Raises Garbage."""
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            raise Garbage("no JSON") from None
        if status != 200 or type(told) is not dict or type(told.get("hit")) is not bool:
            raise Garbage("no answer of a lookup")
        billing = told.get("billing")
        event_id = billing.get("event_id") if type(billing) is dict else None
        if not told["hit"]:
            found = answer.miss(_text(told.get("reason")))
            found.lease = told["lease"] if type(told.get("lease")) is dict else None
            found.event_id = event_id
            return found
        if told.get("response") is None:
            raise Garbage("a hit without a response")
        found = answer.hit(self.opened(told["response"], named), "overflow")
        found.status, found.event_id = _text(told.get("status")) or "hit", event_id
        found.cost_saved, found.similarity = _number(told.get("cost_saved")), told.get("similarity")
        entry = told.get("entry")
        if type(entry) is dict:
            found.entry, found.entry_id = entry, entry.get("id")
            found.expires_at = _expiry(entry, age_s)
        return found


class _Sealer:
    """AES-256-GCM and HMAC-SHA-256 under the caller's own key."""

    def __init__(self, secret: bytes) -> None:
        try:
            from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - an extra
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
        except ImportError:
            raise ValueError(
                'privacy "encrypt" needs: pip install "agentcache-overflow[encrypt]"'
            ) from None
        self._secret, self._aead, self._invalid = secret, AESGCM(secret), InvalidTag

    def name(self, raw: bytes) -> str:
        return "hmac:" + hmac.new(self._secret, raw, hashlib.sha256).hexdigest()

    def seal(self, response: Any, wire_key: str) -> dict[str, str]:
        if isinstance(response, bytes | bytearray | memoryview):
            plain = b"B" + bytes(response)
        else:
            plain = b"J" + json.dumps(response, ensure_ascii=False, allow_nan=False).encode()
        nonce = os.urandom(12)
        return _value(ENCRYPTED, nonce + self._aead.encrypt(nonce, plain, wire_key.encode()))

    def open(self, data: bytes, wire_key: str) -> Any:
        try:
            plain = self._aead.decrypt(data[:12], data[12:], wire_key.encode())
            return plain[1:] if plain[:1] == b"B" else json.loads(plain[1:])
        except (self._invalid, ValueError):
            raise Garbage("a value that cannot be opened") from None


def _plain(request: Any) -> dict[str, Any]:
    """A request as JSON has it: tuples are lists, and nothing is shared with the caller's."""
    try:
        made: dict[str, Any] = json.loads(json.dumps(request, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise fingerprint.NotCanonical(f"The request is no JSON: {type(error).__name__}.") from None
    return made


def _value(content_type: str, data: bytes) -> dict[str, str]:
    text = base64.b64encode(data).decode("ascii")
    return {"content_type": content_type, "encoding": "base64", "data": text}


def _kind(response: Any) -> str:
    if type(response) is dict and response.get("encoding") == "base64" and "data" in response:
        return str(response.get("content_type"))
    return ""


def _data(response: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(response["data"], validate=True)
    except (ValueError, TypeError):
        raise Garbage("no base64") from None


def _text(value: Any) -> str:
    return value if type(value) is str else ""


def _number(value: Any) -> float:
    return float(value) if type(value) in (int, float) else 0.0


def _expiry(entry: dict[str, Any], age_s: float | None) -> float | None:
    """When an entry ends, by this machine's clock, which may differ from the edge's."""
    created, expires = _instant(entry.get("created_at")), _instant(entry.get("expires_at"))
    if created is None or expires is None or age_s is None:
        return expires
    return time.time() + (expires - created) - age_s


def _instant(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except (ValueError, AttributeError):
        return None
