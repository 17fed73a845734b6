"""The provider behind LiteLLM: answers the benchmark's requests and counts how often it was asked.

The count is the proof that cached answers were cached: during a round it must not move.
"""

import http.server
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench import bodies


class Upstream:
    """One provider in a thread. `responses` holds what it answers, by the request's index."""

    def __init__(self) -> None:
        self.responses: Sequence[bytes] = ()
        self.asked, self.port = 0, 0
        self._lock = threading.Lock()

    def answer(self, body: str) -> bytes:
        """The response to a chat request, counted. Raises ValueError."""
        with self._lock:
            self.asked += 1
        return self.responses[bodies.index_of(body)]


@contextmanager
def upstream() -> Iterator[Upstream]:
    """A provider on a free port of 127.0.0.1, gone after the block."""
    one = Upstream()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = one.answer(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Nothing is logged."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        one.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield one
        server.shutdown()
        thread.join()
