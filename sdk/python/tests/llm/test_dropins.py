"""Drop-ins at their edges: what is stored, what is not, and what happens when something fails."""

import asyncio
import json
import socket
import threading

import httpx
import httpx2
import openai
import pytest
from agentcache_overflow import AsyncAgentCacheOverflow
from agentcache_overflow.dropins import OverflowTransport, wrap

from .provider import STREAM, Provider

ASKED = {"model": "gpt-4o", "messages": [{"role": "user", "content": "What is a cache?"}]}
ANSWER = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "finish_reason": "stop", "logprobs": None,
                 "message": {"role": "assistant", "content": "A fast copy.", "refusal": None}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
}  # fmt: skip


def chunk(delta, finish=None):
    said = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}  # fmt: skip
    return f"data: {json.dumps(said)}\n\n"


EVENTS = [chunk({"role": "assistant", "content": "A "}), chunk({"content": "fast copy."}),
          chunk({}, "stop"), "data: [DONE]\n\n"]  # fmt: skip
TRANSCRIPT = "".join(EVENTS)


@pytest.fixture
def clients(provider):
    """Makes OpenAI clients at the provider; they are closed afterwards."""
    made = []

    def make(ours, **more):
        name = more.pop("provider", "openai")
        client = openai.OpenAI(
            base_url=f"{provider.url}/v1", api_key="sk-caller", **{"max_retries": 0, **more}
        )
        made.append(client)
        return wrap(client, ours, provider=name)

    yield make
    for client in made:
        client.close()


def ask(client, **more):
    return client.chat.completions.create(**ASKED, **more)


def test_a_hit_is_what_the_provider_said_and_tells_its_event(provider, overflow, clients):
    ours = overflow(l1_bytes=0)
    client = clients(ours)
    provider.says(json.dumps(ANSWER), x_request_id="req_theirs")

    first = ask(client)
    ours.flush()
    second = ask(client)
    raw = client.chat.completions.with_raw_response.create(**ASKED)
    with client.chat.completions.with_streaming_response.create(**ASKED) as streaming:
        assert json.loads(streaming.read()) == ANSWER

    assert len(provider.asked) == 1
    assert first == second
    assert first._request_id == "req_theirs"
    assert len(second._request_id) == 36, "the usage event's id"
    assert raw.headers["cache-status"] == "overflow; hit"
    assert json.loads(raw.content) == ANSWER
    assert ours.counts()["overflow_hits"] == 3


def test_one_entry_serves_json_and_streams(provider, overflow, clients):
    ours = overflow()
    client = clients(ours)
    provider.says(json.dumps(ANSWER))

    ask(client)
    ours.flush()
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))

    assert len(provider.asked) == 1
    texts = [choice.delta.content or "" for one in chunks for choice in one.choices]
    assert "".join(texts) == "A fast copy."
    assert chunks[-1].usage.total_tokens == 13


def test_a_stored_stream_answers_without_streaming(provider, overflow, clients):
    ours = overflow()
    client = clients(ours)
    provider.says(TRANSCRIPT, STREAM)

    for one in ask(client, stream=True):
        assert one.object == "chat.completion.chunk"
    ours.flush()

    assert ask(client).choices[0].message.content == "A fast copy."
    assert len(provider.asked) == 1


def test_what_waits_in_the_queue_as_events_is_no_answer(provider, overflow, clients):
    ours = overflow()
    client = clients(ours)
    provider.says(TRANSCRIPT, STREAM)

    list(ask(client, stream=True))
    found = ours.get(request={"provider": "openai", **ASKED})

    assert not found.hit or type(found.response) is dict
    ours.flush()
    assert ours.get(request={"provider": "openai", **ASKED}).response["object"] == "chat.completion"


def test_a_stream_that_the_caller_left_is_not_stored(provider, overflow, clients):
    ours = overflow()
    client = clients(ours)
    provider.says(TRANSCRIPT, STREAM, piece=40)

    with ask(client, stream=True) as stream:
        next(iter(stream))
    ours.flush()
    list(ask(client, stream=True))

    assert len(provider.asked) == 2
    ours.flush()
    list(ask(client, stream=True))
    assert len(provider.asked) == 2


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_breaks_off_is_the_clients_own_error(provider, overflow, clients, stream):
    ours = overflow()
    client = clients(ours)
    provider.says(TRANSCRIPT if stream else json.dumps(ANSWER),
                  STREAM if stream else "application/json", breaks_off=True)  # fmt: skip
    plain = openai.OpenAI(base_url=f"{provider.url}/v1", api_key="k", max_retries=0)

    kinds = []
    for one in (client, plain):
        try:
            answer = ask(one, stream=stream)
            kinds.append(len(list(answer)) if stream else answer)
        except (openai.APIError, httpx2.HTTPError) as error:
            kinds.append(type(error))
    ours.flush()

    assert kinds[0] == kinds[1]
    plain.close()
    if not stream:
        assert not ours.get(request={"provider": "openai", **ASKED}).hit


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {**ANSWER, "choices": []}),
        (200, {"error": {"message": "no"}}),
        (500, {"error": {"message": "no"}}),
        (429, {"error": {"message": "slow down"}}),
    ],
)
def test_what_may_not_be_stored_is_as_without_us(provider, overflow, clients, status, body):
    ours = overflow()
    client = clients(ours)
    provider.says(json.dumps(body), status=status)

    for _ in range(2):
        if status == 200:
            assert ask(client).to_dict() == body
        else:
            with pytest.raises(openai.APIStatusError) as raised:
                ask(client)
            assert raised.value.status_code == status
        ours.flush()

    assert len(provider.asked) == 2


