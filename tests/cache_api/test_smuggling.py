"""Where two readers of one stream of bytes could see different requests: refused, at both doors.

Each case hides a request in what comes behind its head. Whoever answers the hidden one has been
smuggled past; nobody may, and nothing more is read from such a connection.
"""

import re

import pytest

from tests.cache_api.test_bad_http import spoken

HIDDEN = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"
CHUNKED = "transfer-encoding: chunked\r\n"
# What stands behind the first lines of the request, up to its end.
HEADS = {
    "a length and chunks": f"content-length: 4\r\n{CHUNKED}\r\n0\r\n\r\n",
    "chunks and a length": f"{CHUNKED}content-length: 4\r\n\r\n0\r\n\r\n",
    "chunks, then something else": "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "something like chunks": "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks behind a vertical tab": "transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunks in a folded line": "transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": "transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    "a length in a folded line": "x-a: b\r\n content-length: 4\r\ncontent-length: 0\r\n\r\n",
    "a bare CR": "x-a: b\rcontent-length: 4\r\n\r\n",
    "two lengths": "content-length: 0\r\ncontent-length: 35\r\n\r\n",
    "a list of lengths": "content-length: 0, 35\r\n\r\n",
    "a length with a sign": "content-length: +0\r\n\r\n",
    "a length with an underscore": "content-length: 0_0\r\n\r\n",
    "a length in hexadecimal": "content-length: 0x0\r\n\r\n",
    "a length in other digits": "content-length: \u0660\r\n\r\n",
    "a chunk of 0x0": f"{CHUNKED}\r\n0x0\r\n\r\n",
    "a chunk with a sign": f"{CHUNKED}\r\n+0\r\n\r\n",
    "a chunk below zero": f"{CHUNKED}\r\n-1\r\n\r\n",
    "a chunk with an underscore": f"{CHUNKED}\r\n0_0\r\n\r\n",
    "a chunk without a size": f"{CHUNKED}\r\n;a=b\r\n\r\n",
    "a chunk that is longer than it says": f"{CHUNKED}\r\n1\r\nab\r\n0\r\n\r\n",
    "a chunk's size ended by LF alone": f"{CHUNKED}\r\n1;a\n0\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", HEADS)
def test_nobody_answers_what_is_hidden_in_another_request(door, name):
    head = f"POST /api/overflow HTTP/1.1\r\nhost: {door.host}\r\ncontent-type: application/json\r\n"

    told = spoken(door, (head + HEADS[name] + HIDDEN).encode())

    assert b"\r\n\r\nok\n" not in told
    answers = re.findall(rb"^HTTP/1.1 (\d+)", told, re.MULTILINE)
    # A door may refuse the caller before it reads the body, and then the body.
    assert answers in ([b"400"], [b"401"], [b"413"], [b"501"], [b"401", b"400"]), told


@pytest.mark.parametrize("line", [
    "host: {host}:80@evil.example", "host: {host}/x", "host: {host}, evil.example",
    "host: {host}\\@evil.example", "host: {host}#x", "host: [{host}", "host: [é]", "host: [::1]x",
    "host: {host}:port", "host:  ", "x-forwarded-host: {host}",
])  # fmt: skip
def test_a_host_that_is_none_is_nobodys_and_stands_in_no_answer(door, line):
    said = line.format(host=door.host)
    head = f"GET /api/overflow/nothing HTTP/1.1\r\n{said}\r\nconnection: close\r\n"

    told = spoken(door, f"{head}\r\n".encode())

    status, _, rest = told.partition(b"\r\n")
    assert status.split(b" ")[1] in (b"400", b"401", b"404", b"421"), told
    assert b"evil" not in rest
