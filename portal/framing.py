"""Where an answer and its request end, on a connection that others use afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any, cast

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

# As the API reads on past its limit, so that a client has sent and can read our refusal.
DRAIN_BYTES = 40 * 1024 * 1024
_CHUNK = 64 * 1024
Handler = Callable[[HttpRequest], HttpResponseBase]


class FramingMiddleware:
    """Ahead of everything that answers, and so however early that is:

    Whatever is whole says how long it is: it needs no chunks, and no client that knows them. And
    what nobody read of the request is read and thrown away: gunicorn would read 64 KiB, then hang
    up on a client that is still sending and has been told that the connection stays.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, framed."""
        answer = self.get_response(request)
        if not answer.streaming and not answer.has_header("Content-Length"):
            answer["Content-Length"] = str(len(cast(Any, answer).content))
        if request.META.get("wsgi.input_terminated"):  # else nobody says where it ends
            _drain(request.META["wsgi.input"])
        return answer


class FirstPieceMiddleware:
    """What is sent while it is made has its first piece before its head leaves.

    So a database that is late or gone is an answer in the host's brand, and no file of zero bytes.
    Outside of the request's scope, which the pieces enter themselves.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, begun. Raises what its first piece raises."""
        answer = self.get_response(request)
        if answer.streaming and getattr(answer, "file_to_stream", None) is None:
            made = cast(StreamingHttpResponse, answer)
            pieces = cast(Iterator[bytes], iter(made))
            made.streaming_content = chain([next(pieces, b"")], pieces)
        return answer


def _drain(source: Any) -> None:
    """What cannot be read is left: gunicorn hangs up then, as nobody knows where it ends."""
    size = 0
    with suppress(Exception):
        while size <= DRAIN_BYTES and (chunk := source.read(_CHUNK)):
            size += len(chunk)
