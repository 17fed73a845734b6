"""Server-sent events of providers, read strictly: linear time, bounded, or refused with the reason.

Source: WHATWG HTML, "Server-sent events", 9.2.5–9.2.6. Stricter in one point: a line that is no
field of the format is refused, where the standard would pass over it. Pure.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from cache_api.rules import strictjson

MAX_CHARS = strictjson.MAX_BYTES
MAX_LINES = 300_000
DONE = "[DONE]"

REASONS: dict[str, str] = {
    "malformed": "The transcript is not a stream of this provider's events.",
    "incomplete": (
        "The transcript has no terminal event: the stream was cut off, or its last event is not "
        "followed by an empty line."
    ),
    "provider_error": "The stream carries the provider's error, not an answer.",
    "contradictory": "The events of the transcript contradict each other.",
    "unsupported": "The transcript has events that could not be put together without a loss.",
}
_LINE_END = re.compile(r"\r\n|\n|\r")


class BadTranscript(ValueError):
    """A transcript that is no complete answer. `reason` is a key of REASONS."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


class Event(NamedTuple):
    """One dispatched event: its `event` field ("" when absent) and its joined `data` lines."""

    name: str
    data: str


def parse(transcript: str) -> list[Event]:
    """The events of a transcript, in order. Raises BadTranscript (malformed).

    What follows the last empty line is no event: the standard discards it.
    """
    if len(transcript) > MAX_CHARS:
        raise BadTranscript("malformed", f"The transcript has more than {MAX_CHARS} characters.")
    if transcript.count("\n") + transcript.count("\r") > MAX_LINES:
        raise BadTranscript("malformed", f"The transcript has more than {MAX_LINES} lines.")
    events: list[Event] = []
    name = ""
    data: list[str] = []
    lines = _LINE_END.split(transcript.removeprefix("\ufeff"))[:-1]
    for number, line in enumerate(lines, 1):
        field, _, value = line.partition(":")
        if not line:
            if data:
                events.append(Event(name, "\n".join(data)))
            name, data = "", []
        elif field == "data":
            data.append(value.removeprefix(" "))
        elif field == "event":
            name = value.removeprefix(" ")
        elif field not in ("", "id", "retry"):
            raise BadTranscript("malformed", f"Line {number} is not a field of an event stream.")
    return events


class Documents(NamedTuple):
    """The JSON objects of a stream, and whether `[DONE]` closed it."""

    all: list[dict[str, Any]]
    done: bool


def documents(events: Iterable[Event]) -> Documents:
    """What the events say. Raises BadTranscript: malformed, provider_error, contradictory."""
    found: list[dict[str, Any]] = []
    done = False
    for number, event in enumerate(events, 1):
        if done:
            raise BadTranscript("contradictory", f"Event {number} comes after {DONE}.")
        if event.data == DONE:
            done = True
            continue
        document = _document(event, number)
        if _is_error(event, document):
            raise BadTranscript("provider_error", f"Event {number} is the provider's error.")
        found.append(document)
    return Documents(found, done)


def _document(event: Event, number: int) -> dict[str, Any]:
    try:
        document = strictjson.parse(event.data.encode())
    except (strictjson.BadJson, UnicodeEncodeError) as error:
        raise BadTranscript("malformed", f"The data of event {number}: {error}") from error
    if type(document) is not dict:
        raise BadTranscript("malformed", f"The data of event {number} is not an object.")
    kind = document.get("type")
    if event.name and type(kind) is str and kind != event.name:
        raise BadTranscript("contradictory", f"Event {number} is named otherwise than it says.")
    return document


def _is_error(event: Event, document: dict[str, Any]) -> bool:
    return event.name == "error" or document.get("type") == "error" or bool(document.get("error"))
