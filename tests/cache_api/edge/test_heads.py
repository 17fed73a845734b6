"""A head that is known without parsing is one that would be parsed to the same."""

import json
import socket

import pytest

from cache_api.edge import heads
from cache_api.hot.verbs import VERBS
from tests.cache_api.hot.pipeline import CHAT
from tests.patience import PATIENCE_S

VERB = VERBS["lookup"]


def request(body=b"{}", length=None, name=b"Content-Length: ", more=b"x-a: b\r\n", key=b"k"):
    number = b"%d" % len(body) if length is None else length
    start = b"POST /api/overflow HTTP/1.1\r\nhost: x\r\nauthorization: Bearer " + key + b"\r\n"
    return start + name + number + b"\r\n" + more + b"\r\n" + body


def head_of(data, length=b"2", **more):
    headers = {b"host": b"x", b"authorization": b"Bearer k", b"content-length": length}
    return heads.of(data, VERB, headers | {k.encode(): v for k, v in more.items()})


@pytest.mark.parametrize("name", [b"Content-Length: ", b"content-length:", b"CONTENT-LENGTH: "])
@pytest.mark.parametrize("body", [b"", b"{}", b'{"a":1}\r\n\r\n', b"x" * 12_345])
def test_other_bodies_under_the_same_head_are_known(name, body):
    head = head_of(request(name=name))

    assert head.body(request(body, name=name)) == body
    assert b"content-length" not in head.headers  # of another body


@pytest.mark.parametrize(
    "data",
    [
        request()[:-1], request()[:40], b"", request() + b"x", request() + request(),
        request(length=b"02"), request(length=b"3"), request(length=b"+2"), request(key=b"l"),
        request(more=b""), request(more=b"x-a: b\r\nx-c: d\r\n"), request(more=b"x-a: c\r\n"),
        request().replace(b"/api/overflow", b"/api/overflow/store"), b"\r\n" + request(),
        request().replace(b"1.1", b"1.0"), request(name=b"Content-Length:  "),
    ],
)  # fmt: skip
def test_anything_else_is_parsed(data):
    assert head_of(request()).body(data) is None


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (request(), {"length": b"3"}),
        (request(), {"length": b"2,2"}),
        (request(), {"transfer-encoding": b"chunked"}),
        (request(length=b"02"), {"length": b"02"}),
        (request() + b"x", {}),
        (b"\r\n\r\n" + request(), {}),
        (request(more=b"x-a: %b\r\n" % (b"b" * 5_000)), {}),
        (b"GET /api/overflow HTTP/1.1\r\nhost: x\r\n\r\n", {"length": b"0"}),
    ],
)
def test_what_is_no_plain_request_with_a_body_is_not_remembered(data, headers):
    assert head_of(data, **headers) is None


def exchanged(wire, *parts):
    """What a connection answers to a request sent in these parts: (status, document)."""
    for part in parts:
        wire.sendall(part)
    told = b""
    while b"\r\n\r\n" not in told:
        told += wire.recv(65_536)
    head, _, body = told.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += wire.recv(65_536)
    assert len(body) == length
    return int(head.split(b" ")[1]), json.loads(body)


def test_one_connection_changes_bodies_keys_and_paths(edge_door, cast):
    """Each answer is the one of its own bytes, however the one before looked."""
    ours, theirs = cast.redis.live.encode(), cast.pinecone.live.encode()
    asked = json.dumps({"original_request": CHAT}).encode()
    stored = json.dumps({"original_request": CHAT, "response": {"said": "x" * 100}}).encode()
    with socket.create_connection(("127.0.0.1", edge_door.port), timeout=PATIENCE_S) as wire:

        def told(body, key=ours, path=b"/api/overflow", at=None):
            raw = (
                request(body, key=key).replace(b"/api/overflow", path).replace(b"host: x\r\n", b"")
            )
            raw = raw.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r\nhost: localhost\r\n")
            return exchanged(wire, *([raw] if at is None else [raw[:at], raw[at:]]))

        assert told(stored, path=b"/api/overflow/store")[0] in {200, 201}
        for at in (None, None, 10, 60, -1, -20, None):
            status, answer = told(asked, at=at)
            assert (status, answer["hit"], answer["response"]["said"]) == (200, True, "x" * 100)
        status, answer = told(asked, key=theirs)
        assert (status, answer["hit"], answer["billing"]["partner_id"]) == (200, False, "pinecone")
        assert told(asked, key=b"acp_live_nobody")[0] == 401
        assert told(b"{")[0] == 400
        assert told(b'{"cache_key":"%b"}' % (b"k" * 500))[1]["hit"] is False
        assert told(asked)[1]["hit"]


def test_two_at_once_are_answered_in_turn(edge_door, cast):
    """A request behind one that is under way, when the head of both is known."""
    key = cast.redis.live.encode()
    one, two = (request(b'{"cache_key":"%b"}' % name, key=key) for name in (b"a", b"longer"))
    with socket.create_connection(("127.0.0.1", edge_door.port), timeout=PATIENCE_S) as wire:
        assert exchanged(wire, one)[0] == 200
        for _ in range(3):
            wire.sendall(one + two)
            told = b""
            while told.count(b"HTTP/1.1 200") < 2 or not told.endswith(b"}"):
                told += wire.recv(65_536)
        assert exchanged(wire, two)[0] == 200
