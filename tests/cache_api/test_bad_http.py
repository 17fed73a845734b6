"""What is wrong as HTTP, and limits broken in pairs: a named problem, quickly, never a 500."""

import base64
import gzip
import itertools
import json
import random
import socket
import time

import pytest
import zstandard

from cache_api.edge.http import MAX_HEAD_BYTES
from cache_api.rules import strictjson, values
from tests.cache_api.doors import JSON
from tests.patience import PATIENCE_S, PROMPT_S

BIG = 10 * 1024 * 1024
NOT_HTTP = {
    "no request": b"hello there\r\n\r\n",
    "HTTP/9": b"POST /api/overflow HTTP/9.9\r\nhost: x\r\n\r\n",
    "a method nobody knows": b"PSOT /api/overflow HTTP/1.1\r\nhost: x\r\n\r\n",
    "a header without a name": b"POST /api/overflow HTTP/1.1\r\n: x\r\n\r\n",
    "a space in a header's name": b"POST /api/overflow HTTP/1.1\r\na b: x\r\n\r\n",
    "a length that is no number": b"POST /api/overflow HTTP/1.1\r\ncontent-length: x\r\n\r\n",
    "a length below zero": b"POST /api/overflow HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
    "two lengths": b"POST /x HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "a length and chunks": (
        b"POST /x HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "a chunk that is no number": (
        b"POST /api/overflow HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"
    ),
    "a NUL": b"POST /api/overflow HTTP/1.1\r\nhost: a\x00b\r\n\r\n",
    "TLS": bytes.fromhex("1603010200010001fc0303") + b"\x00" * 64,
}


def spoken(door, raw, timeout=PATIENCE_S):
    """What comes back on a connection of its own, until it is closed."""
    with socket.create_connection(("127.0.0.1", door.port), timeout=timeout) as wire:
        wire.sendall(raw)
        told = b""
        try:
            while part := wire.recv(65_536):
                told += part
        except ConnectionResetError:
            pass
        return told


def parsed(told):
    """(status, headers, document) of one raw answer."""
    head, _, body = told.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split(" ")[1]), headers, json.loads(body)


@pytest.mark.parametrize("name", NOT_HTTP)
def test_what_is_not_http_is_a_problem_document_at_the_edge(edge_door, name):
    began = time.monotonic()

    status, headers, told = parsed(spoken(edge_door, NOT_HTTP[name]))

    assert time.monotonic() - began < PROMPT_S
    assert (status, told["code"], told["status"]) == (400, "invalid-request", 400)
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert headers["cache-control"] == "no-store"


def test_a_head_that_never_ends_is_cut_off(edge_door):
    start = b"POST /api/overflow HTTP/1.1\r\nhost: x\r\n"
    heads = (start + b"x-a: " + b"a" * 200_000, start + b"x-a: b\r\n" * 20_000,
             b"GET /" + b"a" * 200_000)  # fmt: skip

    for head in heads:
        status, _, told = parsed(spoken(edge_door, head))
        assert (status, told["code"]) == (431, "headers-too-large")
        assert str(MAX_HEAD_BYTES) in told["detail"]


def test_a_good_request_with_a_long_head_is_served(edge_door, cast):
    answer = edge_door.post("/api/overflow", {"cache_key": "k"}, cast.redis.live, x_a="a" * 30_000)

    assert answer.status == 200


def test_after_a_bad_request_the_next_connection_is_served(edge_door, cast):
    spoken(edge_door, NOT_HTTP["a chunk that is no number"])

    assert edge_door.lookup(cast.redis.live, cache_key="k").status == 200


def test_a_request_behind_a_good_one_that_is_bad_does_not_take_its_answer(edge_door, cast):
    body = b'{"cache_key":"k"}'
    good = (
        b"POST /api/overflow HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        b"authorization: Bearer %b\r\ncontent-length: %d\r\n\r\n%b"
    ) % (cast.redis.live.encode(), len(body), body)

    told = spoken(edge_door, good + b"nonsense\r\n\r\n")

    assert told.count(b"HTTP/1.1 ") >= 1
    assert b" 500 " not in told
    assert b"application/problem+json" in told


@pytest.mark.parametrize("name", ["authorization", "host"])
def test_a_header_that_may_come_once_is_nobodys_when_it_comes_twice(door, cast, name):
    values = {"authorization": f"Bearer {cast.redis.live}", "host": door.host}
    lines = [f"{key}: {value}" for key, value in values.items()]
    lines += [f"{name}: {values[name]}", "content-type: application/json", "content-length: 17",
              "connection: close"]  # fmt: skip
    raw = "POST /api/overflow HTTP/1.1\r\n" + "\r\n".join(lines) + '\r\n\r\n{"cache_key":"k"}'

    told = spoken(door, raw.encode())

    status = int(told.split(b" ", 2)[1])
    assert status in ({400, 401} if name == "authorization" else {200, 400, 421})


