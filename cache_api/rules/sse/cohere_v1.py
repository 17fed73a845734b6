"""Cohere v1 chat as a stream, and back: its last event carries the whole response.

By default v1 sends one object a line, asked for `text/event-stream` it sends events: both are read,
events are written. Source: docs.cohere.com/v1/reference/chat-stream. Pure.
"""

from collections.abc import Iterable
from typing import Any

from cache_api.rules.sse.parse import BadTranscript, Event, documents
from cache_api.rules.sse.write import NotRenderable, pieces, unnamed

Document = dict[str, Any]
START, END, TEXT = "stream-start", "stream-end", "text-generation"
_FAILED = ("ERROR", "ERROR_TOXIC", "ERROR_LIMIT", "USER_CANCEL")
# What an event shows of a member of the response, in the order in which v1 sends them.
_SHOWN = {
    "search_queries": "search-queries-generation",
    "search_results": "search-results",
    "documents": "search-results",
    "citations": "citation-generation",
    "tool_calls": "tool-calls-generation",
}
_KINDS = {START, END, TEXT, "tool-calls-chunk", "debug", *_SHOWN.values()}


def as_events(transcript: str) -> str:
    """v1's objects of one line each as an event stream; whatever else as it is."""
    text = transcript.removeprefix("\ufeff")
    if not text.startswith("{") or '"event_type"' not in text.partition("\n")[0]:
        return transcript
    # A last line without its end is one that broke off, as it is with events.
    lines = text.split("\n")[:-1]
    return "".join([f"data: {line.rstrip()}\n\n" for line in lines if line.strip()])


def assemble(events: Iterable[Event]) -> Document:
    """The response of a stream. Raises BadTranscript."""
    said: list[str] = []
    response: Document | None = None
    for number, document in enumerate(documents(events).all):
        kind = document.get("event_type")
        if type(kind) is not str or kind not in _KINDS:
            raise BadTranscript("unsupported", f"{str(kind)[:80]!r} is no event known here.")
        if response is not None or (kind == START) != (number == 0):
            raise BadTranscript("contradictory", f"{kind} comes out of turn.")
        if kind == TEXT:
            said.append(_text(document))
        elif kind == END:
            response = _ended(document)
    if response is None:
        raise BadTranscript("incomplete", f"{END} is missing.")
    if said and "".join(said) != response.get("text"):
        raise BadTranscript("contradictory", f"{END} has another text than was streamed.")
    return response


def render(response: Document, *, include_usage: bool = True) -> bytes:
    """The stream of a response; always with its usage. Raises NotRenderable."""
    if not is_response(response) or not response.get("finish_reason"):
        raise NotRenderable("The response has no generation_id, text or finish_reason.")
    told: list[Document] = [{"event_type": START, "generation_id": response["generation_id"]}]
    for names in (("search_queries",), ("search_results", "documents")):
        told += _shown(response, names)
    told += [{"event_type": TEXT, "text": piece} for piece in pieces(response["text"])]
    for names in (("citations",), ("tool_calls",)):
        told += _shown(response, names)
    told.append({"event_type": END, "finish_reason": response["finish_reason"],
                 "response": response})  # fmt: skip
    return b"".join([unnamed({"is_finished": one["event_type"] == END, **one}) for one in told])


def is_response(response: Document) -> bool:
    """Whether a response is one of v1's chat."""
    return "generation_id" in response and type(response.get("text")) is str


def is_event(document: Document) -> bool:
    """Whether a stream that has this is v1's."""
    return document.get("event_type") == START


def _shown(response: Document, names: tuple[str, ...]) -> list[Document]:
    found = {name: response[name] for name in names if response.get(name)}
    return [{"event_type": _SHOWN[names[0]], **found}] if found else []


def _text(event: Document) -> str:
    text = event.get("text")
    if type(text) is not str:
        raise BadTranscript("malformed", f"{TEXT} has no text.")
    return text


def _ended(event: Document) -> Document:
    reason, response = event.get("finish_reason"), event.get("response")
    if reason in _FAILED:
        raise BadTranscript("provider_error", f"{END} says {reason}.")
    if type(response) is not dict or event.get("is_finished") is not True:
        raise BadTranscript("malformed", f"{END} has no response, or is not finished.")
    if reason is not None and response.get("finish_reason", reason) != reason:
        raise BadTranscript("contradictory", f"{END} gives two reasons.")
    return response if reason is None else {**response, "finish_reason": reason}
