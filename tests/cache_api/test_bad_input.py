"""Whatever is sent, the answer is a named problem within a second, never a 500, from both doors."""

import json
import socket
import time

import pytest

from tests.cache_api.doors import CHAT, JSON
from tests.patience import PROMPT_S

STORE = "/api/overflow/store"
LOOKUP = "/api/overflow"
BIG = 10 * 1024 * 1024
CHAT_TEXT = json.dumps(CHAT).encode()


def around(request):
    return b'{"original_request":' + request + b"}"


BAD_BODIES = {
    "empty": (b"", 400, "invalid-json"),
    "not json": (b"hello", 400, "invalid-json"),
    "cut off": (b'{"cache_key":"k"', 400, "invalid-json"),
    "not utf-8": (b'{"cache_key":"\xff"}', 400, "invalid-json"),
    "NaN": (b'{"cache_key":"k","x":NaN}', 400, "invalid-json"),
    "Infinity": (b'{"cache_key":"k","x":-Infinity}', 400, "invalid-json"),
    "too large a number": (b'{"cache_key":"k","x":1e999}', 400, "invalid-json"),
    "a huge integer beside a surrogate": (
        b'{"cache_key":"k","x":"\\ud800","y":' + b"9" * 5000 + b"}", 400, "invalid-json",
    ),
    "a member twice": (b'{"cache_key":"k","cache_key":"l"}', 400, "duplicate-member"),
    "a deep member twice": (around(b'{"a":{"b":1,"b":2}}'), 400, "duplicate-member"),
    "too deep": (around(b'{"a":' + b"[" * 80 + b"]" * 80 + b"}"), 400, "too-deep"),
    "hostile depth": (b"[" * 5_000_000, 400, "too-deep"),
    "too many values": (around(b"[" + b"1," * 30_000 + b"1]"), 400, "too-many-values"),
    "too large": (b'{"cache_key":"' + b"x" * BIG + b'"}', 413, "payload-too-large"),
    "a list": (b"[]", 400, "invalid-request"),
    "a string": (b'"x"', 400, "invalid-request"),
    "nothing to look for": (b"{}", 400, "invalid-request"),
    "nulls": (b'{"cache_key":null,"original_request":null}', 400, "invalid-request"),
    "cache_key a number": (b'{"cache_key":1}', 400, "invalid-request"),
    "cache_key empty": (b'{"cache_key":""}', 400, "invalid-request"),
    "cache_key too long": (b'{"cache_key":"' + b"x" * 1025 + b'"}', 400, "invalid-request"),
    "cache_key with NUL": (b'{"cache_key":"a\\u0000"}', 400, "invalid-request"),
    "customer a number": (b'{"cache_key":"k","customer_id":7}', 400, "invalid-request"),
    "customer with NUL": (b'{"cache_key":"k","customer_id":"\\u0000"}', 400, "invalid-request"),
    "customer a surrogate": (b'{"cache_key":"k","customer_id":"\\ud800"}', 400, "invalid-request"),
    "customer too long": (
        b'{"cache_key":"k","customer_id":"' + b"x" * 201 + b'"}', 400, "invalid-request",
    ),
    "namespace an object": (b'{"cache_key":"k","namespace":{}}', 400, "invalid-request"),
    "metadata a list": (b'{"cache_key":"k","metadata":[]}', 400, "invalid-request"),
    "tags a number": (b'{"cache_key":"k","tags":[1]}', 400, "invalid-request"),
    "too many tags": (
        json.dumps({"cache_key": "k", "tags": [str(n) for n in range(17)]}).encode(),
        400, "invalid-request",
    ),
    "original_request a string": (around(b'"x"'), 400, "invalid-request"),
    "no provider": (around(b'{"model":"m","messages":[]}'), 400, "invalid-request"),
    "no model": (around(b'{"provider":"openai","messages":[]}'), 400, "invalid-request"),
    "model a number": (around(b'{"provider":"openai","model":4}'), 400, "invalid-request"),
    "provider a surrogate": (around(b'{"provider":"\\ud800","model":4}'), 400, "invalid-request"),
}  # fmt: skip
BAD_STORES = {
    "no response": (b'{"cache_key":"k"}', 400, "invalid-request"),
    "ttl a string": (b'{"cache_key":"k","response":1,"ttl":"60"}', 400, "invalid-request"),
    "ttl below zero": (b'{"cache_key":"k","response":1,"ttl":-5}', 400, "invalid-request"),
    "ttl true": (b'{"cache_key":"k","response":1,"ttl":true}', 400, "invalid-request"),
    "ttl endless": (b'{"cache_key":"k","response":1,"ttl":1e300}', 400, "invalid-request"),
    "an unknown form": (
        b'{"cache_key":"k","response":"data: x","response_format":"xml"}', 400, "invalid-request",
    ),
    "a transcript cut off": (
        b'{"cache_key":"k","response":"data: x","response_format":"sse"}',
        422, "uncacheable-response",
    ),
    "a surrogate in a transcript": (
        b'{"cache_key":"k","response":"data: \\ud800\\n\\n","response_format":"sse"}',
        422, "uncacheable-response",
    ),
    "a transcript of empty lines": (
        b'{"cache_key":"k","response":"' + b"\\n" * 4_000_000 + b'","response_format":"sse"}',
        422, "uncacheable-response",
    ),
    "a surrogate in the response": (
        b'{"cache_key":"k","response":{"a":"\\ud800"}}', 422, "not-canonical",
    ),
}  # fmt: skip


