"""The bytes of a JSON list's elements, exactly as they were sent. Pure."""

from itertools import islice

import msgspec

from cache_api.rules import strictjson

MAX_VALUES = 400_000  # of a body in all; of tokens, where it must be read by them

_lists = msgspec.json.Decoder(list[msgspec.Raw]).decode


class NoList(ValueError):
    """The body has no such member, or it is not a list."""


def elements(body: bytes, member: str, most: int) -> list[bytes]:
    """The elements of a member that is a list; at most `most` + 1 of them. Raises NoList, BadJson.

    Everything around the elements is held to `strictjson`'s rules; they themselves are not looked
    into, so that a bad one concerns nobody else. All together have MAX_VALUES values at most.
    """
    if strictjson.most_values(body) > MAX_VALUES:
        raise _too_many()
    try:
        whole = bytes(msgspec.json.decode(body, type=dict[str, msgspec.Raw]).get(member, b""))
        found = [bytes(one) for one in _lists(whole)]
        at = body.rindex(whole)
        frame = body[:at] + b"0" + body[at + len(whole) :]
    except (msgspec.DecodeError, RecursionError):
        # Malformed, or strange but valid (a lone surrogate's escape): by tokens, and more slowly.
        frame, found = _by_tokens(body, member, most)
    strictjson.parse(frame)
    return found


def _by_tokens(body: bytes, member: str, most: int) -> tuple[bytes, list[bytes]]:
    """The body with a 0 for each element, and the elements. Brackets and strings are enough."""
    name = b'"' + member.encode() + b'"'
    named = name + b":"
    depth = start = kept = looked = 0
    last, inside = b"", False
    found: list[bytes] = []
    frame: list[bytes] = []

    def take(begin: int, end: int) -> None:
        nonlocal kept
        found.append(body[begin:end])
        frame.extend((body[kept:begin], b"0"))
        kept = end

    for match in islice(strictjson.TOKEN.finditer(body), MAX_VALUES + 1):
        looked += 1
        token = match.group()
        if token in (b"{", b"["):
            if inside and depth == 2:
                start = match.start()
            inside = inside or (depth == 1 and token == b"[" and last == named)
            depth += 1
            if depth > strictjson.MAX_DEPTH and not inside:
                break  # megabytes of brackets shall not hold everybody else up
        elif token in (b"}", b"]"):
            depth -= 1
            if inside and depth == 1:
                break
            if inside and depth == 2:
                take(start, match.end())
        elif inside and depth == 2 and token != b":":
            take(match.start(), match.end())
        last = named if token == b":" and last == name else token
        if len(found) > most:
            break
    if looked > MAX_VALUES:
        raise _too_many()
    if not inside:
        strictjson.parse(body)  # says what is wrong, if it is no JSON at all
        raise NoList(member)
    return b"".join(frame) + body[kept:], found


def _too_many() -> strictjson.BadJson:
    detail = f"The body has more than {MAX_VALUES} values in all."
    return strictjson.BadJson("too-many-values", detail)
