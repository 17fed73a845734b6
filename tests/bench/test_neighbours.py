"""A round beside a flood counts only if B got hits alone, and A its limit and refusals."""

import http.server
import threading

import pytest

from bench import load
from bench.checks import Untrue
from bench.neighbours import LIMIT_PER_S, TIMES, _check
from bench.paced import Heard, Pace, Pacer

SECONDS = 10.0
SENT = int(LIMIT_PER_S * TIMES * SECONDS)
OWED = int(LIMIT_PER_S * (SECONDS + 1))
CALM = Heard(100, SECONDS, {"200": 100}, 500, 900)


def flood(**statuses):
    return Heard(SENT, SECONDS, {code.strip("_"): n for code, n in statuses.items()}, 1, 2)


def test_a_true_round_counts():
    _check((CALM, CALM), flood(_200=OWED, _429=SENT - OWED))


@pytest.mark.parametrize(
    ("alone", "beside", "flooded"),
    [
        (Heard(100, SECONDS, {"200": 99, "503": 1}, 1, 2), CALM, flood(_200=OWED,
                                                                      _429=SENT - OWED)),
        (CALM, Heard(100, SECONDS, {"429": 100}, 0, 0), flood(_200=OWED, _429=SENT - OWED)),
        (CALM, CALM, flood(_200=SENT)),  # no limit held it
        (CALM, CALM, flood(_200=OWED // 2, _429=SENT - OWED // 2)),  # its own share was refused
        (CALM, CALM, flood(_200=OWED, _503=SENT - OWED)),
    ],
)  # fmt: skip
def test_a_round_that_measured_something_else_aborts(alone, beside, flooded):
    with pytest.raises(Untrue):
        _check((alone, beside), flooded)


class Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200 if self.path == "/yes" else 429)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


def test_every_request_is_sent_once_and_only_answers_with_200_are_timed(tmp_path):
    asked = [b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in (b"yes", b"no")]
    load.lay(tmp_path, asked, [])
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        heard = Pacer(Pace("", server.server_port, 200, 0.5, connections=4), asked).run()
        server.shutdown()

    assert heard.sent == 100 and heard.statuses == {"200": 50, "429": 50}
    assert 0 < heard.p50_us <= heard.p99_us and heard.seconds >= 0.5
