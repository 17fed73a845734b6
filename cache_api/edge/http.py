"""HTTP as bytes: read a bounded body, send an answer. Knows nothing of the overflow API."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any

from cache_api.hot.problems import Problem
from cache_api.hot.steps import Answer, refused
from cache_api.rules.strictjson import MAX_BYTES

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
# Read on (and thrown away) past the limit, so that the client has sent and can read our refusal.
DRAIN_BYTES = 4 * MAX_BYTES
MAX_HEAD_BYTES = 64 * 1024
_PROBLEM = Problem("payload-too-large", f"The body is larger than {MAX_BYTES} bytes.")
TOO_LARGE = refused(_PROBLEM)
_STATUS = {one.value: f"HTTP/1.1 {one.value} {one.phrase}\r\n".encode() for one in HTTPStatus}


class ClientGone(Exception):
    """The client hung up before its request was complete."""


async def read_body(receive: Receive, headers: dict[bytes, bytes]) -> bytes:
    """The request body. Raises Problem above 10 MiB, ClientGone."""
    message = await _next(receive) if not _is_refused_unsent(headers) else _too_large()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body if len(body) <= MAX_BYTES else _too_large()
    chunks, size = [body], len(body)
    while message.get("more_body", False):
        message = await _next(receive)
        size += len(message.get("body", b""))
        if size > MAX_BYTES:
            chunks.clear()
            if size > DRAIN_BYTES:
                break
        else:
            chunks.append(message.get("body", b""))
    return b"".join(chunks) if size <= MAX_BYTES else _too_large()


async def send_answer(send: Send, answer: Answer) -> None:
    """The whole answer in two messages."""
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", b"%d" % len(answer.body)),
        *answer.all_headers(),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def whole(answer: Answer, common: bytes, *, keep_alive: bool) -> bytes:
    """A whole answer, for a connection that is written directly.

    `common` are header lines that every answer has.
    """
    fields = common + answer.fields
    fields += b"".join([b"%b: %b\r\n" % header for header in answer.headers])
    return framed(answer.status, answer.content_type, fields, answer.body, keep_alive)


def framed(status: int, content_type: bytes, fields: bytes, body: bytes, keep_alive: bool) -> bytes:
    """The same of its parts; `fields` are all other header lines."""
    close = b"" if keep_alive else b"connection: close\r\n"
    parts = (
        _STATUS[status], b"content-type: ", content_type, b"\r\ncontent-length: ",
        b"%d\r\n" % len(body), fields, close, b"\r\n", body,
    )  # fmt: skip
    return b"".join(parts)


def joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers by name; one that came twice as one list (RFC 9110 §5.2), as the other door has it.

    A second key or host so becomes one that nobody has.
    """
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found[name] = found[name] + b"," + value if name in found else value
    return found


async def _next(receive: Receive) -> MutableMapping[str, Any]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message


def _is_refused_unsent(headers: dict[bytes, bytes]) -> bool:
    """A client that waits for our word (Expect) need not send what is too long anyway."""
    length = headers.get(b"content-length", b"0")
    return b"expect" in headers and length.isdigit() and int(length) > MAX_BYTES


def _too_large() -> Any:
    raise _PROBLEM
