"""The official clients, unchanged but for address and key, answered out of the cache."""

import asyncio
import json
import uuid

import pytest

from tenants.later import later
from tests.cache_api.provider_answers import CHAT, MESSAGE, RESPONSE

# They take seconds to import: not by workers that only collect these tests.
anthropic, openai = later("anthropic"), later("openai")

# The client warns of models that are about to end; which ones is its own business.
pytestmark = pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")


class Api:
    """One provider API: its official clients, and how each asks for JSON, a stream, or its end."""

    def __init__(self, provider, path, answer, kind, make, request, **calls):
        self.provider, self.path, self.answer, self.kind = provider, path, answer, kind
        self.make, self._request = make, request
        self.create, self.stream, self.final = calls["create"], calls["stream"], calls["final"]

    def request(self):
        """A request nobody made before."""
        return self._request(f"question {uuid.uuid4()}")


def _openai(door, key, *, is_async=False, **more):
    made = openai.AsyncOpenAI if is_async else openai.OpenAI
    return made(base_url=f"http://127.0.0.1:{door.port}/v1", api_key=key, **more)


def _anthropic(door, key, *, is_async=False, **more):
    made = anthropic.AsyncAnthropic if is_async else anthropic.Anthropic
    return made(base_url=f"http://127.0.0.1:{door.port}", api_key=key, **more)


APIS = {
    "chat": Api(
        "openai", "/v1/chat/completions", CHAT, lambda: openai.types.chat.ChatCompletion, _openai,
        lambda text: {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]},
        create=lambda client: client.chat.completions.create,
        stream=lambda client: client.chat.completions.stream,
        final=lambda events: events.get_final_completion(),
    ),
    "responses": Api(
        "openai", "/v1/responses", RESPONSE, lambda: openai.types.responses.Response, _openai,
        lambda text: {"model": "gpt-5", "input": text},
        create=lambda client: client.responses.create,
        stream=lambda client: client.responses.stream,
        final=lambda events: events.get_final_response(),
    ),
    "messages": Api(
        "anthropic", "/v1/messages", MESSAGE, lambda: anthropic.types.Message, _anthropic,
        lambda text: {"model": "claude-sonnet-5", "max_tokens": 9,
                      "messages": [{"role": "user", "content": text}]},
        create=lambda client: client.messages.create,
        stream=lambda client: client.messages.stream,
        final=lambda events: events.get_final_message(),
    ),
}  # fmt: skip


def of_a_miss():
    return openai.InternalServerError, anthropic.APIStatusError


@pytest.fixture(params=APIS)
def api(request):
    return APIS[request.param]


def store(door, key, api, request, **members):
    """What a partner's client stores after the provider answered."""
    original = {"provider": api.provider, **request}
    answer = door.store(key, json.dumps(api.answer), original_request=original, **members)
    assert answer.status == 201
    return json.dumps(api.answer).encode()


def said(value):
    """What a client's object holds, without what its stream helpers add."""
    if type(value) is list:
        return [said(inner) for inner in value]
    if type(value) is not dict:
        return value
    added = {"parsed", "parsed_arguments", "parsed_output", "index"}
    return {name: said(inner) for name, inner in value.items()
            if name not in added and inner is not None}  # fmt: skip


def test_a_hit_is_the_providers_answer_to_its_client(edge_door, cast, api):
    request = api.request()
    stored = store(edge_door, cast.redis.live, api, request)

    with api.make(edge_door, cast.redis.live) as client:
        found = api.create(client)(**request)
        raw = api.create(client.with_raw_response)(**request)

    assert type(found) is api.kind()
    assert found.to_dict() == api.answer
    assert raw.http_response.content == stored
    assert cast.event(found._request_id).outcome == "hit"


def test_a_streamed_hit_is_the_same_answer(edge_door, cast, api):
    request = api.request()
    store(edge_door, cast.redis.live, api, request)
    asked = (
        {**request, "stream_options": {"include_usage": True}} if api is APIS["chat"] else request
    )

    with api.make(edge_door, cast.redis.live) as client, api.stream(client)(**asked) as events:
        streamed = api.final(events)

    assert said(streamed.to_dict()) == said(api.answer)


