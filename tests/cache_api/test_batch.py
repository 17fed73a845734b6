"""Batches over TCP, at both doors: every item by itself, all of them in a few round trips."""

import json
import uuid

import pytest

from tests.cache_api.doors import CHAT, JSON, REPLY
from tests.cache_api.hot.pipeline import Pipeline
from tests.cache_api.test_contract import fresh

BATCH = "/api/overflow/batch"


def batch(door, key, *items, **headers):
    """Items are dicts, or bytes that go out as they are."""
    raws = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in items]
    return door.post(BATCH, b'{"items":[' + b", ".join(raws) + b"]}", key, **headers)


def stored(request, response=REPLY, **more):
    body = json.dumps({"op": "store", "original_request": request, **more})[:-1]
    return f'{body},"response":{response}}}'.encode()


def looked(request, **more):
    return {"op": "lookup", "original_request": request, **more}


def test_stores_and_lookups_answer_as_they_would_alone(door, cast):
    one, two, three = fresh(), fresh(), fresh()
    door.store(cast.redis.live, '"three"', original_request=three, customer_id="acme")
    door.store(cast.pinecone.live, '"theirs"', original_request=two)

    first = batch(
        door, cast.redis.live, stored(one), looked(two), looked(three, customer_id="acme"),
        stored(three, '"three"', customer_id="acme"), looked(three),
    )  # fmt: skip
    second = batch(door, cast.redis.live, looked(one), looked(two))

    assert (first.status, first.content_type) == (200, "application/json")
    items = first.json["items"]
    assert [item["status"] for item in items] == [201, 200, 200, 200, 200]
    assert items[0]["body"]["status"] == "stored"
    assert items[1]["body"]["reason"] == "not_found"
    assert (items[2]["body"]["hit"], items[2]["body"]["response"]) == (True, "three")
    assert items[3]["body"]["status"] == "unchanged"
    assert not items[4]["body"]["hit"]
    assert f'"response":{REPLY},"latency"'.encode() in second.body  # byte for byte
    assert [item["body"]["hit"] for item in second.json["items"]] == [True, False]


def test_every_item_is_one_event(door, cast):
    one = fresh()
    answer = batch(door, cast.redis.live, stored(one, customer_id="acme"), looked(fresh()),
                   {"op": "lookup"})  # fmt: skip

    items = answer.json["items"]
    found = [cast.event(item["body"]["billing"]["event_id"]) for item in items[:2]]
    assert [(one.kind, one.outcome, one.customer) for one in found] == [
        ("store", "stored", "acme"), ("lookup", "miss", "_default"),
    ]  # fmt: skip
    assert {one.partner_id for one in found} == {cast.redis.partner_id}
    assert items[2]["status"] == 400


