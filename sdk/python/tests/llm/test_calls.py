"""Which HTTP requests are model calls, and when a stream has said all."""

import json

import pytest
from agentcache_overflow.dropins import calls
from hypothesis import given, settings
from hypothesis import strategies as st

ASKED = {"model": "m", "messages": []}
JSON = {"content-type": "application/json"}


def read(
    path="/v1/chat/completions", body=ASKED, headers=JSON, *, method="POST", host="h", query=b""
):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return calls.read(method, host, path, query, headers, raw)


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("api.openai.com", "openai"), ("eu.api.openai.com", "openai"), ("API.OPENAI.COM", "openai"),
        ("api.anthropic.com", "anthropic"), ("api.cohere.com", "cohere"),
        ("api.together.xyz", "together"), ("api.groq.com", "groq"), ("openrouter.ai", "openrouter"),
        ("notapi.openai.com", "notapi.openai.com"), ("api.openai.com.evil", "api.openai.com.evil"),
        ("localhost", "localhost"),
    ],
)  # fmt: skip
def test_the_address_names_the_provider(host, provider):
    assert read(host=host).original_request == {**ASKED, "provider": provider}


@pytest.mark.parametrize(
    ("path", "streams"),
    [
        ("/v1/chat/completions", True), ("/openai/v1/chat/completions", True),
        ("/v1/responses", True), ("/v1/messages", True), ("/v2/chat", True),
        ("/v1/chat", False), ("/v1/embeddings", False), ("/v2/embed", False),
    ],
)  # fmt: skip
def test_endpoints_and_whether_their_streams_are_kept(path, streams):
    assert read(path) is not None
    assert (read(path, {**ASKED, "stream": True}) is not None) is streams


@pytest.mark.parametrize(
    "given_",
    [
        {"method": "GET"}, {"path": "/v1/models"}, {"path": "/v1/messages/count_tokens"},
        {"path": "/v1/completions"}, {"query": b"beta=true"},
        {"headers": {**JSON, "anthropic-beta": "x"}}, {"headers": {"content-type": "text/plain"}},
        {"headers": {}}, {"body": b""}, {"body": b"{"}, {"body": b"[]"}, {"body": {"model": 1}},
        {"body": {**ASKED, "provider": {"order": []}}}, {"body": b"[" * 100_000},
        {"body": b'{"model":"m","x":"' + b"x" * calls.MAX_BODY + b'"}'},
    ],
)  # fmt: skip
def test_what_is_no_call(given_):
    assert read(**given_) is None


@pytest.mark.parametrize(
    ("path", "transcript", "whole"),
    [
        ("/v1/chat/completions", "data: {}\n\ndata: [DONE]\n\n", True),
        ("/v1/chat/completions", "data: {}\r\n\r\ndata: [DONE]\r\n\r\n", True),
        ("/v1/chat/completions", "data: {}\n\ndata: [DONE]\n", False),
        ("/v1/chat/completions", "data: {}\n\n", False),
        ("/v1/chat/completions", 'data: {"content":"[DONE]"}\n\ndata: {}\n\n', False),
        ("/v1/chat/completions", "", False),
        ("/v1/responses", "event: response.completed\ndata: {}\n\n", True),
        ("/v1/responses", "event: response.created\ndata: {}\n\n", False),
        ("/v1/messages", "event: message_stop\ndata: {}\n\n", True),
        ("/v1/messages", "event: message_delta\ndata: {}\n\n", False),
        ("/v2/chat", "event: message-end\ndata: {}\n\ndata: [DONE]\n\n", True),
        ("/v2/chat", "event: message-end\ndata: {}\n\n", True),
        ("/v2/chat", "data: {}\n\ndata: [DONE]\n\n", False),
    ],
)
def test_when_a_stream_is_whole(path, transcript, whole):
    assert read(path, {**ASKED, "stream": True}).is_whole(transcript.encode()) is whole


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(
    st.binary() | json_values.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(
        st.sampled_from(["agentcache-ttl", "agentcache-tags", "agentcache-mode", "cache-control"]),
        st.text(),
    ),
)
def test_nothing_that_is_sent_makes_it_fail(body, headers):
    found = read(body=body, headers={**JSON, **headers})
    assert found is None or found.original_request["provider"] == "h"
