"""What `bench.fuzz` runs under atheris: bytes in, invariants checked, any exception a find.

Started by it only; atheris is in its throw-away environment and nowhere else.
"""

import json
import sys

import atheris

with atheris.instrument_imports(include=["cache_api"]):
    from cache_api.rules import (
        cacheable,
        digest,
        explain,
        identity,
        shapes,
        strictjson,
        usage,
        values,
    )

import rfc8785

from bench.fuzz import BUILT, words

PROVIDERS = ("openai", "anthropic", "cohere", "nobody")
APIS = (shapes.CHAT, shapes.RESPONSES, shapes.MESSAGES, shapes.COHERE, shapes.COHERE_V1, "")
WORDS = words()
NUMBERS = [0, -1, 1.5, 1e-7, 5e-324, 2**53 - 1, 2**53, -(2**63), 1e21, 10**30, 0.1, 1e15]
# The members that some rule looks at: half of all names that are built.
NAMES = [
    "messages", "message", "input", "system", "tools", "content", "role", "type", "text",
    "cache_control", "dimensions", "choices", "finish_reason", "usage", "error", "data", "encoding",
    "content_type", "object", "status", "output", "candidates", "embeddings", "texts", "meta",
    "billed_units", "input_tokens", "output_tokens", "prompt_tokens", "completion_tokens",
    "stop_reason", "generation_id", "parts", "finishReason", "incomplete_details", "reason",
]  # fmt: skip


def one_input(data: bytes) -> None:
    """One body: as it is, or built from the bytes as JSON that means something here."""
    if data.startswith(BUILT):
        source = atheris.FuzzedDataProvider(data[1:])
        data = json.dumps(_built(source, 5), ensure_ascii=source.ConsumeBool()).encode(
            "utf-8", "surrogatepass"
        )
    _check(data)


def _built(source: atheris.FuzzedDataProvider, depth: int) -> object:
    kind = source.ConsumeIntInRange(0, 9)
    if kind < 4 and depth:
        size = source.ConsumeIntInRange(0, 5)
        return {_name(source): _built(source, depth - 1) for _ in range(size)}
    if kind < 6 and depth:
        return [_built(source, depth - 1) for _ in range(source.ConsumeIntInRange(0, 4))]
    if kind < 8:
        return source.PickValueInList(WORDS)
    if kind == 8:
        return source.PickValueInList(NUMBERS)
    return source.PickValueInList([None, True, False, source.ConsumeUnicode(6)])


def _name(source: atheris.FuzzedDataProvider) -> str:
    return source.PickValueInList(NAMES if source.ConsumeBool() else WORDS)


def _check(data: bytes) -> None:
    """Parsed alike by two parsers, and every reading of it keeps its promises."""
    try:
        value = strictjson.parse(data)
    except strictjson.BadJson:
        return
    assert _plain(value) == _plain(json.loads(data)), "the parsers disagree"
    turn = len(data)  # which API is asked about; the next length asks about the next
    _check_response(value, APIS[turn % len(APIS)])
    if type(value) is dict:
        provider = PROVIDERS[turn % len(PROVIDERS)]
        _check_request({**value, "provider": provider, "model": "m"} if turn % 8 < 6 else value)


def _plain(value: object) -> object:
    """Every number as a double: what a parser takes for an integer is its own business."""
    if type(value) is dict:
        return {name: _plain(inner) for name, inner in value.items()}
    if type(value) is list:
        return [_plain(inner) for inner in value]
    return float(value) if type(value) is int else value


def _check_request(request: dict) -> None:
    before = json.dumps(request)
    try:
        found = identity.identify(request)
        text = digest.canonical(found)
    except (identity.BadRequestMember, digest.NotCanonical):
        return
    document = {
        "v": 1, "api": found.api, "provider": found.provider, "model": found.model,
        "params": found.params,
    }  # fmt: skip
    assert text == rfc8785.dumps(document), "the fast path differs from the reference"
    turned = strictjson.parse(json.dumps(dict(reversed(request.items())), indent=1).encode())
    assert digest.canonical(identity.identify(turned)) == text, "order or spacing counts"
    denied = {**request, "stream": True, "user": ["u"], "request_id": None}
    assert digest.canonical(identity.identify(denied)) == text, "a denied member counts"
    more = {**request, "one more": 1}
    if "one more" not in request:
        assert digest.canonical(identity.identify(more)) != text, "a parameter does not count"
        assert not explain.explain(request, more).same
    assert explain.explain(request, turned).same
    assert json.dumps(request) == before, "the request was changed"


def _check_response(response: object, api: str) -> None:
    params = response if type(response) is dict else {}
    assert cacheable.refusal(response, params, api=api) in (None, *cacheable.REASONS)
    usage.tokens_of(api, response, provider="x-ai")
    if values.is_value(response):
        try:
            values.check(response)
        except values.BadValue:
            return


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
