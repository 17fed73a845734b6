"""The API of real requests, and what is the same within one."""

import json

import pytest

from cache_api.rules import shapes
from cache_api.rules.identity import DENYLIST, identify
from tests.cache_api.rules.exchanges import APIS, exchanges, request_of


def test_every_recorded_request_speaks_the_api_it_was_sent_to(shared_data):
    found = {}
    for exchange in exchanges(shared_data):
        request = request_of(exchange)
        expected = "generic" if "prompt" in request else APIS[exchange["api"]][1]
        if exchange["id"].startswith("deepseek"):
            expected = shapes.RESPONSES
        found[exchange["id"]] = (identify(request).api, expected)

    assert len(found) > 100
    assert {name: pair for name, pair in found.items() if pair[0] != pair[1]} == {}


def test_recorded_requests_that_share_an_identity_say_the_same(shared_data):
    sharing = {}
    for exchange in exchanges(shared_data):
        request = request_of(exchange)
        found = identify(request)
        name = json.dumps([found.api, found.provider, found.model, found.params], sort_keys=True)
        counted = {k: v for k, v in request.items() if k not in DENYLIST and v is not None}
        sharing.setdefault(name, []).append((exchange["stream"], _texts(counted)))

    assert all(said == group[0][1] for group in sharing.values() for _, said in group)
    # Recorded both streaming and not: one entry for the two.
    assert any({stream for stream, _ in group} == {True, False} for group in sharing.values())


def _texts(value):
    """An independent, coarser view of a request: the words in it, but those that name a type."""
    if type(value) is dict:
        return [text for name in sorted(value) for text in _texts(value[name])]
    if type(value) is list:
        return [text for each in value for text in _texts(each)]
    return [str(value)] if value not in ("text", "input_text", "message") else []


@pytest.mark.parametrize(
    ("provider", "model", "params", "api"),
    [
        ("openai", "m", {"input": ["a"]}, shapes.EMBEDDINGS),
        ("openai", "m", {"input": [1, [2]]}, shapes.EMBEDDINGS),
        ("openai", "m", {"input": [{}]}, shapes.RESPONSES),
        ("openai", "m", {"input": []}, shapes.RESPONSES),
        ("openai", "m", {"input": "a"}, shapes.RESPONSES),
        ("openai", "m-embed", {"input": "a"}, shapes.EMBEDDINGS),
        ("openai", "m", {"input": "a", "encoding_format": "float"}, shapes.EMBEDDINGS),
        ("openai", "m", {"input": 1}, shapes.GENERIC),
        ("openai", "m", {}, shapes.GENERIC),
        ("cohere", "m", {"message": ["a"]}, shapes.GENERIC),
        ("anthropic", "m", {"messages": "a"}, shapes.GENERIC),
        ("OpenAI", "m", {"messages": []}, shapes.GENERIC),
    ],
)
def test_the_api_follows_from_provider_and_members(provider, model, params, api):
    assert shapes.api_of(provider, model, params) == api
