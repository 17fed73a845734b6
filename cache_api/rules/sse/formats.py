"""Which API streams how: the API names of identities → assembling and rendering. Pure."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from cache_api.rules.sse import (
    anthropic_messages,
    cohere,
    cohere_v1,
    openai_chat,
    openai_responses,
)
from cache_api.rules.sse.parse import BadTranscript, Event, documents, parse
from cache_api.rules.sse.write import NotRenderable

Document = dict[str, Any]


class Render(Protocol):
    """The stream of a stored response. Raises NotRenderable."""

    def __call__(  # noqa: D102 - the class says it
        self, response: Document, *, include_usage: bool = True
    ) -> bytes: ...


class Format(NamedTuple):
    """One provider API's two directions, and how its responses and events are recognised."""

    assemble: Callable[[Iterable[Event]], Document]
    render: Render
    is_response: Callable[[Document], bool]
    is_event: Callable[[Document], bool]


FORMATS: dict[str, Format] = {
    "openai.chat": Format(
        openai_chat.assemble,
        openai_chat.render,
        lambda response: "choices" in response,
        lambda event: "choices" in event,
    ),
    "openai.responses": Format(
        openai_responses.assemble,
        openai_responses.render,
        lambda response: response.get("object") == "response",
        lambda event: str(event.get("type")).startswith("response."),
    ),
    "anthropic.messages": Format(
        anthropic_messages.assemble,
        anthropic_messages.render,
        lambda response: response.get("type") == "message",
        lambda event: event.get("type") == "message_start",
    ),
    "cohere.chat_v1": Format(
        cohere_v1.assemble, cohere_v1.render, cohere_v1.is_response, cohere_v1.is_event
    ),
    "cohere.chat": Format(
        cohere.assemble,
        cohere.render,
        lambda response: "finish_reason" in response,
        lambda event: event.get("type") == "message-start",
    ),
}
_FIRST = 10


def assemble(transcript: str, api: str = "") -> Document:
    """The response, as the provider's API gives it unstreamed. Raises BadTranscript.

    Of an `api` that is not in FORMATS, the first events tell which one they are of.
    """
    events = parse(cohere_v1.as_events(transcript))
    known = FORMATS.get(api) or _format_of(events)
    return known.assemble(events)


def _format_of(events: list[Event]) -> Format:
    first = documents(events[:_FIRST]).all
    for known in FORMATS.values():
        if any(known.is_event(document) for document in first):
            return known
    reason = "unsupported" if events else "incomplete"
    raise BadTranscript(reason, "The events are of no provider API known here.")


def render(response: Any, *, include_usage: bool = True) -> bytes:
    """The stream of a stored response, in its API's own events. Raises NotRenderable.

    OpenAI's chat says its usage only with `include_usage`; the other APIs always do.
    """
    if type(response) is dict:
        for known in FORMATS.values():
            if known.is_response(response):
                return known.render(response, include_usage=include_usage)
    raise NotRenderable("The response is of no provider API known here.")
