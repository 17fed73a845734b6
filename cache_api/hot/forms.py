"""How a lookup is told: the stored response as it is or as its provider's stream, and around it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cache_api.hot import answers
from cache_api.hot.envelope import Entry
from cache_api.hot.marks import Subject
from cache_api.hot.problems import Problem
from cache_api.hot.steps import Answer
from cache_api.hot.telling import Telling
from cache_api.rules.events import UsageEvent
from cache_api.rules.sse import formats, write

NOT_STREAMABLE = "not_streamable"
OTHERWISE = "-s"  # what the entity tag of a response ends in where it is not told as stored
Say = Callable[[bytes], bytes | None]


@dataclass(frozen=True, slots=True)
class Form:
    """`say` gives a stored response as this caller reads it, None where it cannot be said so.

    `hit` makes the answer around it, but for what each time differs; so does `miss` where there is
    none.
    """

    say: Say
    hit: Callable[[Subject, Entry, bytes, UsageEvent, bytes], Telling]
    miss: Callable[[Subject, UsageEvent, int, bytes], Answer]


def as_stored(response: bytes) -> bytes:
    """Byte for byte."""
    return response


def stream(response: bytes) -> bytes | None:
    """The response as its provider streams it; None when it is not a provider's answer."""
    return _rendered(response, include_usage=True)


def stream_without_usage(response: bytes) -> bytes | None:
    """The same for OpenAI's chat when nobody asked for the usage."""
    return _rendered(response, include_usage=False)


def _rendered(response: bytes, *, include_usage: bool) -> bytes | None:
    try:
        return formats.render(write.load(response), include_usage=include_usage)
    except write.NotRenderable:
        return None


def wants_usage(request: Any) -> bool:
    """Whether a request that streams asks for the usage at the end of the stream."""
    options = request.get("stream_options") if type(request) is dict else None
    return type(options) is dict and options.get("include_usage") is True


def of_lookup(body: dict[str, Any]) -> Form:
    """The form a lookup's body asks for by `response_format`. Raises Problem."""
    wanted = body.get("response_format", "json")
    if wanted == "json":
        return JSON
    if wanted != "sse":
        raise Problem(
            "invalid-request",
            'response_format must be "json" or "sse".',
            pointer="/response_format",
        )
    request = body.get("original_request")
    streams = type(request) is dict and request.get("stream") is True
    return SSE if wants_usage(request) or not streams else SSE_WITHOUT_USAGE


def _miss(subject: Subject, event: UsageEvent, elapsed_us: int, lease: bytes) -> Answer:
    return Answer(200, answers.miss(subject, event, elapsed_us, lease))


def _quoted(streamed: Say) -> Say:
    def say(response: bytes) -> bytes | None:
        said = streamed(response)
        return None if said is None else write.dump(said.decode())

    return say


JSON = Form(as_stored, answers.hit, _miss)
SSE = Form(_quoted(stream), answers.hit, _miss)
SSE_WITHOUT_USAGE = Form(_quoted(stream_without_usage), answers.hit, _miss)
