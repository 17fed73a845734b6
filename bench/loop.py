"""Our own HTTP client for keep-alive connections: fills, verifies, and is the load without wrk."""

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from typing import NoReturn

PATIENCE_S = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to request `index`, `took_ns` after it was sent."""

    index: int
    status: int
    body: bytes
    took_ns: int


def converse(
    port: int,
    asked: Iterator[tuple[int, bytes]],
    heard: Callable[[Answer], None],
    connections: int = 1,
) -> None:
    """Send each (index, request), one under way per connection, until there are no more.

    Raises TimeoutError, ConnectionError.
    """
    with DefaultSelector() as ready:
        for index, request in _first(asked, connections):
            link = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
            ready.register(link, EVENT_READ, (link, index, _send(link, request)))
        while ready.get_map():
            for key, _ in ready.select(PATIENCE_S) or _nothing():
                link, index, sent_ns = key.data
                status, body = receive(link)
                heard(Answer(index, status, body, time.perf_counter_ns() - sent_ns))
                following = next(asked, None)
                if following is None:
                    ready.unregister(link)
                    link.close()
                else:
                    index, request = following
                    ready.modify(link, EVENT_READ, (link, index, _send(link, request)))


def ask(port: int, requests: Iterable[bytes], connections: int = 1) -> list[Answer]:
    """The answers to all requests, in the order of the requests."""
    found: list[Answer] = []
    converse(port, enumerate(requests), found.append, connections)
    return sorted(found, key=lambda answer: answer.index)


def _first(asked: Iterator[tuple[int, bytes]], number: int) -> Iterator[tuple[int, bytes]]:
    for _, pair in zip(range(number), asked, strict=False):
        yield pair


def _send(link: socket.socket, request: bytes) -> int:
    sent_ns = time.perf_counter_ns()
    link.sendall(request)
    return sent_ns


def receive(link: socket.socket) -> tuple[int, bytes]:
    """The next answer: its status and body. Raises ConnectionError."""
    answer = b""
    while (body := _body(answer)) is None:
        chunk = link.recv(1 << 18)
        if not chunk:
            raise ConnectionError("the server hung up before its answer was whole")
        answer += chunk
    return int(answer[9:12]), body


def _body(answer: bytes) -> bytes | None:
    """The body once it is whole."""
    head, blank, body = answer.partition(b"\r\n\r\n")
    if not blank:
        return None
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return body if len(body) >= int(length) else None


def _nothing() -> NoReturn:
    raise TimeoutError(f"no answer within {PATIENCE_S} s")
