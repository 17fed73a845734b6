"""JSON from strangers: parsed strictly, in linear time, or refused with the reason. Pure.

Refused: more than a body may have, invalid UTF-8, malformed text, more than 20,000 values, nesting
deeper than 64, an object that names a member twice, NaN and Infinity, numbers that no double holds.
Escaped lone surrogates are accepted (they are valid JSON); only a digest cannot be made of them.
"""

import json
import re
from itertools import islice
from typing import Any

import orjson

from cache_api.rules import inflate

MAX_BYTES = 10 * 1024 * 1024  # of a plain body; one that was unpacked may have `inflate.MAX_BYTES`
MAX_DEPTH = 64
MAX_NODES = 20_000
# A value is at most two brackets and a member's name with its colon: what has more is malformed.
_MAX_TOKENS = 4 * (MAX_NODES + 1)

# Never backtracks, and an unterminated string reaches to the end: linear whatever is sent.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
# Strings, other scalars, brackets and colons: what values are counted by.
TOKEN = re.compile(_STRING.pattern + rb'|[^\s,\[\]{}":]++|[\[\]{}:]', re.DOTALL)
_COLON = ord(":")
_COLONS = (b'":', b" :", b"\t:", b"\n:", b"\r:")


class BadJson(ValueError):
    """A body that is refused. `code` is stable, `pointer` a JSON pointer ("" = the whole body)."""

    def __init__(self, code: str, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.code, self.detail, self.pointer = code, detail, pointer


def parse(body: bytes) -> Any:
    """The value of a JSON body. Raises BadJson."""
    if len(body) > inflate.MAX_BYTES:
        detail = f"The body has {len(body)} bytes; {inflate.MAX_BYTES} are allowed."
        raise BadJson("payload-too-large", detail)
    # Upper bounds that cost microseconds; the exact count is made only when they are passed.
    brackets = body.count(b"{") + body.count(b"[")
    if body.count(b",") + 2 * brackets + 1 > MAX_NODES or brackets > MAX_DEPTH:
        _check_structure(body)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        value = _parse_slowly(body, error)
    if not _members_told_apart(body, value):
        _refuse_duplicates(body)
    return value


def _members_told_apart(body: bytes, value: Any) -> bool:
    # Every member has one colon after a quote (perhaps with space between). If no more such colons
    # exist than members came out of the parser, none was dropped; else count without the strings.
    members = count_members(value)
    if body.count(b":") == members or sum(map(body.count, _COLONS)) == members:
        return True
    return _STRING.sub(b'""', body).count(b":") == members


def most_values(body: bytes) -> int:
    """At least as many values as a body has, counted without its strings and without a parser."""
    bare = _STRING.sub(b'""', body)
    return bare.count(b",") + bare.count(b"{") + bare.count(b"[") + 1


def count_members(value: Any) -> int:
    """How many object members a parsed value has in all."""
    members = 0
    waiting = [value]
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if kind is dict:
            members += len(item)
            item = item.values()
        elif kind is not list:
            continue
        for inner in item:
            if type(inner) is dict or type(inner) is list:
                waiting.append(inner)  # noqa: PERF401 - twice as fast as a comprehension here
    return members


def _check_structure(body: bytes) -> None:
    """Exact limits, given up at once when they are passed, or when it can be no JSON."""
    depth = nodes = 0
    for match in islice(TOKEN.finditer(body), _MAX_TOKENS):
        token = body[match.start()]
        if token in b"[{":
            depth += 1
            nodes += 1
            if depth > MAX_DEPTH:
                raise BadJson("too-deep", f"The body nests more than {MAX_DEPTH} levels deep.")
        elif token in b"]}":
            depth -= 1
        else:
            nodes += -1 if token == _COLON else 1  # a member's name is no value
        if nodes > MAX_NODES + 1:
            break
    if nodes > MAX_NODES:
        raise BadJson("too-many-values", f"The body has more than {MAX_NODES} values.")


def _parse_slowly(body: bytes, error: orjson.JSONDecodeError) -> Any:
    """What the fast parser refused: the standard one tells lone surrogates from broken text."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as bad:
        raise BadJson("invalid-json", f"The body is not UTF-8 at byte {bad.start}.") from bad
    if "\\u" in text:
        try:
            return json.loads(
                text, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole
            )
        except json.JSONDecodeError:
            pass  # the first parser's message is the clearer one
    raise BadJson("invalid-json", f"The body is not JSON: {error}.") from error


def _refuse_constant(name: str) -> None:
    raise BadJson("invalid-json", f"{name} is not JSON; use null or leave the member out.")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise BadJson("invalid-json", f"The number {text[:40]} is larger than a double can hold.")
    return number


def _whole(text: str) -> int:
    _finite(text)  # first: Python itself fails on thousands of digits, with an error of its own
    return int(text)


def _refuse_duplicates(body: bytes) -> None:
    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in members:
            if name in found:
                raise BadJson(
                    "duplicate-member",
                    f"The member {name[:80]!r} appears twice in one object; send it once.",
                    "/" + name[:80].replace("~", "~0").replace("/", "~1"),
                )
            found[name] = value
        return found

    json.loads(body, object_pairs_hook=pairs)
    raise BadJson("duplicate-member", "A member appears twice in one object; send it once.")
