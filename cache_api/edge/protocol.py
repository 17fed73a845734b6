"""HTTP for the hot path: a verb's request goes straight into the pipeline, without ASGI.

uvicorn's own protocol with one shortcut. The ordinary request of a verb costs no task, no scope and
no messages; whatever else comes (other paths, a query, `Expect`, upgrades, a request behind one
that is still under way) takes uvicorn's way through `cache_api.edge.app`.
"""

from asyncio import TimerHandle
from collections.abc import Mapping
from time import time_ns
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cache_api.edge import heads
from cache_api.edge.express import Had, Hit, HungUp
from cache_api.edge.heads import Head
from cache_api.edge.http import DRAIN_BYTES, MAX_HEAD_BYTES, TOO_LARGE, joined, whole
from cache_api.edge.routes import DIRECT
from cache_api.edge.service import Service
from cache_api.hot import forwards
from cache_api.hot.problems import Problem
from cache_api.hot.steps import Answer, Asked, Heard, refused
from cache_api.hot.verbs import Verb
from cache_api.rules.strictjson import MAX_BYTES

_MALFORMED = refused(Problem("invalid-request", "This is not HTTP/1.1 as RFC 9112 has it."))
# Kept-alive connections of a process that ends: a request may be on its way by now.
LINGER_S = 1.0
_LONG_HEAD = refused(
    Problem("headers-too-large", f"Address and headers are larger than {MAX_HEAD_BYTES} bytes.")
)


class EdgeProtocol(HttpToolsProtocol):
    """One connection. The application sets `service` while it runs."""

    service: Service | None = None
    _idle_timer: TimerHandle | None = None
    _answered_at = 0.0
    _is_ending = False  # the process ends: the next answer is this connection's last
    head_bytes = 0  # read so far of a head that is not complete
    _whole: bytes | None = None  # what came, while it is parsed, if it began with a request
    _is_between = True  # the parser waits for a request to begin
    _head: Head | None = None  # of the last request

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: the connection ended."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes came. A head that never ends must not fill the memory."""
        if self._is_between:
            known, service = self._head, self.service
            if known is not None and service is not None and self.cycle.response_complete:
                body = known.body(data)
                if body is not None:
                    self._unset_keepalive_if_required()  # after a request that took ASGI's way
                    if not service.express.take(self, known, body):
                        cycle: Any = _Direct(self, known.verb, keep_alive=True)
                        self.cycle = cycle
                        cycle.answer(service, body, known.headers, known.heard)
                    return
            self._whole = data
        super().data_received(data)
        self._whole = None
        if self.head_bytes:
            self.head_bytes += len(data)
            if self.head_bytes > MAX_HEAD_BYTES:
                self._hang_up(_LONG_HEAD)

    def shutdown(self) -> None:
        """uvicorn: the process ends. Who has a request on its way is answered, and told to go."""
        self._is_ending, self._head = True, None
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
        else:
            self.loop.call_later(LINGER_S, self._close_idle)

    def _close_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.timeout_keep_alive_handler()

    def send_400_response(self, msg: str) -> None:
        """uvicorn: the parser gave up. Say so as everywhere else."""
        self._hang_up(_MALFORMED)

    def _hang_up(self, answer: Answer) -> None:
        """Answer and close: nothing that follows on this connection can be understood."""
        self.head_bytes = 0
        if not self.transport.is_closing():
            self.transport.write(whole(answer, self.common(), keep_alive=False))
            self.transport.close()

    def on_message_begin(self) -> None:
        """httptools: a request starts. ASGI's scope is made only where ASGI is taken."""
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self.head_bytes, self._is_between = 1, False

    def on_headers_complete(self) -> None:
        """httptools: choose the way."""
        self.head_bytes = 0
        verb = DIRECT.get((self.parser.get_method(), self.url))
        idle = self.cycle is None or self.cycle.response_complete
        if (
            verb is not None
            and idle
            and self.service is not None
            and not self.expect_100_continue
            and not self.parser.should_upgrade()
            and (verb.dialect is None or not forwards.has_key(self.headers))
        ):
            keep_alive = self.parser.should_keep_alive() and not self._is_ending
            self.cycle = _Direct(self, verb, keep_alive=keep_alive)  # type: ignore[assignment]
        else:
            url, headers, expects = self.url, self.headers, self.expect_100_continue
            super().on_message_begin()
            self.url, self.expect_100_continue = url, expects
            self.headers += headers
            super().on_headers_complete()
            # Nobody knows whether a body follows that was announced, and refused before it came.
            if expects or self._is_ending:
                self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """httptools: a part of the body."""
        cycle: Any = self.cycle
        if type(cycle) is _Direct:
            cycle.take(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """httptools: the request is whole."""
        self._is_between = True
        cycle: Any = self.cycle
        if type(cycle) is _Direct:
            cycle.run()
        else:
            super().on_message_complete()

    def remember(self, verb: Verb, headers: dict[bytes, bytes]) -> None:
        """What the request that was just parsed began with: the next may need no parsing."""
        if self._whole is not None:
            self._head = heads.of(self._whole, verb, headers)

    def common(self) -> bytes:
        """uvicorn's headers of every answer (the date) as lines; they are new each second."""
        global _known
        headers = self.server_state.default_headers
        if _known[0] is not headers:
            _known = (headers, b"".join([b"%b: %b\r\n" % header for header in headers]))
        return _known[1]

    def go_ordinary(self, head: Head, body: bytes, hit: Hit, had: Had) -> None:
        """A request that left the express way with the replies that it has."""
        direct: Any = _Direct(self, head.verb, keep_alive=hit.keep_alive)
        direct.disconnected = hit.disconnected
        if self.cycle is hit:
            self.cycle = direct
        asked = Asked(body, head.headers, hit.now_ms, heard=head.heard, gate=hit.gate)
        assert self.service is not None
        self.service.answer(head.verb, asked, direct.reply, hit.began_ns, had)

    def complete(self, cycle: Any, data: bytes) -> None:
        """Write a whole answer, if anybody still waits for it.

        What waits behind it starts, or the connection begins to idle.
        """
        cycle.response_complete = True
        if cycle.disconnected:
            return
        self.transport.write(data)
        if not cycle.keep_alive:
            self.transport.close()
        if self.pipeline:
            self.on_response_complete()
            return
        self.server_state.total_requests += 1
        # One timer for many answers: to set and cancel one for each costs more than to look.
        self._answered_at = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._check_idle)

    def _check_idle(self) -> None:
        self._idle_timer = None
        left_s = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if left_s > 0:
            self._idle_timer = self.loop.call_later(left_s, self._check_idle)
        elif self.cycle is not None and self.cycle.response_complete:
            self.timeout_keep_alive_handler()


