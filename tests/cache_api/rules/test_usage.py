"""Token counts of every provider's own report, made and recorded."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules import shapes, usage
from cache_api.rules.identity import identify
from tests.cache_api.rules.exchanges import answered, request_of
from tests.cache_api.rules.made_requests import any_json, some

BILLED = {"billed_units": {"input_tokens": 15, "output_tokens": 17},
          "tokens": {"input_tokens": 92, "output_tokens": 17}}  # fmt: skip
CHAT = {"prompt_tokens": 7, "completion_tokens": 3}


@pytest.mark.parametrize(
    ("api", "provider", "response", "tokens"),
    [
        # Cohere charges for its billed units, whatever the model read.
        (shapes.COHERE, "cohere", {"usage": BILLED}, (15, 17)),
        (shapes.COHERE_V1, "cohere", {"meta": BILLED}, (15, 17)),
        (shapes.COHERE, "cohere", {"usage": {"tokens": BILLED["tokens"]}}, (92, 17)),
        (shapes.COHERE, "cohere",
         {"usage": {"billed_units": {"input_tokens": 15.0, "output_tokens": 17.0}}}, (15, 17)),
        (shapes.GENERIC, "cohere", {"meta": {"billed_units": {"input_tokens": 9}}}, (9, 0)),
        (shapes.CHAT, "together", {"usage": CHAT}, (7, 3)),
        (shapes.CHAT, "groq", {"usage": CHAT}, (7, 3)),
        (shapes.CHAT, "nobody", {"usage": CHAT}, (7, 3)),
        (shapes.GENERIC, "together", {"usage": CHAT}, (7, 3)),
        (shapes.RESPONSES, "openai", {"usage": {"input_tokens": 7, "output_tokens": 3}}, (7, 3)),
        (shapes.RESPONSES, "deepseek", {"usage": {"input_tokens": 7, "output_tokens": 3}}, (7, 3)),
        (shapes.EMBEDDINGS, "openai", {"usage": {"prompt_tokens": 9, "total_tokens": 9}}, (9, 0)),
        (shapes.EMBEDDINGS, "together", {"usage": {"prompt_tokens": 9}}, (9, 0)),
        # Embeddings that their request did not show to be some.
        (shapes.RESPONSES, "together", {"usage": {"prompt_tokens": 9, "total_tokens": 9}}, (9, 0)),
        (shapes.GENERIC, "bedrock", {"usage": {"inputTokens": 7, "outputTokens": 3}}, (7, 3)),
    ],
)  # fmt: skip
def test_each_providers_report_is_read(api, provider, response, tokens):
    found = usage.tokens_of(api, response, provider=provider)

    assert (found["input_tokens"], found.get("output_tokens", 0)) == tokens


def test_a_provider_that_counts_reasoning_apart_is_read_its_own_way():
    body = {"usage": {**CHAT, "completion_tokens_details": {"reasoning_tokens": 100}}}

    assert usage.tokens_of(shapes.CHAT, body, provider="openai")["output_tokens"] == 3
    assert usage.tokens_of(shapes.CHAT, body, provider="x-ai")["output_tokens"] == 103


def test_coheres_own_report_may_be_given_by_the_caller():
    assert usage.tokens_of("", "opaque", BILLED) == {"input_tokens": 15, "output_tokens": 17}


@pytest.mark.parametrize(
    "broken",
    [
        {"usage": {"billed_units": 5}},
        {"usage": {"billed_units": {"input_tokens": "x", "output_tokens": 1}}},
        {"usage": {"billed_units": {"input_tokens": -1, "output_tokens": 1}}},
        {"usage": {"billed_units": {"input_tokens": 0.5, "output_tokens": 1}}},
        {"usage": {"billed_units": {"input_tokens": 1e300, "output_tokens": 1}}},
        {"usage": None},
        {"meta": {"api_version": {"version": "1"}}},
        {"meta": []},
    ],
)
def test_a_report_that_makes_no_sense_is_none(broken):
    assert usage.tokens_of(shapes.COHERE, broken, provider="cohere") == {}


def reported(response):
    """An independent reading of a recorded report: tokens in (with cached ones) and out."""
    found = response.get("usage") or response.get("meta") or {}
    if "usageMetadata" in response:
        found = response["usageMetadata"]
        out = found["candidatesTokenCount"] + found.get("thoughtsTokenCount", 0)
        return found["promptTokenCount"], out
    if "billed_units" in found:
        return found["billed_units"]["input_tokens"], found["billed_units"]["output_tokens"]
    if "prompt_tokens" in found:
        return found["prompt_tokens"], found.get("completion_tokens", 0)
    cached = sum(found.get(f"cache_{kind}_input_tokens") or 0 for kind in ("read", "creation"))
    return found.get("input_tokens", 0) + cached, found.get("output_tokens", 0)


def test_every_recorded_report_is_read_in_full(shared_data):
    read = 0
    for exchange, response in answered(shared_data):
        found = identify(request_of(exchange))
        tokens = usage.tokens_of(found.api, response, provider=found.provider)
        got = (tokens.get("input_tokens", 0), tokens.get("output_tokens", 0))
        assert got == reported(response), exchange["id"]
        read += got != (0, 0)

    assert read >= 88


OF_PROVIDER = {
    ("cohere", "default"): (shapes.COHERE, "cohere"),
    ("groq", "default"): (shapes.CHAT, "groq"),
    ("mistral", "default"): (shapes.CHAT, "mistral"),
    ("deepseek", "chat"): (shapes.CHAT, "deepseek"),
    ("x-ai", "chat"): (shapes.CHAT, "x-ai"),
    ("openrouter", "chat"): (shapes.CHAT, "openrouter"),
    ("openai", "responses"): (shapes.RESPONSES, "openai"),
}


@pytest.mark.parametrize("reader", OF_PROVIDER, ids="-".join)
def test_the_published_usages_are_read_as_published(shared_data, reader):
    api, provider = OF_PROVIDER[reader]
    rows = json.loads((shared_data / "prices" / "genai_prices_usages.json").read_text())
    compared = 0
    for row in rows:
        for found in row["extracted"]:
            names = [(each["provider_id"], each["api_flavor"]) for each in found["extractors"]]
            if reader in names:
                expected = {name: count for name, count in found["usage"].items() if count}
                assert usage.tokens_of(api, row["body"], provider=provider) == expected
                compared += 1

    assert compared >= 10


@some
@given(any_json, any_json, st.sampled_from([*usage._READERS, ""]), st.text(max_size=5))
def test_arbitrary_json_never_breaks_the_count(response, given_usage, api, provider):
    found = usage.tokens_of(api, response, given_usage, provider=provider)

    assert all(type(count) is int and 0 < count <= usage.MAX_TOKENS for count in found.values())
