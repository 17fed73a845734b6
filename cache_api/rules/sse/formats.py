"""Which API streams how: the API names of identities → assembling and rendering. Pure."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from cache_api.rules.sse import anthropic_messages, cohere, openai_chat, openai_responses
from cache_api.rules.sse.parse import BadTranscript, Event, parse
from cache_api.rules.sse.write import NotRenderable


class Render(Protocol):
    """The stream of a stored response. Raises NotRenderable."""

    def __call__(  # noqa: D102 - the class says it
        self, response: dict[str, Any], *, include_usage: bool = True
    ) -> bytes: ...


class Format(NamedTuple):
    """One provider API's two directions."""

    assemble: Callable[[Iterable[Event]], dict[str, Any]]
    render: Render


FORMATS: dict[str, Format] = {
    "openai.chat": Format(openai_chat.assemble, openai_chat.render),
    "openai.responses": Format(openai_responses.assemble, openai_responses.render),
    "anthropic.messages": Format(anthropic_messages.assemble, anthropic_messages.render),
    "cohere.chat": Format(cohere.assemble, cohere.render),
}


def assemble(api: str, transcript: str) -> dict[str, Any]:
    """The response, as the provider's API gives it unstreamed. Raises BadTranscript."""
    if api not in FORMATS:
        raise BadTranscript("unsupported", f"Streams of the API {api} are not known here.")
    return FORMATS[api].assemble(parse(transcript))


def render(api: str, response: Any, *, include_usage: bool = True) -> bytes:
    """The stream of a stored response, in the API's own events. Raises NotRenderable.

    OpenAI's chat says its usage only with `include_usage`; the other APIs always do.
    """
    if api not in FORMATS or type(response) is not dict:
        raise NotRenderable(f"No stream of the API {api} can be made of this response.")
    return FORMATS[api].render(response, include_usage=include_usage)
