"""Both generators compare every answer with the value of the request it belongs to."""

import http.server
import shutil
import threading

import pytest

from bench import load, loop
from bench.checks import Untrue, check_answers

VALUES = [b"HIT answer-%04d of its own" % index for index in range(3)]
REQUESTS = [b"GET /%d HTTP/1.1\r\nHost: bench\r\n\r\n" % index for index in range(3)]


class Answering(http.server.BaseHTTPRequestHandler):
    """`wrong` says what every fifth answer is instead."""

    protocol_version = "HTTP/1.1"
    wrong = staticmethod(lambda index: VALUES[index])
    lock, count = threading.Lock(), 0

    def do_GET(self):
        index = int(self.path[1:])
        with Answering.lock:
            Answering.count += 1
            is_wrong = Answering.count % 5 == 0
        value = Answering.wrong(index) if is_wrong else VALUES[index]
        self.send_response(200)
        self.send_header("Content-Length", str(len(value)))
        self.end_headers()
        self.wfile.write(value)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def port():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(params=["wrk", "own"])
def generator(request, monkeypatch):
    if request.param == "own":
        monkeypatch.setattr(load.shutil, "which", lambda name: None)
    elif shutil.which("wrk") is None:
        pytest.skip("wrk is not installed")


def fired(tmp_path, port, start=0):
    load.lay(tmp_path / "deck", REQUESTS, VALUES)
    order = load.Order(str(tmp_path / "deck"), "HIT", port, 2, 0.3, start)
    return load.fire(order)


def test_answers_that_are_all_their_own_pass(tmp_path, port, generator):
    tally = fired(tmp_path, port)
    assert tally.answers > 10
    check_answers(tally, connections=2)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda index: b"MISS", "hits"),
        (lambda index: VALUES[index].replace(b"own", b"0wn"), "with the stored value"),
        (lambda index: b"HIT answer-9999 of nobody", "with the stored value"),
    ],
)
def test_a_miss_or_another_body_is_found(tmp_path, port, generator, monkeypatch, wrong, told):
    monkeypatch.setattr(Answering, "wrong", staticmethod(wrong))
    with pytest.raises(Untrue, match=told):
        check_answers(fired(tmp_path, port), connections=2)


def test_the_stored_value_of_another_request_is_found(tmp_path, port, monkeypatch):
    # With one connection the next value is nobody's: wrk sees that as well as our own loop.
    monkeypatch.setattr(Answering, "wrong", staticmethod(lambda index: VALUES[(index + 1) % 3]))
    found = loop.ask(port, REQUESTS * 5)
    assert sum(answer.body != VALUES[answer.index % 3] for answer in found) == 3
    with pytest.raises(Untrue, match="with the stored value"):
        check_answers(fired(tmp_path, port), connections=2)


def test_a_round_begins_where_the_last_one_ended(tmp_path, port, generator, monkeypatch):
    seen = []
    monkeypatch.setattr(
        Answering, "log_request", lambda handler, *arguments: seen.append(handler.path)
    )
    fired(tmp_path, port, start=2)
    assert seen[0] in {"/2", "/0"}  # two connections are a race
    assert {"/0", "/1", "/2"} == set(seen)


def test_a_server_that_hangs_up_is_an_error_not_a_figure():
    class Rude(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Rude) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(ConnectionError, match="hung up"):
            loop.ask(server.server_port, REQUESTS[:1])
        server.shutdown()
