"""Server-sent events, written. Pure."""

import json
from typing import Any

import orjson

# A line of a stream stays below the 64 KiB many readers allow: a character takes at most six bytes.
PIECE_CHARS = 4096
DONE = b"data: [DONE]\n\n"


class NotRenderable(ValueError):
    """A stored response that is not of its provider's shape, so no stream can be made of it."""


def named(document: dict[str, Any]) -> bytes:
    """An event that is named after the document's `type`, as OpenAI responses and Anthropic do."""
    return b"event: %b\ndata: %b\n\n" % (document["type"].encode(), dump(document))


def unnamed(document: dict[str, Any]) -> bytes:
    """An event without a name, as in OpenAI's chat streams."""
    return b"data: %b\n\n" % dump(document)


def dump(value: Any) -> bytes:
    """Compact JSON. Lone surrogates, which UTF-8 cannot hold, stay escaped."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()


def load(stored: bytes) -> Any:
    """The value of stored JSON. Raises NotRenderable for what is none."""
    try:
        return orjson.loads(stored)
    except orjson.JSONDecodeError:
        try:
            return json.loads(stored)  # escaped lone surrogates
        except ValueError as error:
            raise NotRenderable("The response is not JSON.") from error


def pieces(text: str) -> list[str]:
    """A text in parts of PIECE_CHARS; none for an empty one."""
    return [text[at : at + PIECE_CHARS] for at in range(0, len(text), PIECE_CHARS)]


def objects(value: Any, what: str) -> list[dict[str, Any]]:
    """The value, if it is a list of objects. Raises NotRenderable."""
    if type(value) is not list or any(type(item) is not dict for item in value):
        raise NotRenderable(f"{what} is not a list of objects.")
    return value


def tokens(text: Any, found: Any, member: str) -> list[dict[str, Any]]:
    """The tokens with their probabilities, if they are just the pieces of the text; else none."""
    if type(text) is not str or type(found) is not list:
        return []
    said = [item.get(member) if type(item) is dict else None for item in found]
    texts = [piece for piece in said if type(piece) is str]
    return found if len(texts) == len(said) and "".join(texts) == text else []
