"""Digest v1 of a provider request: SHA-256 over RFC 8785 JSON of {api, model, params, provider, v}.

The server computes its own; this one names entries where the request stays at home (`privacy`), in
the process's memory and offline. tests/vectors/digest.json holds both to the same answers.
"""

import hashlib
import json
from typing import Any

from agentcache_overflow import shapes

VERSION = 1
MAX_INTEGER = 2**53 - 1
MAX_NAME = 200
# Published: members that do not change the answer a model would give.
DENYLIST = frozenset(
    {
        "stream", "stream_options", "user", "metadata", "store", "service_tier",
        "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options",
        "timeout", "extra_headers", "request_id", "cache_control",
    }
)  # fmt: skip
DENIED_BY_API = {shapes.COHERE: frozenset({"priority"})}
_APART = DENYLIST | {"provider", "model"}


class NotCanonical(ValueError):
    """A value that RFC 8785 cannot express without loss, or that is no JSON: no digest."""


class BadRequest(ValueError):
    """A request without a provider or model. `pointer` is relative to it."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer


def digest(request: Any) -> str:
    """64 lower-case hex digits. Raises NotCanonical or BadRequest."""
    return hashlib.sha256(canonical(request).encode()).hexdigest()


def canonical(request: Any) -> str:
    """The canonical document the digest is made of. Raises NotCanonical or BadRequest."""
    return canonical_json(identify(request))


def identify(request: Any) -> dict[str, Any]:
    """{v, api, provider, model, params}: a request reduced to what counts. Raises BadRequest.

    The request is not changed; what comes back may share its nested values.
    """
    if type(request) is not dict:
        raise BadRequest("", "The request must be an object.")
    provider, model = _name(request, "provider"), _name(request, "model")
    params = {
        name: value for name, value in request.items() if value is not None and name not in _APART
    }
    api = shapes.api_of(provider, model, params)
    for name in DENIED_BY_API.get(api, ()):
        params.pop(name, None)
    shapes.normalise(api, params)
    return {"v": VERSION, "api": api, "provider": provider, "model": model, "params": params}


def canonical_json(value: Any) -> str:
    """RFC 8785 text of any JSON value. Raises NotCanonical."""
    text = _text(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotCanonical("A string has an unpaired surrogate.") from None
    return text


def _name(request: dict[str, Any], member: str) -> str:
    value = request.get(member)
    if type(value) is not str or not 0 < len(value) <= MAX_NAME:
        raise BadRequest(f"/{member}", f'The request needs "{member}": 1 to {MAX_NAME} characters.')
    return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_text, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(_members(value))}}}"
    raise NotCanonical(f"{type(value).__name__} is no JSON value.")


def _members(value: dict[Any, Any]) -> list[str]:
    if not all(isinstance(name, str) for name in value):
        raise NotCanonical("A member's name is no string.")
    try:
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    except UnicodeEncodeError:
        raise NotCanonical("A member's name has an unpaired surrogate.") from None
    return [f"{_text(name)}:{_text(value[name])}" for name in names]


def _number(value: int | float) -> str:
    """ECMAScript's spelling (RFC 8785 §3.2.2.3): `repr` has the same shortest digits."""
    if value != value or value in (float("inf"), float("-inf")):
        raise NotCanonical(f"{value} is no JSON number.")
    if value == int(value):
        if abs(value) > MAX_INTEGER:
            raise NotCanonical(f"The number {value} is beyond 2^53; send it as a string.")
        return str(int(value))
    digits, _, exponent = repr(float(value)).partition("e")
    if not exponent:  # from 1e-4 on
        return digits
    power = int(exponent)
    if -7 < power < 0:
        sign, bare = ("-", digits[1:]) if digits[0] == "-" else ("", digits)
        return f"{sign}0.{'0' * (-power - 1)}{bare.replace('.', '')}"
    return f"{digits}e{power:+d}"
