"""A provider on this machine: a real HTTP server that says what a test tells it to."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STREAM = "text/event-stream; charset=utf-8"


class Provider:
    """Answers every POST with `body`, in chunks of `piece` bytes, and remembers what was asked."""

    def __init__(self):
        provider = self
        self.asked = []  # (path, headers with lower-case names, body)
        self.says(b"{}")

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                if "content-length" in self.headers:
                    body = self.rfile.read(int(self.headers["content-length"]))
                else:
                    body = self.chunks()
                named = {name.lower(): text for name, text in self.headers.items()}
                provider.asked.append((self.path, named, body))
                provider.answer(self.path, body)
                self.send_response(provider.status)
                self.send_header("content-type", provider.content_type)
                self.send_header("transfer-encoding", "chunked")
                for name, text in provider.headers.items():
                    self.send_header(name, text)
                self.end_headers()
                said, size = provider.body, provider.piece
                for start in range(0, len(said), size):
                    piece = said[start : start + size]
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                if provider.breaks_off:
                    self.close_connection = True
                else:
                    self.wfile.write(b"0\r\n\r\n")

            def chunks(self):
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def log_message(self, *arguments):
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def says(
        self, body, content_type="application/json", status=200, *, piece=700, zipped=False,
        breaks_off=False, **headers,
    ):  # fmt: skip
        """Answer so from now on, and forget what was asked."""
        body = body.encode() if isinstance(body, str) else body
        self.body = gzip.compress(body) if zipped else body
        self.content_type, self.status, self.piece = content_type, status, piece
        self.headers = {name.replace("_", "-"): text for name, text in headers.items()}
        if zipped:
            self.headers["content-encoding"] = "gzip"
        self.breaks_off = breaks_off
        self.asked.clear()

    def answer(self, path, body):
        """For who answers by what is asked: set the answer now."""

    def close(self):
        """Listen no more."""
        self.server.shutdown()
        self.server.server_close()
