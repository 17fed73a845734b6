"""What follows on a connection after a refusal: answered rightly, or told that it is the last.

Most refusals are made before anybody has read the request's body. What is left of it must never be
taken for the next request, nor an answer's end for the beginning of the next answer.
"""

import itertools
import json
import socket
from contextlib import contextmanager

import pytest

from cache_api.rules.strictjson import MAX_BYTES
from tests.cache_api.doors import JSON, NEUTRAL_HOST
from tests.patience import PATIENCE_S

SIZES = (10, 100_000, 2_000_000)
# What is asked, by whom, with which other headers; the status that refuses it, or needs no body.
REFUSALS = {
    "no key": ("POST /api/overflow", "nobody", {}, 401),
    "suspended": ("POST /api/overflow", "suspended", {}, 403),
    "too often": ("POST /api/overflow", "busy", {}, 429),
    "packed by whom": ("POST /api/overflow/store", "redis", {"content-encoding": "br"}, 415),
    "no JSON": ("POST /api/overflow/store", "redis", {}, 400),
    "another method": ("PUT /api/overflow", "redis", {}, 405),
    "no such path": ("POST /api/overflow/nothing", "redis", {}, 404),
    "health is read": ("POST /api/overflow/health", "nobody", {}, 405),
    "nobody asked for a body": ("GET /livez", "nobody", {}, 200),
}
PAGES = {
    "nobody's host": ("POST /api/overflow", "redis", {"host": "stranger.example"}, 421),
    "no such page": ("POST /nothing", "nobody", {}, 404),
    "a form without a token": ("POST /accounts/login/", "nobody", {}, 403),
    "no such file": ("POST /static/nothing.css", "nobody", {}, 404),
}
CASES = [*((name, door) for name in REFUSALS for door in ("edge", "web")),
         *((name, "web") for name in PAGES)]  # fmt: skip


@pytest.fixture(scope="module")
def keys(cast, edge_door):
    """Keys by who has them; the busy one may ask once in a thousand seconds, and has."""
    busy = cast.open("busy-co", limits={"key_rps": 0.001, "key_burst": 1}).live
    assert edge_door.lookup(busy, cache_key="k").status == 200
    return {"nobody": "nonsense", "busy": busy, "redis": cast.redis.live,
            "suspended": cast.suspended.live}  # fmt: skip


def raw(line, key, body, piece=0, **changes):
    """A request's bytes; its body in chunks of `piece` bytes, or with its length."""
    headers = {**JSON, "host": NEUTRAL_HOST, "authorization": f"Bearer {key}", **changes}
    framing = "transfer-encoding: chunked" if piece else f"content-length: {len(body)}"
    lines = [f"{line} HTTP/1.1", *map(": ".join, headers.items()), framing, "", ""]
    if piece:
        parts = [body[at : at + piece] for at in range(0, len(body), piece)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in [*parts, b""])
    return "\r\n".join(lines).encode() + body


def read_answer(stream):
    """(status, headers, body) of a connection's next answer, which says how long it is."""
    version, status, *_ = stream.readline().split(b" ")
    assert version == b"HTTP/1.1"
    lines = itertools.takewhile(lambda line: line != b"\r\n", iter(stream.readline, b""))
    headers = dict(line.decode().strip().lower().split(": ", 1) for line in lines)
    length = 0 if status == b"100" else int(headers["content-length"])
    return int(status), headers, stream.read(length)


@contextmanager
def connected(door):
    """A socket, and what is read from it."""
    with socket.create_connection(("127.0.0.1", door.port), timeout=PATIENCE_S) as wire:
        yield wire, wire.makefile("rb")