# Each breaks one limit; the first of them, in this order, is what a request with several is told.
BROKEN = {
    "key": (401, lambda body, headers: headers.update(authorization="Bearer nonsense")),
    "length": (413, lambda body, headers: body.append(b'"pad":"' + b"x" * BIG + b'"')),
    "encoding": (415, lambda body, headers: headers.update({"content-encoding": "br"})),
    "media": (415, lambda body, headers: headers.update({"content-type": "text/html"})),
    "depth": (400, lambda body, headers: body.append(b'"d":' + b"[" * 80 + b"]" * 80)),
    "values": (400, lambda body, headers: body.append(b'"v":[' + b"1," * 20_001 + b"1]")),
    "twice": (400, lambda body, headers: body.append(b'"cache_key":"l"')),
    "number": (400, lambda body, headers: body.append(b'"n":NaN')),
    "utf-8": (400, lambda body, headers: body.append(b'"u":"\xff"')),
    "member": (400, lambda body, headers: body.append(b'"customer_id":7')),
    "header": (400, lambda body, headers: headers.update({"agentcache-ttl": "soon"})),
}


@pytest.mark.parametrize("pair", list(itertools.combinations(BROKEN, 2)), ids="+".join)
def test_two_limits_broken_at_once_are_one_refusal(door, cast, pair):
    body, headers = [b'"cache_key":"k"'], {**JSON, "authorization": f"Bearer {cast.redis.live}"}
    for name in pair:
        BROKEN[name][1](body, headers)
    began = time.monotonic()

    answer = door.call("POST", "/api/overflow", b"{" + b",".join(body) + b"}", headers)

    assert time.monotonic() - began < PROMPT_S
    # An edge that has not read the whole body yet cannot know more than its length.
    assert answer.status in {BROKEN[name][0] for name in pair}
    assert answer.content_type == "application/problem+json"
    told = answer.json
    assert told["status"] == answer.status
    assert told["retryable"] is False


@pytest.mark.parametrize("path", ["/api/overflow", "/api/overflow/store", "/api/overflow/nothing"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "POST"])
def test_every_method_of_every_address_gets_a_problem_or_an_answer(door, method, path):
    answer = door.call(method, path)

    assert answer.status in {401, 404, 405}
    assert answer.content_type == "application/problem+json"
    assert "allow" in answer.headers or answer.status != 405


PACKED = {"gzip": gzip.compress, "zstd": zstandard.compress}


@pytest.mark.parametrize("coding", PACKED)
def test_a_value_of_eight_mebibytes_comes_compressed_and_goes_out_plain(door, cast, coding):
    key, most = cast.redis.live, values.MAX_BYTES
    data = base64.b64encode(random.Random(most).randbytes(most)).decode()
    value = json.dumps({"content_type": "image/png", "encoding": "base64", "data": data})
    body = f'{{"cache_key":"packed {coding} {door.name}","response":{value}}}'.encode()
    assert len(body) > strictjson.MAX_BYTES > len(PACKED[coding](body))

    plain = door.post("/api/overflow/store", body, key)
    stored = door.post("/api/overflow/store", PACKED[coding](body), key, content_encoding=coding)

    assert (plain.status, stored.status) == (413, 201)
    found = door.lookup(key, cache_key=f"packed {coding} {door.name}")
    assert found.json["response"]["data"] == data
    packed = door.post("/api/overflow", PACKED[coding](b'{"cache_key":"nothing"}'), key,
                       content_encoding=coding)  # fmt: skip
    assert (packed.status, packed.json["hit"]) == (200, False)


@pytest.mark.parametrize("coding", PACKED)
def test_a_bomb_is_put_down_at_once(door, cast, coding):
    bomb = PACKED[coding](bytes(60_000_000))
    began = time.monotonic()

    answer = door.post("/api/overflow", bomb, cast.redis.live, content_encoding=coding)

    assert time.monotonic() - began < PROMPT_S
    assert (answer.status, answer.json["code"]) == (413, "payload-too-large")
    unread = door.post("/api/overflow", b"{}", cast.redis.live, content_encoding="br")
    assert (unread.status, unread.headers["accept-encoding"]) == (415, "gzip, zstd")
    torn = door.post("/api/overflow", b"{}", cast.redis.live, content_encoding=coding)
    assert (torn.status, torn.json["code"]) == (400, "invalid-request")