@pytest.mark.parametrize(
    ("headers", "asked", "later"),
    [
        ({"AgentCache-Mode": "off"}, 2, False),
        ({"Cache-Control": "no-store"}, 2, False),
        ({"AgentCache-TTL": "0"}, 2, False),
        ({"Cache-Control": "no-cache"}, 2, True),
        ({"AgentCache-TTL": "60", "AgentCache-Tags": "faq, team"}, 1, True),
        ({"AgentCache-Namespace": "other"}, 2, False),  # nothing is set apart here
        ({"AgentCache-TTL": "soon"}, 2, False),
        ({"AgentCache-TTL": "nan"}, 2, False),
        ({"AgentCache-TTL": "-1"}, 2, False),
    ],
)
def test_the_callers_headers_are_heard_and_go_no_further(
    provider, overflow, clients, headers, asked, later
):
    ours = overflow(l1_bytes=0)
    client = clients(ours)
    provider.says(json.dumps(ANSWER))

    for _ in range(2):
        assert ask(client, extra_headers=headers).to_dict() == ANSWER
        ours.flush()

    assert len(provider.asked) == asked
    assert not [name for name in provider.asked[0][1] if name.startswith("agentcache")]
    assert ours.get(request={"provider": "openai", **ASKED}).hit is later
    if "AgentCache-Tags" in headers:
        assert ours.purge(tags=["faq"])
        assert not ours.get(request={"provider": "openai", **ASKED}).hit


@pytest.mark.parametrize(
    "more",
    [
        {"extra_headers": {"OpenAI-Beta": "x=1"}},
        {"extra_query": {"api-version": "1"}},
        {"extra_body": {"provider": {"order": ["a"]}}},
    ],
)
def test_what_is_asked_with_more_than_its_identity_is_left_alone(provider, overflow, clients, more):
    ours = overflow()
    client = clients(ours)
    provider.says(json.dumps(ANSWER))

    for _ in range(2):
        ask(client, **more)
        ours.flush()

    assert len(provider.asked) == 2
    assert "calls" not in {name for name, count in ours.counts().items() if count}


def test_other_endpoints_and_uploads_are_left_alone(provider, overflow, clients):
    ours = overflow()
    client = clients(ours)
    provider.says('{"id":"file-1","object":"file"}')

    client.files.create(file=("a.txt", b"x" * 10), purpose="assistants")
    client.moderations.create(model="m", input="hi")

    assert len(provider.asked) == 2
    assert not sum(ours.counts().values())


def test_an_unknown_address_is_a_provider_of_its_own(provider, overflow, clients):
    ours = overflow()
    provider.says(json.dumps(ANSWER))
    for _ in range(2):
        ask(clients(ours, provider=""))
        ours.flush()

    assert len(provider.asked) == 1
    assert not ours.get(request={"provider": "openai", **ASKED}).hit
    assert ours.get(request={"provider": "127.0.0.1", **ASKED}).hit


def test_the_clients_own_retries_ask_the_overflow_once(provider, overflow, clients):
    ours = overflow()
    client = clients(ours, max_retries=2)
    provider.says('{"error":{"message":"busy"}}', status=503, retry_after_ms="1")

    with pytest.raises(openai.InternalServerError):
        ask(client)

    assert len(provider.asked) == 3
    assert ours.counts()["misses"] == 1


# ---- something fails


def test_without_an_overflow_it_is_the_provider_alone(provider, overflow, clients, caplog):
    ours = overflow(base_url="http://127.0.0.1:9", store_items=0)  # what waits would answer
    client = clients(ours)
    provider.says(json.dumps(ANSWER))

    for _ in range(8):
        assert ask(client).to_dict() == ANSWER

    assert len(provider.asked) == 8
    assert "cache?" not in caplog.text
    assert "sk-caller" not in caplog.text


GARBAGE = [b"", b"{", b"[]", b'{"hit":1}', b'{"hit":true}', b'{"hit":true,"response":"events?"}',
           b'{"hit":true,"response":7}', b'{"hit":true,"response":[1]}', b"\xff\xfe"]  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("said", GARBAGE)
def test_garbage_from_the_overflow_is_a_miss(provider, overflow, clients, said, stream):
    liar = Provider()
    liar.says(said)
    client = clients(overflow(base_url=liar.url))
    provider.says(TRANSCRIPT if stream else json.dumps(ANSWER),
                  STREAM if stream else "application/json")  # fmt: skip

    answer = ask(client, stream=stream)

    if stream:
        assert len(list(answer)) == 3
    else:
        assert answer.to_dict() == ANSWER
    assert liar.asked
    liar.close()


