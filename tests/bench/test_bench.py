"""The benchmarks refuse a round that did not do what its figure would claim. Nothing is timed."""

import dataclasses
import http.server
import threading

import pytest

from bench import __main__ as bench
from bench import figures, load, report, traffic
from bench.checks import Tally, Untrue, check_answers, check_body, check_durable

STORED = b'{"id": 1, "text": "stored"}'
ROUND = Tally(
    seconds=2.0, sent=1003, answers=1000, ok=1000, hits=1000, same=1000, broken=0,
    p50_us=900, p99_us=4000,
)  # fmt: skip


def changed(**members):
    return dataclasses.replace(ROUND, **members)


def test_a_true_round_passes():
    check_answers(ROUND, connections=16)
    check_durable(ROUND, hit_events=1003, other_events=0)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"answers": 0}, "no request was answered"),
        ({"ok": 999}, "999 with 200"),
        ({"hits": 999}, "999 hits"),
        ({"same": 999}, "only 999 with the stored value"),
        ({"broken": 1}, "1 connections broke"),
        ({"sent": 1017}, "cannot have more under way"),
        ({"sent": 999}, "cannot have more under way"),
    ],
)
def test_answers_that_are_not_all_hits_with_the_stored_value_are_refused(members, told):
    with pytest.raises(Untrue, match=told):
        check_answers(changed(**members), connections=16)


@pytest.mark.parametrize(("hits", "others"), [(1002, 0), (1004, 0), (1003, 1), (1000, 3), (0, 0)])
def test_events_that_are_not_one_hit_for_each_request_are_refused(hits, others):
    with pytest.raises(Untrue, match="the stream holds"):
        check_durable(ROUND, hit_events=hits, other_events=others)


def test_a_body_with_another_hash_is_refused():
    answer = b'{"hit":true,"response":' + STORED + b',"latency":1}'
    check_body(answer, b'"response":', STORED)
    with pytest.raises(Untrue, match="SHA-256"):
        check_body(answer.replace(b"stored", b"stoned"), b'"response":', STORED)
    with pytest.raises(Untrue, match="SHA-256"):
        check_body(b'{"hit":false,"response":null}', b'"response":', STORED)


def test_what_is_stored_is_two_kilobytes_and_always_the_same():
    assert len(traffic.response()) == traffic.RESPONSE_BYTES
    assert traffic.response() == traffic.response()
    assert traffic.original_request()["provider"].encode() in traffic.lookup(1, "k", whole=True)
    assert b"original_request" not in traffic.lookup(1, "k", whole=False)


def test_ratios_are_taken_within_each_round():
    fast, slow = figures.Round(ROUND, 1.0), figures.Round(changed(seconds=8.0), 1.0)
    rounds = {("ours", 16): [slow, fast], ("theirs", 16): [fast, fast], ("ours", 1): [fast, fast]}
    by_line = {(row["server"], row["c"]): row for row in figures.rows(rounds, beside="theirs")}
    ours = by_line["ours", 16]
    assert (ours["from"], ours["to"], ours["requests/s"]) == (0.25, 1.0, 312)
    assert by_line["ours", 1]["× webdis"] is None
    assert "–" in report.table(list(by_line.values()))


class Answering(http.server.BaseHTTPRequestHandler):
    """Every third answer lacks the stored value."""

    protocol_version = "HTTP/1.1"
    lock, count = threading.Lock(), 0

    def do_GET(self):
        with Answering.lock:
            Answering.count += 1
            value = b"HIT other" if Answering.count % 3 == 0 else b"HIT " + STORED
        self.send_response(200)
        self.send_header("Content-Length", str(len(value)))
        self.end_headers()
        self.wfile.write(value)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def answering():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_our_own_generator_compares_every_answer(answering, monkeypatch):
    monkeypatch.setattr(load.shutil, "which", lambda name: None)
    request = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n"
    tally = load.fire(load.Order(answering, request, STORED.decode(), "HIT", 2, 0.2))
    assert tally.sent == tally.answers == tally.ok == tally.hits > 3
    assert tally.same == tally.answers - Answering.count // 3
    with pytest.raises(Untrue, match="with the stored value"):
        check_answers(tally, connections=2)


def test_an_unknown_benchmark_is_named(capsys):
    assert bench.main(["edge", "egde"]) == 2
    assert "no benchmark egde; there are: edge, recorder, semantic" in capsys.readouterr().out
