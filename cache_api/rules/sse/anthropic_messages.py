"""Anthropic messages as a stream, and back.

Source: docs.anthropic.com/en/docs/build-with-claude/streaming. Pure.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from cache_api.rules import strictjson
from cache_api.rules.sse.parse import BadTranscript, Event, documents
from cache_api.rules.sse.write import NotRenderable, dump, named, objects, pieces

# Null until the end of a stream.
_LAST = ("stop_reason", "stop_sequence", "stop_details", "container")
# Counts are cumulative: message_delta says the final ones.
_COUNTS = (
    "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens",
    "output_tokens_details", "server_tool_use",
)  # fmt: skip
# Kind of delta → the member that holds its text, and the block's member it is a piece of.
_TEXTS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
    "input_json_delta": ("partial_json", "input"),
}
# Kind of block → the deltas that fill it. Any other block comes whole.
_STREAMED: dict[str, tuple[str, ...]] = {
    "text": ("text_delta",),
    "thinking": ("thinking_delta", "signature_delta"),
    "tool_use": ("input_json_delta",),
    "server_tool_use": ("input_json_delta",),
    "mcp_tool_use": ("input_json_delta",),
}
Document = dict[str, Any]


@dataclass
class _Stream:
    """A message on its way: what is known so far, and the open block's pieces of text."""

    message: Document = field(default_factory=dict)
    blocks: list[Document] = field(default_factory=list)
    texts: dict[str, list[str]] | None = None
    stopped: bool = False


def assemble(events: Iterable[Event]) -> Document:
    """The message of a stream. Raises BadTranscript."""
    stream = _Stream()
    for document in documents(events).all:
        kind = document.get("type")
        if kind == "ping":
            continue
        if type(kind) is not str or kind not in _STEPS:
            raise BadTranscript("unsupported", f"{str(kind)[:80]!r} is no event known here.")
        if stream.stopped or (kind == "message_start") == bool(stream.message):
            raise BadTranscript("contradictory", f"{kind} comes out of turn.")
        _STEPS[kind](stream, document)
    if not stream.stopped or stream.texts is not None:
        raise BadTranscript("incomplete", "message_stop is missing, or a content block is open.")
    return {**stream.message, "content": stream.blocks}


def _start(stream: _Stream, event: Document) -> None:
    stream.message.update(_object(event, "message"))


def _start_block(stream: _Stream, event: Document) -> None:
    if stream.texts is not None or event.get("index") != len(stream.blocks):
        raise BadTranscript("contradictory", "A content block starts out of turn.")
    stream.blocks.append(dict(_object(event, "content_block")))
    stream.texts = {}


def _extend_block(stream: _Stream, event: Document) -> None:
    block, texts = _open_block(stream, event)
    delta = _object(event, "delta")
    kind = delta.get("type")
    if kind == "citations_delta":
        block["citations"] = block.get("citations") or []
        block["citations"].append(delta.get("citation"))
        return
    if type(kind) is not str or kind not in _TEXTS:
        raise BadTranscript("unsupported", f"{str(kind)[:80]!r} is no delta known here.")
    said, member = _TEXTS[kind]
    if type(delta.get(said)) is not str:
        raise BadTranscript("malformed", f"A {kind} has no {said}.")
    texts.setdefault(member, []).append(delta[said])


def _stop_block(stream: _Stream, event: Document) -> None:
    block, texts = _open_block(stream, event)
    for member, said in texts.items():
        text = "".join(said)
        if member == "signature":
            block[member] = said[-1]
        elif member != "input":
            block[member] = (block.get(member) or "") + text
        elif text:
            block[member] = _input(text)
    stream.texts = None


def _open_block(stream: _Stream, event: Document) -> tuple[Document, dict[str, list[str]]]:
    if stream.texts is None or event.get("index") != len(stream.blocks) - 1:
        raise BadTranscript("contradictory", "An event belongs to no open content block.")
    return stream.blocks[-1], stream.texts


def _input(text: str) -> Any:
    try:
        return strictjson.parse(text.encode())
    except (strictjson.BadJson, UnicodeEncodeError) as error:
        raise BadTranscript("malformed", f"A tool's input: {error}") from error


def _object(event: Document, member: str) -> Document:
    value = event.get(member)
    if type(value) is not dict:
        raise BadTranscript("malformed", f"{event['type']} has no object {member!r}.")
    return value


def _update(stream: _Stream, event: Document) -> None:
    for name, value in {**event, **_object(event, "delta")}.items():
        if name not in ("type", "delta", "usage"):
            _keep(stream.message, name, value)
    if type(event.get("usage")) is dict:
        usage = dict(stream.message.get("usage") or {})
        for name, value in event["usage"].items():
            _keep(usage, name, value)
        stream.message["usage"] = usage


def _keep(into: Document, name: str, value: Any) -> None:
    if value is not None or name not in into:
        into[name] = value


def _stop(stream: _Stream, event: Document) -> None:
    stream.stopped = True


_STEPS: dict[str, Callable[[_Stream, Document], None]] = {
    "message_start": _start,
    "content_block_start": _start_block,
    "content_block_delta": _extend_block,
    "content_block_stop": _stop_block,
    "message_delta": _update,
    "message_stop": _stop,
}


def render(response: Document, *, include_usage: bool = True) -> bytes:
    """The stream of a message; always with its usage. Raises NotRenderable."""
    blocks = objects(response.get("content"), "content")
    if response.get("type") != "message" or type(response.get("usage")) is not dict:
        raise NotRenderable("The response is not a message with its usage.")
    last = {name: response[name] for name in _LAST if name in response}
    usage = response["usage"]
    counts = {name: usage[name] for name in _COUNTS if name in usage}
    opening = {**response, **dict.fromkeys(last), "content": []}
    if "output_tokens" in usage:
        opening["usage"] = {**usage, "output_tokens": 0}
    out = [named({"type": "message_start", "message": opening})]
    for index, block in enumerate(blocks):
        out += _block(index, block)
    out.append(named({"type": "message_delta", "delta": last, "usage": counts}))
    out.append(named({"type": "message_stop"}))
    return b"".join(out)


def _block(index: int, block: Document) -> list[bytes]:
    opening = dict(block)
    deltas: list[Document] = []
    for kind in _STREAMED.get(str(block.get("type")), ()):
        said, member = _TEXTS[kind]
        opening[member], texts = _texts(kind, block.get(member))
        deltas += [{"type": kind, said: text} for text in texts]
        if member not in block:
            del opening[member]
    if type(block.get("citations")) is list:
        opening["citations"] = []
        deltas += [{"type": "citations_delta", "citation": one} for one in block["citations"]]
    start = {"type": "content_block_start", "index": index, "content_block": opening}
    middle = [{"type": "content_block_delta", "index": index, "delta": one} for one in deltas]
    return [named(one) for one in (start, *middle, {"type": "content_block_stop", "index": index})]


def _texts(kind: str, value: Any) -> tuple[Any, list[str]]:
    """What a block starts with in place of a value, and the texts that follow."""
    if kind == "input_json_delta":
        full = type(value) is dict and bool(value)
        return ({}, pieces(dump(value).decode())) if full else (value, [])
    if type(value) is not str:
        return value, []
    whole = [value] if value else []  # official clients keep the last signature_delta only
    return "", whole if kind == "signature_delta" else pieces(value)
