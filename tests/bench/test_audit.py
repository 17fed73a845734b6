"""Known vulnerabilities of pins, asked of a database that is ours here."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench import audit
from portal.servers.ports import pick

PIN = f"demo-package==1.0 --hash=sha256:{'0' * 64}\nother-package==2.0 --hash=sha256:{'1' * 64}\n"
KNOWN = {"vulns": [{"id": "OSV-1", "summary": "bad", "affected": []}]}


class Database(BaseHTTPRequestHandler):
    """Answers as OSV does: one package is known to be bad in version 1.0."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        bad = asked == {"package": {"name": "demo-package", "ecosystem": "PyPI"}, "version": "1.0"}
        body = json.dumps(KNOWN if bad else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def database() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Database)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()
    server.server_close()


def test_a_known_vulnerability_is_named_and_fails(database, tmp_path):
    pinned = tmp_path / "pins.txt"
    pinned.write_text(PIN)
    done = subprocess.run([sys.executable, "-m", "bench.audit", pinned, "--osv-url", database],
                          cwd=audit.ROOT, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 1 and "OSV-1" in done.stdout and "other-package" not in done.stdout


@pytest.mark.parametrize(("required", "ends"), [("", 0), ("1", 2)])
def test_without_a_database_it_says_that_nothing_was_checked(required, ends, capsys, monkeypatch):
    monkeypatch.setenv("REQUIRE_AUDIT", required)
    url = f"http://127.0.0.1:{pick()}/v1/query"
    assert audit.audit(["requirements.txt"], url) == ends
    assert f"No vulnerability database at {url}" in capsys.readouterr().out
