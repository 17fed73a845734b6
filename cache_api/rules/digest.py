"""Digest v1: SHA-256 over the RFC 8785 canonical JSON of {api, model, params, provider, v}. Pure.

`rfc8785` is the reference. Sorted `orjson` takes its place where both provably give the same bytes:
member names in ASCII (RFC 8785 sorts by UTF-16 code units, orjson by UTF-8 bytes), integers within
±(2^53 − 1), fractions whose shortest form has no exponent in either.
"""

import hashlib
from typing import Any

import orjson
import rfc8785

from cache_api.rules.identity import VERSION, Identity

MAX_INTEGER = 2**53 - 1
_SORTED = orjson.OPT_SORT_KEYS


class NotCanonical(ValueError):
    """A value RFC 8785 cannot express without loss: no digest, hence no entry."""


def digest(identity: Identity) -> str:
    """The digest as 64 lower-case hex digits. Raises NotCanonical."""
    return hashlib.sha256(canonical(identity)).hexdigest()


def canonical(identity: Identity) -> bytes:
    """The canonical document the digest is made of. Raises NotCanonical."""
    params = identity.params
    for name, value in params.items():
        # The commonest fraction is a whole one ("temperature": 1.0): spell it as JCS does.
        if type(value) is float and value.is_integer() and abs(value) <= MAX_INTEGER:
            params = {**params, name: int(value)}
    document = {
        "v": VERSION,
        "api": identity.api,
        "provider": identity.provider,
        "model": identity.model,
        "params": params,
    }
    return canonical_json(document)


def canonical_json(value: Any) -> bytes:
    """RFC 8785 bytes of any parsed JSON value. Raises NotCanonical."""
    if _is_plain(value):
        try:
            return orjson.dumps(value, option=_SORTED)
        except orjson.JSONEncodeError:
            pass  # a lone surrogate, or nesting beyond its limit: the reference names it
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise NotCanonical(f"The request has no canonical form: {error}.") from error


def _is_plain(value: Any) -> bool:
    """Whether the fast path is provably exact. Raises NotCanonical for a number beyond 2^53."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is dict:
        for name in value:
            if not name.isascii():
                _check_numbers(value)
                return False
        return _all_plain(value.values())
    if kind is list:
        return _all_plain(value)
    return _is_plain_number(value)


def _all_plain(values: Any) -> bool:
    plain = True
    for value in values:
        if type(value) is not str and not _is_plain(value):
            plain = False  # keep looking: a number further on may have no form at all
    return plain


def _is_plain_number(number: int | float) -> bool:
    if isinstance(number, int):
        if -MAX_INTEGER <= number <= MAX_INTEGER:
            return True
        raise NotCanonical(f"The integer {number} is beyond 2^53; send it as a string.")
    if number.is_integer():
        if abs(number) > MAX_INTEGER:
            raise NotCanonical(f"The number {number} is beyond 2^53; send it as a string.")
        return False
    return 1e-4 <= abs(number) < 1e15


def _check_numbers(value: Any) -> None:
    if type(value) is dict:
        _all_plain(value.values())
