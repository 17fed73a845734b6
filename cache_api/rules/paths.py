"""Where two JSON values differ, and what can be shown of a value without showing it. Pure.

Nothing recurses: depth costs no stack. Work is linear in the number of values.
"""

import hashlib
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from cache_api.rules import digest

ABSENT: Final = object()
Path = tuple[str | int, ...]
Gap = tuple[Path, Any, Any]  # where, left, right; either may be ABSENT
_SHOWN_NAME = 64
_HASH_DIGITS = 12
_TYPES = {
    type(None): "null", bool: "boolean", int: "number", float: "number", str: "string",
    list: "array", dict: "object",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """What may be shown of a value: JSON type, length (characters, elements or members), and the
    first digits of the SHA-256 of its canonical JSON (None when it has no such form)."""

    type: str
    length: int | None
    hash: str | None


def shape(value: Any) -> Shape | None:
    """A value's shape; None for ABSENT."""
    if value is ABSENT:
        return None
    length = len(value) if type(value) in (str, list, dict) else None
    try:
        whole = hashlib.sha256(digest.canonical_json(value)).hexdigest()
    except digest.NotCanonical:
        return Shape(_TYPES[type(value)], length, None)
    return Shape(_TYPES[type(value)], length, whole[:_HASH_DIGITS])


def gaps(left: Any, right: Any) -> list[Gap]:
    """Every place where two values differ, in document order; objects by name, lists by index."""
    found: list[Gap] = []
    waiting: list[Gap] = [((), left, right)]
    while waiting:
        path, a, b = waiting.pop()
        inner: list[Gap]
        if type(a) is dict and type(b) is dict:
            inner = [((*path, n), a.get(n, ABSENT), b.get(n, ABSENT)) for n in {**a, **b}]
        elif type(a) is list and type(b) is list:
            both = enumerate(zip_longest(a, b, fillvalue=ABSENT))
            inner = [((*path, i), x, y) for i, (x, y) in both]
        else:
            if not _alike(a, b):
                found.append((path, a, b))
            continue
        waiting.extend(reversed(inner))
    return found


def _alike(a: Any, b: Any) -> bool:
    # 1 and 1.0 are one number, true is none.
    if _TYPES.get(type(a)) != _TYPES.get(type(b)):
        return False
    return bool(a == b)


def apart_from(found: list[Gap], told: list[Path]) -> list[Gap]:
    """Gaps in other parts of the document than `told`: other members, or elements of a list."""
    parts = {path[:2] for path in told}
    members = {path[0] for path in told}
    whole = {path[0] for path in told if len(path) == 1}

    def is_apart(path: Path) -> bool:
        if len(path) == 1:
            return path[0] not in members
        return path[0] not in whole and path[:2] not in parts

    return [gap for gap in found if is_apart(gap[0])]


def without_form(document: dict[str, Any]) -> list[Path]:
    """Where RFC 8785 cannot express a value or the name of a member."""
    found: list[Path] = []
    waiting: list[tuple[Path, Any]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        inner: list[tuple[Path, Any]] = []
        if type(value) is dict:
            found.extend((*path, name) for name in value if not _has_form(name))
            inner = [((*path, name), each) for name, each in value.items()]
        elif type(value) is list:
            inner = [((*path, i), each) for i, each in enumerate(value)]
        elif not _has_form(value):
            found.append(path)
        waiting.extend(reversed(inner))
    return found


def _has_form(value: Any) -> bool:
    try:
        digest.canonical_json(value)
    except digest.NotCanonical:
        return False
    return True


def at(value: Any, path: Path) -> Any:
    """The value at a path, ABSENT when the path leads nowhere."""
    for step in path:
        if type(value) is dict:
            value = value.get(step, ABSENT)
        elif type(value) is list and type(step) is int and step < len(value):
            value = value[step]
        else:
            return ABSENT
    return value


def pointer(path: Path) -> str:
    """RFC 6901. Long names are cut, half of a surrogate pair is spelt out: it is to be read."""
    return "".join(f"/{_step(step)}" for step in path)


def _step(step: str | int) -> str:
    text = str(step)
    if len(text) > _SHOWN_NAME:
        text = text[: _SHOWN_NAME - 1] + "…"
    text = text.encode("utf-8", "backslashreplace").decode()
    return text.replace("~", "~0").replace("/", "~1")
