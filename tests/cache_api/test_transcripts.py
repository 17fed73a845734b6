"""Transcripts into the overflow API and out of it: one entry serves JSON and streams."""

import json
import uuid

import pytest

from cache_api.rules.sse import formats
from tests.cache_api.provider_answers import CHAT, MESSAGE, RESPONSE
from tests.cache_api.rules.sse.exchanges import exchanges

ANSWERS = {"openai": CHAT, "openai responses": RESPONSE, "anthropic": MESSAGE}


def fresh(provider="openai"):
    """A request nobody made before. Its API decides how a stream is read."""
    messages = [{"role": "user", "content": f"question {uuid.uuid4()}"}]
    name = "input" if provider == "openai responses" else "messages"
    return {"provider": provider.split()[0], "model": "m", name: messages}


def transcript_of(answer, **options):
    return formats.render(answer, **options).decode()


@pytest.fixture(params=ANSWERS)
def provider(request):
    return request.param


def store(door, key, transcript, **members):
    body = {"response": transcript, "response_format": "sse", **members}
    return door.post("/api/overflow/store", body, key)


def test_a_stored_stream_is_served_as_json_and_as_a_stream(door, cast, provider):
    request, answer = {"original_request": fresh(provider)}, ANSWERS[provider]
    stored = store(door, cast.redis.live, transcript_of(answer), **request)
    as_json = door.lookup(cast.redis.live, **request).json
    as_stream = door.lookup(cast.redis.live, response_format="sse", **request).json

    assert (stored.status, stored.json["status"]) == (201, "stored")
    assert as_json["response"] == answer
    assert as_stream["response"] == transcript_of(answer)
    assert as_json["cost_saved"] == as_stream["cost_saved"]
    for told in (as_json, as_stream):
        event = cast.event(told["billing"]["event_id"])
        assert (event.outcome, event.bytes) == ("hit", stored.json["bytes"])


def test_stored_json_is_served_as_a_stream(door, cast, provider):
    request, answer = {"original_request": fresh(provider)}, ANSWERS[provider]
    door.store(cast.redis.live, json.dumps(answer), **request)

    told = door.lookup(cast.redis.live, response_format="sse", **request).json

    assert told["response"] == transcript_of(answer)
    assert formats.assemble(told["response"]) == answer


def test_usage_is_said_as_a_streaming_request_asks(edge_door, cast):
    request = fresh()
    edge_door.store(cast.redis.live, json.dumps(CHAT), original_request=request)

    def streamed(**more):
        asked = {**request, **more}
        found = edge_door.lookup(cast.redis.live, original_request=asked, response_format="sse")
        return found.json["response"]

    with_usage, without = transcript_of(CHAT), transcript_of(CHAT, include_usage=False)
    assert streamed() == with_usage
    assert streamed(stream=True, stream_options={"include_usage": True}) == with_usage
    assert streamed(stream=True) == without
    assert streamed(stream=True, stream_options={"include_usage": False}) == without
    assert with_usage != without


def test_by_key_alone_events_and_responses_tell_their_api(door, cast, provider):
    key = f"key-{uuid.uuid4()}"

    stored = store(door, cast.redis.live, transcript_of(ANSWERS[provider]), cache_key=key)
    told = door.lookup(cast.redis.live, cache_key=key, response_format="sse").json

    assert stored.status == 201
    assert told["response"] == transcript_of(ANSWERS[provider])


def test_the_same_stream_again_is_unchanged(door, cast):
    request = fresh()

    first = store(door, cast.redis.live, transcript_of(CHAT), original_request=request)
    again = store(door, cast.redis.live, transcript_of(CHAT), original_request=request)

    assert [first.status, again.status] == [201, 200]
    assert first.json["expires_at"] == again.json["expires_at"]


CHUNK = 'data: {"id":"c","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":%s}]}\n\n'
DONE = "data: [DONE]\n\n"


@pytest.mark.parametrize(
    ("transcript", "reason"),
    [
        ("", "incomplete"),
        (CHUNK % '"stop"', "incomplete"),
        (CHUNK % "null" + DONE, "incomplete"),
        (CHUNK % '"stop"' + DONE[:-1], "incomplete"),
        (CHUNK % '"stop"' + 'data: {"error":{"message":"x"}}\n\n' + DONE, "provider_error"),
        (CHUNK % '"stop"' + CHUNK.replace('"c"', '"d"') % '"stop"' + DONE, "contradictory"),
        (CHUNK % '"length"' + DONE, "truncated"),
        (CHUNK % '"content_filter"' + DONE, "content_filter"),
        (CHUNK.replace('"a"', '""') % '"stop"' + DONE, "empty"),
        ('{"choices":[]}', "incomplete"),
        ('{"choices":[]}\n', "malformed"),
        ("data: x\n\n", "malformed"),
        ('data: {"choices":[{"index":0,"delta":3}]}\n\n', "malformed"),
    ],
    ids=lambda value: value if len(value) < 20 else "…",
)
def test_what_is_no_whole_answer_is_refused(door, cast, transcript, reason):
    request = fresh()

    refused = store(door, cast.redis.live, transcript, original_request=request)

    assert refused.status == 422
    told = refused.json
    assert (told["code"], told["reason"]) == ("uncacheable-response", reason)
    assert told["errors"][0]["pointer"] == "/response"
    assert door.lookup(cast.redis.live, original_request=request).json["hit"] is False


@pytest.mark.parametrize("response", [None, 1, [], CHAT], ids=["null", "1", "list", "object"])
def test_a_transcript_is_a_string(door, cast, response):
    refused = store(door, cast.redis.live, response, original_request=fresh())

    assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, "/response")


@pytest.mark.parametrize("wanted", ["xml", "", None, 1, ["sse"]])
def test_no_other_form_is_known(door, cast, wanted):
    body = {"original_request": fresh(), "response_format": wanted}

    for refused in (
        door.lookup(cast.redis.live, **body),
        door.post("/api/overflow/store", {**body, "response": CHAT}, cast.redis.live),
    ):
        assert refused.status == 400
        assert refused.json["errors"][0]["pointer"] == "/response_format"


def test_what_cannot_be_streamed_is_a_miss_to_who_wants_a_stream(door, cast):
    request = fresh()
    door.store(cast.redis.live, '{"embedding":[1.5]}', original_request=request)

    told = door.lookup(cast.redis.live, original_request=request, response_format="sse").json

    assert (told["hit"], told["response"], told["reason"]) == (False, None, "not_streamable")
    assert cast.event(told["billing"]["event_id"]).outcome == "miss"
    assert door.lookup(cast.redis.live, original_request=request).json["hit"] is True


def test_every_recorded_stream_is_stored_and_served(edge_door, cast, shared_data):
    served = 0
    for exchange in exchanges(shared_data, stream=True):
        if not exchange.finished:
            continue
        request = {"provider": exchange.api.partition(".")[0], **exchange.request}
        asked = {"customer_id": exchange.name, "original_request": request}
        stored = store(edge_door, cast.redis.live, exchange.body, **asked)
        assert stored.status == 201, (exchange.name, stored.json)
        told = edge_door.lookup(cast.redis.live, **asked).json
        assert told["response"] == formats.assemble(exchange.body, exchange.api), exchange.name
        served += 1

    assert served == 28
