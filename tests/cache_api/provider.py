"""A provider on this machine: a real HTTP server that says what a test tells it to."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STREAM = "text/event-stream; charset=utf-8"


class Provider:
    """Answers every POST with `pieces`, one chunk each, and remembers what it was asked.

    Between pieces it waits for `gate`. `breaks_off`: hang up in place of the last chunk.
    """

    def __init__(self):
        provider = self
        self.status, self.content_type, self.headers = 200, "application/json", {}
        self.pieces, self.breaks_off = [b"{}"], False
        self.gate = threading.Event()
        self.gate.set()
        self.hung_up = threading.Event()
        self.asked = []  # (path, headers with lower-case names, body)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                named = {name.lower(): text for name, text in self.headers.items()}
                provider.asked.append((self.path, named, body))
                self.send_response(provider.status)
                self.send_header("content-type", provider.content_type)
                self.send_header("transfer-encoding", "chunked")
                for name, text in provider.headers.items():
                    self.send_header(name, text)
                self.end_headers()
                try:
                    self._say()
                except OSError:
                    self.close_connection = True
                    provider.hung_up.set()

            def _say(self):
                for number, piece in enumerate(provider.pieces):
                    if number:
                        provider.gate.wait(20)
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    self.wfile.flush()
                if provider.breaks_off:
                    self.close_connection = True
                else:
                    self.wfile.write(b"0\r\n\r\n")

            def log_message(self, *arguments):
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def says(self, *pieces, content_type="application/json", status=200, **headers):
        """Answer so from now on, and forget what was asked."""
        self.pieces, self.content_type, self.status = list(pieces), content_type, status
        self.headers = {name.replace("_", "-"): text for name, text in headers.items()}
        self.breaks_off = False
        self.asked.clear()
        self.hung_up.clear()

    def close(self):
        """Listen no more."""
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()