@pytest.mark.parametrize(("name", "which"), CASES)
@pytest.mark.parametrize("piece", [0, 60_000], ids=["length", "chunks"])
def test_behind_a_refusal_the_next_request_is_answered(request, keys, name, which, piece):
    """It is there before the refusal is read: as early as it can come."""
    door = request.getfixturevalue(f"{which}_door")
    line, who, changes, status = (REFUSALS | PAGES)[name]

    for size in SIZES:
        body = json.dumps({"cache_key": f"behind {name} {which} {size}"}).encode()
        with connected(door) as (wire, stream):
            wire.sendall(raw(line, keys[who], b"x" * size, piece, **changes))
            wire.sendall(raw("POST /api/overflow", keys["redis"], body))

            refused, served = read_answer(stream), read_answer(stream)

        assert refused[0] == status and refused[1].get("connection") != "close"
        assert (served[0], json.loads(served[2])["hit"]) == (200, False)


def test_a_body_in_chunks_is_read_by_both_doors(door, cast):
    members = {"cache_key": f"chunks {door.name}", "response": {"text": "y" * 200_000}}
    body = json.dumps(members).encode()
    with connected(door) as (wire, stream):
        wire.sendall(raw("POST /api/overflow/store", cast.redis.live, body, piece=777))
        assert read_answer(stream)[0] == 201

    assert door.lookup(cast.redis.live, cache_key=members["cache_key"]).json["hit"]


def test_chunks_that_are_none_are_refused_and_end_the_connection(door, cast):
    """Also where nobody wanted the body: on a page of nobody."""
    head = raw("POST /api/overflow", cast.redis.live, b"", piece=1).removesuffix(b"0\r\n\r\n")
    for bad in (b"zz\r\n", b"5\r\nhello!!\r\n0\r\n\r\n"):
        for start in (head, head.replace(b"/api/overflow", b"/api/overflow/nothing")):
            with connected(door) as (wire, stream):
                wire.sendall(start + bad)

                status, headers, body = read_answer(stream)

                assert status == (400 if start == head else 404) or door.name == "edge"
                assert 400 <= status < 500 and json.loads(body)["status"] == status
                assert headers["content-type"] == "application/problem+json"
                assert stream.read() == b""


def test_answers_come_in_order_and_whole_however_requests_are_cut_into_packets(door, cast):
    """Refused and served ones in turn, sent without waiting for any answer."""
    wanted = [200, 401, 200, 200, 401, 401, 200, 200]
    keys = {200: cast.redis.live, 401: "nobody"}
    asked = b"".join(
        raw("POST /api/overflow", keys[status], b'{"cache_key":"%d"}' % number)
        for number, status in enumerate(wanted)
    )
    with connected(door) as (wire, stream):
        for at in range(0, len(asked), 97):
            wire.sendall(asked[at : at + 97])
        found = [read_answer(stream)[0] for _ in wanted]

    assert found == wanted


EXPECTING = {
    "refused by its length": ("POST /api/overflow", MAX_BYTES + 1, 413),
    "no such path": ("POST /api/overflow/nothing", 9, 404),
    "another method": ("PUT /api/overflow", 9, 405),
}


@pytest.mark.parametrize("name", EXPECTING)
def test_a_body_that_was_announced_and_refused_ends_the_connection(edge_door, name):
    """Whether it still comes is the client's affair; the next request cannot be told from it."""
    line, length, status = EXPECTING[name]
    head = f"{line} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {length}"
    with connected(edge_door) as (wire, stream):
        wire.sendall(f"{head}\r\n\r\n".encode())

        told = read_answer(stream)

        assert (told[0], told[1]["connection"]) == (status, "close")
        assert stream.read() == b""


def test_a_body_that_was_announced_and_is_wanted_is_waited_for(door, cast):
    body = json.dumps({"cache_key": f"waited for {door.name}", "response": {"n": 1}}).encode()
    key = cast.redis.live
    whole = raw("POST /api/overflow/store", key, body, expect="100-continue")
    with connected(door) as (wire, stream):
        wire.sendall(whole[: -len(body)])

        assert read_answer(stream)[0] == 100
        wire.sendall(body)
        assert read_answer(stream)[0] == 201
