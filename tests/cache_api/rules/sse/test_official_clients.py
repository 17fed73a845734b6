"""The providers' own Python clients read our streams, and put theirs together as we do."""

import json

import pytest

from cache_api.rules import cacheable
from cache_api.rules.sse import formats
from tenants.later import later
from tests.cache_api.provider import STREAM, Provider
from tests.cache_api.rules.sse.exchanges import exchanges

# They take seconds to import: not by workers that only collect these tests.
anthropic, openai = later("anthropic"), later("openai")
# Providers of the same API say more than OpenAI's own types know: Mistral's content is a list.
pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
# What the clients add for convenience, or leave to the stream.
ADDED = {"parsed", "parsed_arguments", "parsed_output"}
MESSAGES = [{"role": "user", "content": "hi"}]


def streams(provider, transcript):
    """Let the provider answer with this stream."""
    raw = transcript if type(transcript) is bytes else transcript.encode()
    provider.says(raw, content_type=STREAM)


@pytest.fixture(scope="module")
def provider():
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def gpt(provider):
    with openai.OpenAI(base_url=provider.url, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def claude(provider):
    with anthropic.Anthropic(base_url=provider.url, api_key="none", max_retries=0) as client:
        yield client


def chat(client, *, stream):
    asked = {"model": "m", "messages": MESSAGES}
    if not stream:
        return client.chat.completions.create(**asked)
    with client.chat.completions.stream(**asked) as events:
        return events.get_final_completion()


def respond(client, *, stream):
    if not stream:
        return client.responses.create(model="m", input="hi")
    with client.responses.stream(model="m", input="hi") as events:
        return events.get_final_response()


def message(client, *, stream):
    asked = {"model": "m", "messages": MESSAGES, "max_tokens": 9}
    if not stream:
        return client.messages.create(**asked)
    with client.messages.stream(**asked) as events:
        return events.get_final_message()


ASK = {"openai.chat": chat, "openai.responses": respond, "anthropic.messages": message}


def plain(value):
    """What a client's object says: without what it adds, and without nulls, which it makes up."""
    if hasattr(value, "to_dict"):
        return plain(value.to_dict())
    if type(value) is list:
        return [plain(inner) for inner in value]
    if type(value) is dict:
        return {
            name: plain(inner)
            for name, inner in value.items()
            if inner is not None and name not in ADDED
        }
    return value


def without_places(response):
    """A chat answer without the `index` of tool calls, which the clients leave in.

    Their stream helper also makes nothing of an empty list of calls.
    """
    for choice in response.get("choices", []):
        calls = choice["message"].pop("tool_calls", [])
        if calls:
            choice["message"]["tool_calls"] = [
                {name: value for name, value in call.items() if name != "index"} for call in calls
            ]
    return response


@pytest.fixture
def ask(gpt, claude):
    def ask(api, *, stream):
        client = claude if api == "anthropic.messages" else gpt
        return without_places(plain(ASK[api](client, stream=stream)))

    return ask


def test_clients_put_recorded_streams_together_as_we_do(shared_data, provider, ask):
    compared = 0
    for exchange in exchanges(shared_data, stream=True):
        if exchange.api not in ASK or not exchange.finished:
            continue
        streams(provider, exchange.body)
        theirs = ask(exchange.api, stream=True)
        ours = without_places(plain(formats.assemble(exchange.body, exchange.api)))
        if "prompt_filter_results" in ours:  # the client drops Azure's filter results
            del ours["prompt_filter_results"]
            for choice in (*ours["choices"], *theirs["choices"]):
                del choice["content_filter_results"]
        assert theirs == ours, exchange.name
        compared += 1

    assert compared == 25


def test_clients_read_our_streams_as_they_read_the_json(shared_data, provider, ask):
    compared = 0
    for exchange in exchanges(shared_data, stream=False):
        if exchange.api not in ASK or not exchange.finished:
            continue
        response = json.loads(exchange.body)
        if cacheable.refusal(response, {}) == "truncated":
            continue  # OpenAI's stream helper raises for these, whoever answers
        provider.says(json.dumps(response).encode())
        as_json = ask(exchange.api, stream=False)
        streams(provider, formats.render(response))
        assert ask(exchange.api, stream=True) == as_json, exchange.name
        compared += 1

    assert compared == 71


# Longer than one piece, with escapes wherever a piece may end.
HARD = '\\\n\x01"é🛑' * 2000
LONG = {
    "openai.chat": {
        "id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [
            {"index": 0, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": HARD, "refusal": HARD, "tool_calls": [
                    {"id": str(n), "type": "function",
                     "function": {"name": "f", "arguments": json.dumps({"a": HARD})}}
                    for n in range(3)]}},
            {"index": 1, "finish_reason": "stop", "logprobs": {"refusal": None, "content": [
                {"token": token, "logprob": -1.5, "bytes": None, "top_logprobs": []}
                for token in ("Hel", "lo")]}, "message": {"role": "assistant", "content": "Hello"}},
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    },
    "anthropic.messages": {
        "id": "m", "type": "message", "role": "assistant", "model": "m", "stop_reason": "tool_use",
        "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 2},
        "content": [
            {"type": "thinking", "thinking": HARD, "signature": HARD},
            {"type": "text", "text": HARD, "citations": [
                {"type": "char_location", "cited_text": "x", "document_index": 0,
                 "document_title": "t", "start_char_index": 0, "end_char_index": 1}] * 2},
            {"type": "tool_use", "id": "t", "name": "f", "input": {"a": HARD, "b": [1, {}]}},
            {"type": "tool_use", "id": "u", "name": "g", "input": {}},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("api", LONG)
def test_clients_read_long_answers(provider, ask, api):
    streams(provider, formats.render(LONG[api]))
    assert ask(api, stream=True) == plain(LONG[api])


def test_our_streams_have_usage_as_asked(provider, gpt):
    for asked in (False, True):
        streams(provider, formats.render(LONG["openai.chat"], include_usage=asked))
        stream = gpt.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        usages = [chunk.usage for chunk in stream if chunk.usage]
        assert [usage.total_tokens for usage in usages] == ([3] if asked else [])