def test_async_clients_hit_too(edge_door, cast, api):
    request = api.request()
    store(edge_door, cast.redis.live, api, request)

    async def ask():
        async with api.make(edge_door, cast.redis.live, is_async=True) as client:
            found = await api.create(client)(**request)
            async with api.stream(client)(**request) as events:
                return found, await api.final(events)

    found, streamed = asyncio.run(ask())

    assert found.to_dict() == api.answer
    answer = {**api.answer, "usage": None} if api is APIS["chat"] else api.answer
    assert said(streamed.to_dict()) == said(answer), "no usage where nobody asked for it"


def test_chunks_are_the_clients_own(edge_door, cast):
    api = APIS["chat"]
    request = api.request()
    store(edge_door, cast.redis.live, api, request)

    with api.make(edge_door, cast.redis.live) as client:
        chunks = list(api.create(client)(**request, stream=True))

    assert {type(chunk) for chunk in chunks} == {openai.types.chat.ChatCompletionChunk}
    assert len(chunks) > 5
    texts = ["", ""]
    for chunk in chunks:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == [choice["message"]["content"] for choice in CHAT["choices"]]


@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
def test_a_miss_is_one_request_and_one_exception(edge_door, cast, api, stream):
    customer = f"customer-{uuid.uuid4()}"
    request = {**api.request(), "stream": stream}

    with (
        api.make(
            edge_door, cast.redis.live, default_headers={"AgentCache-Customer": customer}
        ) as client,
        pytest.raises(of_a_miss()) as missed,
    ):
        api.create(client)(**request)

    assert client.max_retries == 2, "the client's own default"
    assert missed.value.status_code == 504
    assert missed.value.response.headers["x-should-retry"] == "false"
    error = missed.value.response.json()["error"]
    assert (error["type"], error["code"]) == ("cache_miss", "cache_miss")
    assert "not_found" in error["message"]
    (event,) = [one for one in cast.all_events() if one.customer == customer]
    assert (event.kind, event.outcome, event.reason) == ("lookup", "miss", "not_found")
    assert str(event.event_id) == missed.value.request_id
    assert (event.provider, event.model) == (api.provider, request["model"])
    assert event.sdk.startswith(("OpenAI/Python", "Anthropic/Python"))


def test_a_wrong_key_is_one_request_and_the_clients_own_exception(edge_door, cast, api):
    wrong = cast.redis.live[:-1] + ("a" if cast.redis.live[-1] != "a" else "b")

    with (
        api.make(edge_door, wrong) as client,
        pytest.raises((openai.AuthenticationError, anthropic.AuthenticationError)) as refused,
    ):
        api.create(client)(**api.request())

    error = refused.value.response.json()["error"]
    assert (error["type"], error["code"]) == ("authentication_error", "unauthenticated")


def test_entries_are_their_partners_and_customers(edge_door, cast, api):
    request = api.request()
    store(edge_door, cast.redis.live, api, request, customer_id="acme")

    hits = {}
    for name, key, customer in [
        ("its customer", cast.redis.live, "acme"),
        ("its customer's key", cast.redis.acme, None),
        ("no customer", cast.redis.live, None),
        ("another customer", cast.redis.live, "else"),
        ("another partner", cast.pinecone.live, "acme"),
        ("test mode", cast.redis.test, "acme"),
    ]:
        headers = {"AgentCache-Customer": customer} if customer else {}
        with api.make(edge_door, key, default_headers=headers) as client:
            try:
                hits[name] = api.create(client)(**request).to_dict() == api.answer
            except of_a_miss():
                hits[name] = False

    assert hits == {
        "its customer": True, "its customer's key": True, "no customer": False,
        "another customer": False, "another partner": False, "test mode": False,
    }  # fmt: skip


def test_another_customer_than_the_keys_is_refused(edge_door, cast, api):
    with (
        api.make(
            edge_door, cast.redis.acme, default_headers={"AgentCache-Customer": "else"}
        ) as client,
        pytest.raises((openai.PermissionDeniedError, anthropic.PermissionDeniedError)),
    ):
        api.create(client)(**api.request())


def test_bearer_tokens_of_anthropics_client(edge_door, cast):
    api = APIS["messages"]
    request = api.request()
    store(edge_door, cast.redis.live, api, request)

    with anthropic.Anthropic(
        base_url=f"http://127.0.0.1:{edge_door.port}", auth_token=cast.redis.live, api_key=None
    ) as client:
        found = client.beta.messages.create(**request)

    assert found.to_dict() == MESSAGE


