"""Deltas of chat streams: put together, and taken apart again. Pure.

A member that comes in pieces (PIECES) is concatenated; any other string comes whole and may be
repeated, but not changed. Official accumulators concatenate every string, which corrupts what
several providers repeat in each chunk; where we would have to guess, the transcript is refused.
"""

from typing import Any

from cache_api.rules.sse.parse import BadTranscript
from cache_api.rules.sse.write import pieces

PIECES: frozenset[str] = frozenset(
    {
        "content", "refusal", "reasoning", "reasoning_content", "arguments", "input", "text",
        "thinking", "transcript", "data", "tool_plan",
    }
)  # fmt: skip


class _Text(list[str]):
    """Pieces on their way to one string: joined once, so that many small ones stay linear."""


def add(into: dict[str, Any], delta: dict[str, Any], *, changes: bool = False) -> None:
    """Put one delta to what came before. Raises BadTranscript (contradictory).

    With `changes`, strings are not concatenated and the last one said counts: for members that
    report a state (Azure's filter results) rather than a part of the answer.
    """
    for name, value in delta.items():
        before = into.get(name)
        if before is None:
            into[name] = _first(name, value, changes)
        elif isinstance(before, _Text) and type(value) is str:
            before.append(value)
        elif type(before) is dict and type(value) is dict:
            add(before, value, changes=changes)
        elif type(before) is list and type(value) is list:
            before.extend(value)
        elif value not in (None, "") and value != before:
            into[name] = value if changes else _changed(name, before, value)


def _first(name: str, value: Any, changes: bool) -> Any:
    if type(value) is str and name in PIECES and not changes:
        return _Text([value])
    if type(value) is dict:
        fresh: dict[str, Any] = {}
        add(fresh, value, changes=changes)
        return fresh
    return list(value) if type(value) is list else value


def _changed(name: str, before: Any, value: Any) -> Any:
    if before == "" or (type(before) is not str and type(value) is type(before)):
        return value
    raise BadTranscript("contradictory", f"{name[:80]!r} is said twice, differently.")


def joined(value: Any) -> Any:
    """The same value with every text in one piece."""
    if isinstance(value, _Text):
        return "".join(value)
    if type(value) is dict:
        return {name: joined(inner) for name, inner in value.items()}
    return value


def split(whole: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A first delta with empty texts, and the deltas that fill them: the inverse of `add`."""
    first: dict[str, Any] = {}
    rest: list[dict[str, Any]] = []
    for name, value in whole.items():
        if type(value) is dict:
            first[name], inner = split(value)
            rest += [{name: delta} for delta in inner]
        elif type(value) is str and name in PIECES:
            first[name] = ""
            rest += [{name: piece} for piece in pieces(value)]
        else:
            first[name] = value
    return first, rest