def test_a_provider_that_is_away_raises_as_ever(overflow):
    client = openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="k", max_retries=0)
    wrap(client, overflow(), provider="openai")

    with pytest.raises(openai.APIConnectionError):
        ask(client)
    client.close()


def test_an_overflow_that_is_slow_costs_its_deadline_at_most(provider, overflow, clients):
    listening = socket.create_server(("127.0.0.1", 0))  # accepts, and says nothing
    ours = overflow(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", deadline="50ms")
    client = clients(ours)
    provider.says(json.dumps(ANSWER))

    for _ in range(8):
        assert ask(client).to_dict() == ANSWER

    assert ours.counts()["overflow_deadline"] <= 5, "then its breaker is open"
    listening.close()


def test_a_cancelled_stream_is_not_stored(provider, overflow):
    provider.says(TRANSCRIPT, STREAM, piece=40)

    async def run():
        ours = overflow(AsyncAgentCacheOverflow)
        client = openai.AsyncOpenAI(base_url=f"{provider.url}/v1", api_key="k", max_retries=0)
        wrap(client, ours, provider="openai")
        started = asyncio.Event()

        async def read():
            async for _ in await client.chat.completions.create(**ASKED, stream=True):
                started.set()
                await asyncio.sleep(30)

        reading = asyncio.create_task(read())
        await started.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await ours.flush()
        found = await ours.get(request={"provider": "openai", **ASKED})
        await client.close()
        return found

    assert not asyncio.run(run()).hit


def test_many_threads_through_one_client(provider, overflow, clients):
    ours = overflow()
    client = clients(ours)
    provider.says(json.dumps(ANSWER))
    ask(client)
    ours.flush()
    said = []

    def work():
        said.extend(ask(client).to_dict() for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert said == [ANSWER] * 40
    assert len(provider.asked) == 1


# ---- putting it there


def test_the_transport_of_either_httpx(provider, overflow):
    ours = overflow()
    provider.says(json.dumps(ANSWER))
    for module in (httpx, httpx2):
        transport = OverflowTransport(ours, module.HTTPTransport(), provider="openai")
        with module.Client(transport=transport) as http:
            answer = http.post(f"{provider.url}/v1/chat/completions", json=ASKED)
            assert (answer.status_code, answer.json()) == (200, ANSWER)
        ours.flush()

    assert len(provider.asked) == 1


def test_an_httpx_client_is_wrapped_too_and_twice_is_once(provider, overflow):
    ours = overflow()
    provider.says(json.dumps(ANSWER))
    with httpx.Client() as http:
        assert wrap(wrap(http, ours), ours) is http
        assert not isinstance(http._transport._inner, OverflowTransport)
        for _ in range(2):
            http.post(f"{provider.url}/v1/chat/completions", json=ASKED)
            ours.flush()

    assert len(provider.asked) == 1


@pytest.mark.parametrize("thing", [object(), None, "client", socket])
def test_other_things_are_refused_at_once(thing):
    with pytest.raises(TypeError, match="httpx"):
        wrap(thing, None)


def test_an_async_client_needs_the_async_overflow(overflow):
    client = openai.AsyncOpenAI(api_key="k")
    with pytest.raises(TypeError, match="AsyncAgentCacheOverflow"):
        wrap(client, overflow())
    asyncio.run(client.close())


@pytest.mark.parametrize("privacy", ["hash", "encrypt"])
@pytest.mark.parametrize("stream", [False, True])
def test_private_requests_stay_at_home(provider, overflow, clients, privacy, stream):
    secret = {"encryption_key": b"k" * 32} if privacy == "encrypt" else {}
    ours = overflow(privacy=privacy, l1_bytes=0, **secret)
    client = clients(ours)
    provider.says(TRANSCRIPT if stream else json.dumps(ANSWER),
                  STREAM if stream else "application/json")  # fmt: skip

    for _ in range(2):
        answer = ask(client, stream=stream)
        if stream:
            list(answer)
        ours.flush()

    cannot = privacy == "encrypt" and stream
    assert len(provider.asked) == (2 if cannot else 1)


def test_a_failure_of_ours_is_counted_and_strict_raises_it(
    provider, overflow, clients, monkeypatch
):
    provider.says(json.dumps(ANSWER))
    ours, strict = overflow(), overflow(strict=True)
    monkeypatch.setattr("agentcache_overflow.dropins.calls.read", lambda *_: 1 / 0)

    assert ask(clients(ours)).to_dict() == ANSWER
    assert ours.counts()["dropin_failures"] == 1
    with pytest.raises(ZeroDivisionError):
        ask(clients(strict))


def test_an_answer_that_its_transport_has_read_is_stored_too(overflow):
    ours, asked = overflow(), []

    def answer(request):
        asked.append(request)
        return httpx.Response(200, json=ANSWER)

    transport = OverflowTransport(ours, httpx.MockTransport(answer), provider="openai")
    with httpx.Client(transport=transport) as http:
        for _ in range(2):
            assert http.post("http://p/v1/chat/completions", json=ASKED).json() == ANSWER
            ours.flush()

    assert len(asked) == 1
