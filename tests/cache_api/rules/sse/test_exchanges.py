"""Every recorded exchange: JSON becomes a stream and JSON again; streams become JSON."""

import copy
import json
from itertools import groupby, pairwise

import pytest

from cache_api.rules import cacheable
from cache_api.rules.sse import formats
from cache_api.rules.sse.parse import BadTranscript, documents, parse
from cache_api.rules.sse.write import NotRenderable
from tests.cache_api.rules.sse.exchanges import exchanges


def as_streamed(response):
    """The response as a stream can say it: without the `index` Together repeats in tool calls."""
    response = copy.deepcopy(response)
    for choice in response.get("choices", []):
        for place, call in enumerate(choice["message"].get("tool_calls") or []):
            assert call.pop("index", place) == place
    return response


def test_every_json_answer_survives_being_streamed(shared_data):
    apis = []
    for exchange in exchanges(shared_data, stream=False):
        response = json.loads(exchange.body)
        if not exchange.finished:
            with pytest.raises(NotRenderable):
                formats.render(response)
            continue
        streamed = formats.render(response).decode()
        assert formats.assemble(streamed, exchange.api) == as_streamed(response), exchange.name
        apis.append(exchange.api)

    assert {api: apis.count(api) for api in sorted(set(apis))} == {
        "anthropic.messages": 21, "cohere.chat": 8, "openai.chat": 37, "openai.responses": 15,
    }  # fmt: skip


@pytest.fixture(scope="module")
def streams(shared_data):
    return [exchange for exchange in exchanges(shared_data, stream=True) if exchange.finished]


def test_every_recorded_stream_is_an_answer_that_may_be_stored(streams):
    for exchange in streams:
        response = formats.assemble(exchange.body, exchange.api)
        assert formats.assemble(exchange.body) == response, "events tell their API"
        assert cacheable.refusal(response, exchange.request) is None, exchange.name
        again = formats.render(response).decode()
        assert formats.assemble(again, exchange.api) == response, exchange.name
    assert len(streams) == 28


def test_what_is_no_stream_is_refused(shared_data):
    recorded = exchanges(shared_data, stream=True)
    (error,) = [exchange for exchange in recorded if not exchange.finished]

    with pytest.raises(BadTranscript) as refused:
        formats.assemble(error.body, error.api)

    assert (error.status, refused.value.reason) == (404, "malformed")


def test_a_stream_cut_off_anywhere_is_incomplete(streams):
    for exchange in streams:
        body = exchange.body
        if exchange.api == "cohere.chat":  # its terminal event is message-end; [DONE] says no more
            body = body.removesuffix("data: [DONE]\n\n")
        boundaries = [at for at in range(len(body)) if body.startswith("\n\n", at - 2)]
        inside = range(0, len(body), max(1, len(body) // 20))
        for cut in {*boundaries, *inside, len(body) - 1}:
            with pytest.raises(BadTranscript) as refused:
                formats.assemble(body[:cut], exchange.api)
            assert refused.value.reason == "incomplete", (exchange.name, cut)


def events_of(body):
    return [event + "\n\n" for event in body.strip().split("\n\n")]


def test_a_stream_with_an_error_in_it_is_refused(streams):
    errors = {
        "openai.chat": 'data: {"error":{"message":"The server had an error"}}\n\n',
        "openai.responses": 'event: error\ndata: {"type":"error","code":"server_error"}\n\n',
        "anthropic.messages": 'event: error\ndata: {"type":"error","error":{}}\n\n',
        "cohere.chat": 'event: message-end\ndata: {"type":"message-end","delta":{"error":"x"}}\n\n',
    }
    for exchange in streams:
        failed = [*events_of(exchange.body)[:-2], errors[exchange.api]]
        with pytest.raises(BadTranscript) as refused:
            formats.assemble("".join(failed), exchange.api)
        assert refused.value.reason == "provider_error", exchange.name


def test_two_streams_in_one_are_refused(streams):
    for one, other in pairwise(streams):
        if one.api == other.api:
            head, tail = events_of(one.body), events_of(other.body)
            # Cohere's later events name no message: only a second start can be noticed.
            for at in (0,) if one.api == "cohere.chat" else (0, 1):
                with pytest.raises(BadTranscript) as refused:
                    formats.assemble("".join([*head[:-2], *tail[at:]]), one.api)
                assert refused.value.reason == "contradictory", (one.name, other.name, at)


def spoken(body):
    """The kinds of events in order, repeated ones once, and the members each kind has."""
    said = [document for document in documents(parse(body)).all if document.get("type") != "ping"]
    order = [kind for kind, _ in groupby(document.get("type", "chunk") for document in said)]
    members: dict[str, set[str]] = {}
    for document in said:
        members.setdefault(document.get("type", "chunk"), set()).update(
            set(document) - {"obfuscation", "prompt_filter_results"}
        )
    return order, members


def test_our_streams_have_the_events_and_members_of_the_providers(streams):
    for exchange in streams:
        response = formats.assemble(exchange.body, exchange.api)
        assert spoken(formats.render(response).decode()) == spoken(exchange.body), exchange.name
