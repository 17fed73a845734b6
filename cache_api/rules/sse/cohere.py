"""Cohere v2 chat as a stream, and back.

Source: docs.cohere.com/v2/docs/streaming. Pure.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from cache_api.rules.sse.deltas import add, joined, split
from cache_api.rules.sse.parse import BadTranscript, Event, documents
from cache_api.rules.sse.write import DONE, NotRenderable, named, objects, tokens

Document = dict[str, Any]
Parts = dict[int, Document]
# What a stream's first event shows empty and its later ones fill; empty ones are left out of JSON.
_FILLED: dict[str, Any] = {"content": [], "tool_plan": "", "tool_calls": [], "citations": []}
_KINDS = {"content": "content", "tool_calls": "tool-call", "citations": "citation"}


@dataclass
class _Stream:
    """A message on its way. `parts` are the members that are lists, by index."""

    response: Document = field(default_factory=dict)
    message: Document = field(default_factory=dict)
    parts: dict[str, Parts] = field(default_factory=lambda: {name: {} for name in _KINDS})
    logprobs: list[Any] = field(default_factory=list)
    ended: bool = False


def assemble(events: Iterable[Event]) -> Document:
    """The response of a stream. Raises BadTranscript.

    The empty members that message-start shows are left out, as the provider's JSON does.
    """
    stream = _Stream()
    for document in documents(events).all:
        kind = document.get("type")
        if type(kind) is not str or kind not in _STEPS:
            raise BadTranscript("unsupported", f"{str(kind)[:80]!r} is no event known here.")
        if stream.ended or (kind == "message-start") == bool(stream.message):
            raise BadTranscript("contradictory", f"{kind} comes out of turn.")
        step, member = _STEPS[kind]
        step(stream, document, member)
    if not stream.ended:
        raise BadTranscript("incomplete", "message-end is missing.")
    return _response(stream)


def _response(stream: _Stream) -> Document:
    message = joined(stream.message)
    for name, parts in stream.parts.items():
        if parts:
            message[name] = [joined(parts[index]) for index in sorted(parts)]
    kept = {name: value for name, value in message.items() if value or name not in _FILLED}
    response = {**stream.response, "message": kept}
    return {**response, "logprobs": stream.logprobs} if stream.logprobs else response


def _start(stream: _Stream, event: Document, member: str) -> None:
    if "id" in event:
        stream.response["id"] = event["id"]
    add(stream.message, _said(event, "message"))


def _open(stream: _Stream, event: Document, member: str) -> None:
    parts, index = stream.parts[member], _index(event)
    if index in parts:
        raise BadTranscript("contradictory", f"{event['type']} comes twice for one index.")
    parts[index] = {}
    add(parts[index], _said(event, "message", member))


def _extend(stream: _Stream, event: Document, member: str) -> None:
    add(_opened(stream, event, member), _said(event, "message", member))
    if event.get("logprobs") is not None:
        stream.logprobs.append(event["logprobs"])


def _opened(stream: _Stream, event: Document, member: str) -> Document:
    part = stream.parts[member].get(_index(event))
    if part is None:
        raise BadTranscript("contradictory", f"{event['type']} belongs to nothing that started.")
    return part


def _close(stream: _Stream, event: Document, member: str) -> None:
    _opened(stream, event, member)


def _plan(stream: _Stream, event: Document, member: str) -> None:
    add(stream.message, _said(event, "message"))


def _end(stream: _Stream, event: Document, member: str) -> None:
    delta = _said(event)
    if delta.get("error"):
        raise BadTranscript("provider_error", "message-end says that generating failed.")
    stream.response.update(delta)
    stream.ended = True


def _index(event: Document) -> int:
    if type(event.get("index")) is not int:
        raise BadTranscript("malformed", f"{event['type']} has no index.")
    return int(event["index"])


def _said(event: Document, *path: str) -> Document:
    value: Any = event
    for name in ("delta", *path):
        value = value.get(name) if type(value) is dict else None
    if type(value) is not dict:
        raise BadTranscript("malformed", f"{event['type']} has no {'.'.join(('delta', *path))}.")
    return value


_STEPS: dict[str, tuple[Callable[[_Stream, Document, str], None], str]] = {
    "message-start": (_start, ""),
    "content-start": (_open, "content"),
    "content-delta": (_extend, "content"),
    "content-end": (_close, "content"),
    "tool-plan-delta": (_plan, ""),
    "tool-call-start": (_open, "tool_calls"),
    "tool-call-delta": (_extend, "tool_calls"),
    "tool-call-end": (_close, "tool_calls"),
    "citation-start": (_open, "citations"),
    "citation-end": (_close, "citations"),
    "message-end": (_end, ""),
}


def render(response: Document, *, include_usage: bool = True) -> bytes:
    """The stream of a response; always with its usage. Raises NotRenderable."""
    message = response.get("message")
    if type(message) is not dict or not response.get("finish_reason"):
        raise NotRenderable("The response has no message or no finish_reason.")
    content, calls, citations = (objects(message.get(name) or [], name) for name in _KINDS)
    spoken = content[0].get("text") if content else None
    measured = tokens(spoken, response.get("logprobs"), "text")
    opening = {"type": "message-start", "delta": {"message": {**message, **_FILLED}}}
    said = [{"id": response["id"], **opening} if "id" in response else opening]
    for index, block in enumerate(content):
        said += _part("content", index, *split(block), measured if index == 0 else [])
    for delta in split({"tool_plan": message.get("tool_plan") or ""})[1]:
        said.append({"type": "tool-plan-delta", "delta": {"message": delta}})
    for index, call in enumerate(calls):
        said += _part("tool_calls", index, *split(call), [])
    for index, citation in enumerate(citations):
        said += _part("citations", index, citation, [], [])
    apart = {"id", "message", "logprobs"} if measured else {"id", "message"}
    last = {name: value for name, value in response.items() if name not in apart}
    said.append({"type": "message-end", "delta": last})
    return b"".join([*map(named, said), DONE])


def _part(
    member: str, index: int, first: Document, rest: list[Document], measured: list[Document]
) -> list[Document]:
    """The events of one member of a list: it starts, is filled, ends."""
    kind = _KINDS[member]
    place = {"index": index}
    filled: list[Document] = [{"delta": {"message": {member: delta}}} for delta in rest]
    if measured:
        filled = [
            {"delta": {"message": {member: {"text": token["text"]}}}, "logprobs": token}
            for token in measured
        ]
    return [
        {"type": f"{kind}-start", **place, "delta": {"message": {member: first}}},
        *({"type": f"{kind}-delta", **place, **delta} for delta in filled),
        {"type": f"{kind}-end", **place},
    ]
