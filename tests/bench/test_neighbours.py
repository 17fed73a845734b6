"""A round beside a flood counts only if B got hits alone, and A its limit and refusals."""

import http.server
import threading

import pytest

from bench import load
from bench.checks import Untrue
from bench.neighbours import (
    ALONE,
    BARE,
    FLOODS,
    KEEPS,
    LIMIT_PER_S,
    TIMES,
    Turn,
    _check,
    rows_of,
)
from bench.paced import Heard, Pace, Pacer

SECONDS = 10.0
SENT = int(LIMIT_PER_S * TIMES * SECONDS)
OWED = int(LIMIT_PER_S * (SECONDS + 1))
CALM = Heard(100, SECONDS, {"200": 100}, [*range(1, 101)])


def turn(*, alone=CALM, beside=CALM, **statuses):
    told = statuses or {"_200": OWED, "_429": SENT - OWED}
    flood = Heard(SENT, SECONDS, {code.strip("_"): n for code, n in told.items()}, [1])
    return Turn({ALONE: alone, KEEPS: CALM, FLOODS: beside, BARE: CALM}, CALM, flood)


def test_a_true_round_counts():
    _check(turn())


@pytest.mark.parametrize(
    "other",
    [
        turn(alone=Heard(100, SECONDS, {"200": 99, "503": 1}, [1])),
        turn(beside=Heard(100, SECONDS, {"429": 100}, [])),
        turn(_200=SENT),  # no limit held it
        turn(_200=OWED // 2, _429=SENT - OWED // 2),  # its own share was refused
        turn(_200=OWED, _503=SENT - OWED),
    ],
)
def test_a_round_that_measured_something_else_aborts(other):
    with pytest.raises(Untrue):
        _check(other)


def test_a_p99_is_that_of_all_rounds_together():
    slow = Heard(100, SECONDS, {"200": 100}, [*range(2, 201, 2)])

    rows = {row["who"]: row for row in rows_of([turn(), turn(beside=slow)])}

    assert rows[ALONE]["p99 ms"] == 0.1 and rows[ALONE]["p99 ×"] is None
    # 200 answers of both rounds: the third slowest took 196 µs, that of twice CALM 99.
    assert rows[FLOODS]["p99 ×"] == round(196 / 99, 2)
    assert rows[FLOODS]["p99 × range"] == "1.00–2.00"
    assert rows[KEEPS]["p99 ×"] == 1.0 and rows[KEEPS]["p99 × range"] == "1.00–1.00"
    assert rows["A, floods"]["429 %"] == round(100 * (SENT - OWED) / SENT, 1)


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
    assert len(heard.took_us) == 50 and min(heard.took_us) > 0 and heard.seconds >= 0.5