BAD_ITEMS = {
    "no object": (b"5", 400, "invalid-request"),
    "null": (b"null", 400, "invalid-request"),
    "no op": (b'{"cache_key":"k"}', 400, "invalid-request"),
    "an unknown op": (b'{"op":"purge","all":true}', 400, "invalid-request"),
    "an op that is a list": (b'{"op":[]}', 400, "invalid-request"),
    "nothing to look for": (b'{"op":"lookup"}', 400, "invalid-request"),
    "malformed": (b'{"op":"lookup","cache_key" "k"}', 400, "invalid-json"),
    "not utf-8": (b'{"op":"lookup","cache_key":"\xff"}', 400, "invalid-json"),
    "a member twice": (b'{"op":"lookup","cache_key":"a","cache_key":"b"}', 400,
                       "duplicate-member"),
    "two ops": (b'{"op":"lookup","op":"store","cache_key":"b"}', 400, "duplicate-member"),
    "too deep": (b'{"op":"lookup","x":' + b"[" * 99 + b"]" * 99 + b"}", 400, "too-deep"),
    "hostile depth": (b"[" * 100_000 + b"]" * 100_000, 400, "too-deep"),
    "no response": (b'{"op":"store","cache_key":"k"}', 400, "invalid-request"),
    "a foreign customer": (b'{"op":"lookup","cache_key":"k","customer_id":"globex"}', 403,
                           "customer-forbidden"),
    "not canonical": (b'{"op":"store","response":1,"original_request":{"provider":"a","model":"b",'
                      b'"messages":[{"role":"user","content":"\\ud800"}]}}', 422, "not-canonical"),
    "no answer to keep": (b'{"op":"store","cache_key":"k","response":null}', 422,
                          "uncacheable-response"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD_ITEMS)
def test_a_bad_item_fails_alone(door, cast, bad):
    raw, status, code = BAD_ITEMS[bad]
    request = fresh()
    door.store(cast.redis.acme, original_request=request)

    answer = batch(door, cast.redis.acme, looked(request), raw, looked(request))

    assert answer.status == 200, answer.body
    first, refused, last = answer.json["items"]
    assert first["body"]["hit"]
    assert last["body"]["hit"]
    assert (refused["status"], refused["problem"]["code"]) == (status, code)


def test_a_lookup_without_canonical_form_is_an_ordinary_miss_in_a_batch(door, cast):
    odd = {**CHAT, "messages": [{"role": "user", "content": "\ud800"}]}

    (item,) = batch(door, cast.redis.live, looked(odd)).json["items"]

    assert (item["status"], item["body"]["reason"]) == (200, "not_canonical")


def test_a_hundred_items_and_no_more(door, cast):
    requests = [fresh() for _ in range(100)]

    answer = batch(door, cast.redis.live, *[stored(one) for one in requests])
    again = batch(door, cast.redis.live, *[looked(one) for one in requests])
    too_many = batch(door, cast.redis.live, *[looked(one) for one in [*requests, CHAT]])

    assert [item["status"] for item in answer.json["items"]] == [201] * 100
    assert all(item["body"]["hit"] for item in again.json["items"])
    ids = {item["body"]["billing"]["event_id"] for item in again.json["items"]}
    assert len(ids) == 100
    assert (too_many.status, too_many.json["errors"][0]["pointer"]) == (400, "/items")


BAD_BATCHES = {
    "empty": (b"", 400, "invalid-json"),
    "no json": (b"hello", 400, "invalid-json"),
    "a list": (b"[]", 400, "invalid-request"),
    "no items": (b"{}", 400, "invalid-request"),
    "items an object": (b'{"items":{}}', 400, "invalid-request"),
    "items null": (b'{"items":null}', 400, "invalid-request"),
    "no item": (b'{"items":[]}', 400, "invalid-request"),
    "items twice": (b'{"items":[1],"items":[2]}', 400, "duplicate-member"),
    "cut off": (b'{"items":[{"op":"lookup"}', 400, "invalid-json"),
    "too large": (b'{"items":["' + b"x" * 8 * 1024 * 1024 + b'"]}', 413, "payload-too-large"),
    "hostile depth": (b"[" * 5_000_000, 400, None),
    "hostile depth of an item": (b'{"items":[' + b"[" * 5_000_000, 400, "too-many-values"),
}


@pytest.mark.parametrize("bad", BAD_BATCHES)
def test_what_is_no_batch_is_refused(door, cast, bad):
    raw, status, code = BAD_BATCHES[bad]

    answer = door.post(BATCH, raw, cast.redis.live)

    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    assert answer.json["code"] == code or code is None


def test_a_batch_needs_a_key_and_plain_json(door, cast):
    assert batch(door, "x", looked(CHAT)).status == 401
    assert door.call("GET", BATCH).status == 405
    headers = {**JSON, "authorization": f"Bearer {cast.redis.live}", "content-type": "text/plain"}
    assert door.call("POST", BATCH, b'{"items":[]}', headers).status == 415


def test_leases_and_staleness_work_in_a_batch(door, cast):
    request = fresh()

    answer = batch(door, cast.redis.live, looked(request, lease=True), looked(request, lease=True),
                   idempotency_key=str(uuid.uuid4()))  # fmt: skip

    roles = [item["body"]["lease"]["role"] for item in answer.json["items"]]
    assert sorted(roles) == ["follower", "leader"]


def test_one_round_trip_a_phase():
    pipe = Pipeline()
    _, key = pipe.redis
    requests = [{**CHAT, "n": n} for n in range(1, 5)]
    raws = [stored(one) for one in requests[:2]] + [
        json.dumps(looked(one)).encode() for one in requests
    ]

    pipe.ask("batch", b'{"items":[' + b",".join(raws) + b"]}", key)

    assert [[command[0] for command in commands] for commands in pipe.ran] == [
        [b"GET"] * 6, [b"SET"] * 2,
    ]  # fmt: skip


def test_without_the_cache_store_lookups_miss_and_stores_are_refused(own_valkeys, tmp_path):
    cast = own_valkeys.cast()
    edge = own_valkeys.edge(tmp_path / "edge", 100)
    edge.lookup(cast.redis.live, cache_key="k")
    own_valkeys.cache.child.kill()

    items = batch(edge, cast.redis.live, looked(CHAT), stored(CHAT)).json["items"]

    assert (items[0]["status"], items[0]["body"]["reason"]) == (200, "unavailable")
    assert (items[1]["status"], items[1]["problem"]["code"]) == (503, "overloaded")
    edge.stop()