def test_other_providers_of_the_same_api(edge_door, cast):
    api = APIS["chat"]
    request = api.request()
    edge_door.store(
        cast.redis.live, json.dumps(CHAT), original_request={"provider": "groq", **request}
    )

    def ask(**headers):
        with api.make(edge_door, cast.redis.live, default_headers=headers) as client:
            return api.create(client)(**request)

    assert ask(**{"AgentCache-Provider": "groq"}).to_dict() == CHAT
    with pytest.raises(openai.InternalServerError):
        ask()
    with pytest.raises(openai.BadRequestError, match="anthropic"):
        ask(**{"AgentCache-Provider": "anthropic"})


def test_a_hit_is_metered_as_any_lookup(edge_door, cast, api):
    request = api.request()
    store(edge_door, cast.redis.live, api, request)
    plain = edge_door.lookup(
        cast.redis.live, original_request={"provider": api.provider, **request}
    ).json

    with api.make(edge_door, cast.redis.live) as client:
        found = api.create(client)(**request)

    one, other = cast.event(plain["billing"]["event_id"]), cast.event(found._request_id)
    same = ("kind", "outcome", "customer", "provider", "model", "tokens_in", "tokens_out", "bytes",
            "cost_saved_micros", "price_version", "livemode", "key_id")  # fmt: skip
    assert {name: getattr(one, name) for name in same} == {
        name: getattr(other, name) for name in same
    }
    assert one.tokens_in > 0


# ---- on the wire, at both doors


def ask(door, api, key, body, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return door.post(api.path, raw, key, **headers)


def test_the_wire_at_both_doors(door, cast, api):
    request = api.request()
    stored = store(door, cast.redis.live, api, request)

    as_json = ask(door, api, cast.redis.live, request)
    as_stream = ask(door, api, cast.redis.live, {**request, "stream": True})
    again = ask(door, api, cast.redis.live, {**request, "stream": True})
    miss = ask(door, api, cast.redis.live, api.request())

    assert (as_json.status, as_json.content_type, as_json.body) == (200, "application/json", stored)
    assert as_stream.status == 200
    assert as_stream.content_type == "text/event-stream; charset=utf-8"
    assert as_stream.headers["cache-control"] == "no-store"
    assert as_stream.body == again.body
    assert as_stream.body.endswith(b"\n\n")
    assert (miss.status, miss.content_type) == (504, "application/json")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid-json"),
        (b"[]", 400, "invalid-request"),
        (b'{"messages":[]}', 400, "invalid-request"),
        (b'{"model":1,"messages":[]}', 400, "invalid-request"),
        (b'{"model":"m","model":"n"}', 400, "duplicate-member"),
        (b'{"model":"m","provider":{"order":["a"]}}', 400, "invalid-request"),
        (b'{"model":"m","messages":"' + b"x" * 10 * 1024 * 1024 + b'"}', 413, "payload-too-large"),
    ],
    ids=["empty", "list", "no model", "model a number", "twice", "routing", "large"],
)
def test_refusals_have_the_providers_shape(door, cast, api, body, status, code):
    answer = ask(door, api, cast.redis.live, body)

    assert (answer.status, answer.content_type) == (status, "application/json")
    assert answer.headers["x-should-retry"] == "false"
    told = answer.json
    assert told["error"]["code"] == code
    if api.provider == "anthropic":
        assert told["type"] == "error"
    else:
        assert set(told["error"]) == {"message", "type", "param", "code"}


def test_the_faulty_member_is_named(edge_door, cast):
    body = {"model": "", "messages": []}

    assert ask(edge_door, APIS["chat"], cast.redis.live, body).json["error"]["param"] == "model"


def test_what_no_canonical_form_has_is_a_miss(edge_door, cast, api):
    answer = ask(edge_door, api, cast.redis.live, {**api.request(), "seed": 2**60 + 1})

    assert answer.status == 504
    assert "not_canonical" in answer.json["error"]["message"]


def test_an_answer_that_cannot_be_streamed_is_a_miss_to_who_streams(edge_door, cast, api):
    request = api.request()
    original = {"provider": api.provider, **request}
    edge_door.store(cast.redis.live, '{"text":"hi"}', original_request=original)

    assert ask(edge_door, api, cast.redis.live, request).status == 200
    streamed = ask(edge_door, api, cast.redis.live, {**request, "stream": True})
    assert streamed.status == 504
    assert "not_streamable" in streamed.json["error"]["message"]


def test_other_methods_are_refused(door, api):
    assert door.call("GET", api.path).status == 405