def check(door, answer, status, code, began):
    assert (answer.status, answer.json["code"]) == (status, code)
    assert time.monotonic() - began < PROMPT_S
    assert answer.content_type == "application/problem+json"
    told = answer.json
    assert told["type"] == f"/problems/{code}"
    assert told["status"] == status
    assert told["title"]
    assert len(told["detail"]) > 10
    assert told["retryable"] is False


@pytest.mark.parametrize("path", [LOOKUP, STORE])
@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_bad_body_is_named(door, cast, path, name):
    body, status, code = BAD_BODIES[name]
    began = time.monotonic()

    check(door, door.post(path, body, cast.redis.live), status, code, began)


@pytest.mark.parametrize("name", BAD_STORES)
def test_a_bad_store_is_named(door, cast, name):
    body, status, code = BAD_STORES[name]
    began = time.monotonic()

    check(door, door.post(STORE, body, cast.redis.live), status, code, began)


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/plain"},
        {"content_type": "application/x-www-form-urlencoded"},
        {"content_encoding": "br"},
    ],
)
def test_only_json_in_a_known_coding_is_taken(door, cast, headers):
    began = time.monotonic()
    answer = door.post(LOOKUP, {"cache_key": "k"}, cast.redis.live, **headers)

    check(door, answer, 415, "unsupported-media", began)


@pytest.mark.parametrize("media", ["application/json; charset=utf-8", "application/vnd.x+json"])
def test_json_by_any_of_its_names_is_taken(door, cast, media):
    answer = door.post(LOOKUP, {"cache_key": "k"}, cast.redis.live, content_type=media)

    assert answer.status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", [LOOKUP, STORE])
def test_another_method_is_405(door, method, path):
    answer = door.call(method, path)

    assert (answer.status, answer.json["code"]) == (405, "method-not-allowed")
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/api/overflow/", "/api/overflow/nothing", "/api/"])
def test_an_address_that_does_not_exist_is_a_problem_document_too(door, cast, path):
    began = time.monotonic()

    check(door, door.post(path, {"cache_key": "k"}, cast.redis.live), 404, "not-found", began)


def test_a_preflight_is_refused_alike(door):
    answer = door.call("OPTIONS", LOOKUP)

    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_a_nonsense_token_count_neither_breaks_the_entry_nor_the_event(door, cast):
    usage = {"prompt_tokens": 10**18, "completion_tokens": 10**18}
    choices = [{"message": {"content": "x"}, "finish_reason": "stop"}]
    request = {**CHAT, "seed": door.port}
    response = {"model": "gpt-4", "choices": choices, "usage": usage}

    stored = door.post(STORE, {"original_request": request, "response": response}, cast.redis.live)
    found = door.lookup(cast.redis.live, original_request=request)

    assert (stored.status, found.status, found.json["hit"]) == (201, 200, True)
    assert found.json["cost_saved"] == 0
    assert cast.event(found.json["billing"]["event_id"]).tokens_in == 0


def test_a_strangers_body_is_not_even_read_as_json(door):
    assert door.post(LOOKUP, b"not json at all", "acp_live_x").status == 401


def test_a_faulty_member_is_pointed_at(door, cast):
    body = {"cache_key": "k", "original_request": {"provider": "openai"}}

    (fault,) = door.post(LOOKUP, body, cast.redis.live).json["errors"]

    assert fault["pointer"] == "/original_request/model"
    assert "gpt-4" in fault["detail"]


def test_senseless_telemetry_breaks_nobody(door, cast):
    for metadata in ({"redis_latency": "fast"}, {"redis_latency": -1}, {"redis_latency": True},
                     {"redis_latency": 1e300}, {"sdk": "x" * 1000}, {"reason": "mood"},
                     {"sdk": "\ud800"}, {"request_id": "\x00"}, {"primary": ["x"]}):  # fmt: skip
        body = {"cache_key": "k", "metadata": metadata}
        answer = door.post(LOOKUP, body, cast.redis.live)
        assert answer.status == 200, metadata
        event = cast.event(answer.json["billing"]["event_id"])
        assert (event.primary_latency_us, event.sdk) == (None, "")


def test_a_model_name_no_table_can_hold_is_still_answered(door, cast):
    for model in ("a\x00b", "a\ud800b", "a\nb"):
        request = {**CHAT, "model": model}
        answer = door.lookup(cast.redis.live, original_request=request)
        assert answer.status == 200
        assert cast.event(answer.json["billing"]["event_id"]).model == "a\ufffdb"


def test_a_body_announced_but_never_sent_harms_nobody(door, cast):
    with socket.create_connection(("127.0.0.1", door.port)) as half:
        head = f"POST {LOOKUP} HTTP/1.1\r\nHost: {door.host}\r\nContent-Length: 100\r\n"
        key = f"Authorization: Bearer {cast.redis.live}\r\nContent-Type: {JSON['content-type']}"
        half.sendall(f"{head}{key}\r\n\r\n{{".encode())

        assert door.lookup(cast.redis.live, cache_key="k").status == 200
    assert door.lookup(cast.redis.live, cache_key="k").status == 200
