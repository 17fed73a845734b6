"""A receiver of webhooks: a real HTTP server on loopback that keeps what it was sent."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """`says` maps a path to (status, headers, body); every other path is answered 204."""

    port: int
    says: dict = field(default_factory=dict)
    got: list = field(default_factory=list)  # (path, headers, body)

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def receiver(address: str = "127.0.0.1", tls=None, port: int = 0) -> Iterator[Receiver]:
    """A receiver for a block. `/slow` drips one byte a second; `/huge` sends for ever."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            kept.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if self.path in ("/slow", "/huge"):
                self.drip()
                return
            status, more, text = kept.says.get(self.path, (204, {}, b""))
            self.send_response(status)
            for name, value in {**more, "content-length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST  # noqa: N815

        def drip(self):
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            try:
                while not stopped.is_set():
                    self.wfile.write(b"x" * (65536 if self.path == "/huge" else 1))
                    if self.path == "/slow":
                        time.sleep(0.2)
            except OSError:
                return

        def log_message(self, *args):
            pass

    stopped = threading.Event()
    server = ThreadingHTTPServer((address, port), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    kept = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