class _Direct:
    """One request on the shortcut; to uvicorn's protocol it looks like a cycle of its own."""

    message_event = HungUp()

    __slots__ = (
        "_chunks", "_protocol", "_size", "_verb", "disconnected", "keep_alive", "response_complete",
    )  # fmt: skip

    def __init__(self, protocol: EdgeProtocol, verb: Verb, *, keep_alive: bool) -> None:
        self._protocol, self._verb, self.keep_alive = protocol, verb, keep_alive
        self.response_complete = self.disconnected = False
        self._chunks: list[bytes] = []
        self._size = 0

    def take(self, body: bytes) -> None:
        """One more part; past the limit it is thrown away, so that the client can read our word."""
        self._size += len(body)
        if self._size <= MAX_BYTES:
            self._chunks.append(body)
        elif self._size > DRAIN_BYTES:
            self.keep_alive = False
            self.run()

    def run(self) -> None:
        """Answer what was asked."""
        protocol, chunks = self._protocol, self._chunks
        service = protocol.service
        if self.response_complete:
            return
        if self._size > MAX_BYTES or service is None:
            self.reply(self._verb.voice(TOO_LARGE))
            return
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        headers = dict(protocol.headers)
        if len(headers) != len(protocol.headers):
            headers = joined(protocol.headers)
        if self.keep_alive:
            protocol.remember(self._verb, headers)
        self.answer(service, body, headers)

    def answer(
        self,
        service: Service,
        body: bytes,
        headers: Mapping[bytes, bytes],
        heard: Heard | None = None,
    ) -> None:
        """Answer a whole request."""
        asked = Asked(body, headers, time_ns() // 1_000_000, heard=heard)
        service.answer(self._verb, asked, self.reply)

    def reply(self, answer: Answer) -> None:
        """The answer is ready, its events are durable."""
        protocol = self._protocol
        protocol.complete(self, whole(answer, protocol.common(), keep_alive=self.keep_alive))


_known: tuple[Any, bytes] = (None, b"")
