"""Misses that go on to the provider: live, stored, only with the partner's and caller's word."""

import json
import time
import uuid

import httpx
import pytest

from cache_api.rules.sse import formats
from portal.servers import ports
from tenants.later import later
from tests.cache_api.provider import STREAM, Provider
from tests.cache_api.provider_answers import CHAT, MESSAGE
from tests.patience import PATIENCE_S, wait_for

# They take seconds to import: not by workers that only collect these tests.
anthropic, openai = later("anthropic"), later("openai")
SECRET = f"sk-upstream-{uuid.uuid4().hex}"
UPSTREAM = "agentcache-upstream-authorization"
pytestmark = pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")


@pytest.fixture(scope="module")
def provider():
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def partner(cast, provider):
    """A partner whose misses may be forwarded to the provider."""
    bases = {
        "openai": provider.url + "/v1", "anthropic": provider.url,
        "groq": f"http://127.0.0.1:{ports.pick()}/v1", "mistral": "http://192.0.2.1/v1",
    }  # fmt: skip
    return cast.open("forwarding-co", upstreams=bases)


def chat_request(**more):
    return {"model": "gpt-4o", **more,
            "messages": [{"role": "user", "content": f"question {uuid.uuid4()}"}]}  # fmt: skip


def post(door, key, request, path="/v1/chat/completions", **headers):
    named = {UPSTREAM: f"Bearer {SECRET}", **headers}
    return door.post(path, request, key, **named)


def gpt(door, key, **headers):
    return openai.OpenAI(
        base_url=f"http://127.0.0.1:{door.port}/v1", api_key=key,
        default_headers={UPSTREAM: f"Bearer {SECRET}", **headers}, max_retries=0,
    )  # fmt: skip


def claude(door, key, **headers):
    return anthropic.Anthropic(
        base_url=f"http://127.0.0.1:{door.port}", api_key=key,
        default_headers={UPSTREAM: SECRET, **headers}, max_retries=0,
    )  # fmt: skip


def wait_until_stored(door, key, request):
    assert wait_for(lambda: is_stored(door, key, request)), "the stream was never stored"


def test_a_miss_is_the_providers_answer_and_the_next_one_a_hit(edge_door, partner, provider):
    said = json.dumps(CHAT, indent=1).encode()
    provider.says(said, x_request_id="req_1")
    request = chat_request()

    with gpt(edge_door, partner.live) as client:
        first = client.chat.completions.create(**request)
        second = client.chat.completions.with_raw_response.create(**request)

    assert first.to_dict() == CHAT
    assert first._request_id == "req_1"
    assert second.http_response.content == said, "stored byte for byte"
    assert second.headers["x-request-id"] != "req_1"
    assert len(provider.asked) == 1


def test_both_are_metered_a_miss_with_its_store_and_a_hit(edge_door, cast, partner, provider):
    provider.says(json.dumps(CHAT).encode())
    request, customer = chat_request(), f"customer-{uuid.uuid4()}"

    for _ in range(2):
        assert post(edge_door, partner.live, request, agentcache_customer=customer).json == CHAT

    found = [(one.kind, one.outcome) for one in cast.all_events() if one.customer == customer]
    assert found == [("lookup", "miss"), ("store", "stored"), ("lookup", "hit")]


def test_a_stream_comes_through_while_the_provider_speaks(edge_door, partner, provider):
    events = formats.render(CHAT).decode().split("\n\n")[:-1]
    provider.says(*[f"{event}\n\n".encode() for event in events], content_type=STREAM)
    provider.gate.clear()
    request = chat_request(stream=True, stream_options={"include_usage": True})

    try:
        with gpt(edge_door, partner.live) as client:
            stream = iter(client.chat.completions.create(**request))
            first = next(stream)
            assert not provider.gate.is_set(), "the provider has not said more than this"
            provider.gate.set()
            rest = list(stream)  # the client hangs up at [DONE], a moment before it is stored
            wait_until_stored(edge_door, partner.live, request)
            again = list(client.chat.completions.create(**request))
            as_json = client.chat.completions.create(**{**request, "stream": False})
    finally:
        provider.gate.set()

    assert len(rest) == len(events) - 2, "the others, without [DONE]"
    assert [first, *rest] == again
    assert as_json.to_dict() == CHAT
    assert len(provider.asked) == 1


def test_anthropics_client_is_forwarded_and_stored_alike(edge_door, partner, provider):
    request = {"model": "claude-sonnet-5", "max_tokens": 9,
               "messages": [{"role": "user", "content": str(uuid.uuid4())}]}  # fmt: skip
    provider.says(formats.render(MESSAGE), content_type=STREAM)

    with claude(edge_door, partner.live) as client:
        with client.messages.stream(**request) as events:
            streamed = events.get_final_message()
        found = client.messages.create(**request)

    assert streamed.content[1].text == MESSAGE["content"][1]["text"]
    assert found.to_dict() == MESSAGE
    ((path, headers, _),) = provider.asked
    assert (path, headers["x-api-key"]) == ("/v1/messages", SECRET)
    assert "authorization" not in headers
    assert headers["anthropic-version"]


def test_the_provider_sees_its_own_key_and_nothing_of_ours(edge_door, partner, provider):
    provider.says(json.dumps(CHAT).encode())
    raw = json.dumps(chat_request()).replace(" ", "  ").encode()

    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    post(edge_door, partner.live, raw, agentcache_customer="acme", agentcache_namespace="n",
         cookie="session=1", x_forwarded_for="10.0.0.1", openai_organization="org-1",
         traceparent=trace, tracestate="vendor=1")  # fmt: skip

    ((path, headers, body),) = provider.asked
    assert (path, body) == ("/v1/chat/completions", raw)
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert headers["openai-organization"] == "org-1"
    assert (headers["traceparent"], headers["tracestate"]) == (trace, "vendor=1")
    assert set(headers) <= {
        "host", "accept-encoding", "connection", "content-length", "content-type", "accept",
        "user-agent", "authorization", "openai-organization", "traceparent", "tracestate",
    }  # fmt: skip
    assert partner.live not in str(headers)


@pytest.mark.parametrize(
    ("key", "headers", "why"),
    [
        ("partner", {UPSTREAM: ""}, "no key for the provider"),
        ("other", {}, "the partner did not ask for it"),
        ("partner", {"agentcache_provider": "deepseek"}, "no address of that provider"),
        ("partner", {"agentcache_provider": "mistral"}, "its key would travel in the clear"),
    ],
)
def test_otherwise_a_miss_stays_a_miss(edge_door, cast, partner, provider, key, headers, why):
    provider.says(json.dumps(CHAT).encode())
    key = partner.live if key == "partner" else cast.redis.live

    answer = post(edge_door, key, chat_request(), **headers)

    assert answer.status == 504, why
    assert answer.json["error"]["code"] == "cache_miss"
    assert provider.asked == []


def test_refused_requests_go_nowhere(edge_door, partner, provider):
    provider.says(json.dumps(CHAT).encode())

    assert post(edge_door, partner.live[:-4] + "aaaa", chat_request()).status == 401
    assert post(edge_door, partner.live, b"{").status == 400
    assert provider.asked == []


def is_stored(door, key, request, **headers):
    return post(door, key, request, **{UPSTREAM: "", **headers}).status == 200


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (401, {"error": {"message": "bad key", "code": "invalid_api_key"}}, {}),
        (429, {"error": {"message": "slow down"}}, {"retry_after": "7", "x_ratelimit_reset": "7s"}),
        (500, {"error": {"message": "sorry"}}, {}),
        (200, {**CHAT, "choices": [{**CHAT["choices"][0], "finish_reason": "length"}]}, {}),
        (200, {"choices": []}, {}),
        (200, ["no", "answer", {"type": "error"}], {}),
    ],
    ids=["401", "429", "500", "cut off", "empty", "else"],
)
def test_what_the_provider_refuses_is_passed_on(
    edge_door, partner, provider, status, body, headers
):
    provider.says(json.dumps(body).encode(), status=status, set_cookie="a=b", **headers)
    request = chat_request()

    answer = post(edge_door, partner.live, request)

    assert (answer.status, answer.json) == (status, body)
    assert {name: answer.headers.get(name.replace("_", "-")) for name in headers} == headers
    assert "set-cookie" not in answer.headers
    assert is_stored(edge_door, partner.live, request) is (type(body) is list)


def test_redirects_are_not_followed_nor_passed_on(edge_door, partner, provider):
    provider.says(b"{}", status=307, location="http://127.0.0.1:1/elsewhere")

    answer = post(edge_door, partner.live, chat_request())

    assert answer.status == 307
    assert "location" not in answer.headers
    assert len(provider.asked) == 1


def test_a_stream_that_breaks_off_breaks_off_and_is_not_stored(edge_door, partner, provider):
    events = formats.render(CHAT).decode().split("\n\n")[:-1]
    provider.says(*[f"{event}\n\n".encode() for event in events[:4]], content_type=STREAM)
    provider.breaks_off = True
    request = chat_request(stream=True)

    with gpt(edge_door, partner.live) as client, pytest.raises(openai.APIConnectionError):
        list(client.chat.completions.create(**request))

    assert len(provider.asked) == 1
    assert not is_stored(edge_door, partner.live, request)


def test_a_whole_stream_without_its_end_is_passed_on_and_not_stored(edge_door, partner, provider):
    transcript = formats.render(CHAT).removesuffix(b"data: [DONE]\n\n")
    provider.says(transcript, content_type=STREAM)
    request = chat_request(stream=True)

    assert post(edge_door, partner.live, request).body == transcript
    assert not is_stored(edge_door, partner.live, request)


def test_who_hangs_up_at_the_last_event_has_still_filled_the_cache(edge_door, partner, provider):
    """As the official clients do: the socket is shut before the provider has closed its own."""
    provider.says(formats.render(CHAT), b": the end\n\n", content_type=STREAM)
    provider.gate.clear()
    request = chat_request(stream=True, stream_options={"include_usage": True})
    named = {"Authorization": f"Bearer {partner.live}", UPSTREAM: f"Bearer {SECRET}"}

    try:
        with httpx.stream("POST", f"http://127.0.0.1:{edge_door.port}/v1/chat/completions",
                          json=request, headers=named) as answer:  # fmt: skip
            assert "data: [DONE]" in answer.iter_lines()
    finally:
        provider.gate.set()

    wait_until_stored(edge_door, partner.live, request)


def test_a_client_that_hangs_up_hangs_the_provider_up(edge_door, partner, provider):
    events = formats.render(CHAT).decode().split("\n\n")[:-1]
    pieces = [f"{event}\n\n".encode() for event in events]
    provider.says(*pieces[:2], *[b": " + b"x" * 65536 + b"\n\n"] * 200, *pieces[2:],
                  content_type=STREAM)  # fmt: skip
    provider.gate.clear()
    request = chat_request(stream=True)

    try:
        with gpt(edge_door, partner.live) as client:
            stream = client.chat.completions.create(**request)
            next(iter(stream))
            stream.close()
        time.sleep(0.5)
    finally:
        provider.gate.set()

    assert provider.hung_up.wait(PATIENCE_S)
    assert not is_stored(edge_door, partner.live, request)


def test_an_unreachable_provider_is_502(edge_door, partner):
    answer = post(edge_door, partner.live, chat_request(), agentcache_provider="groq")

    assert answer.status == 502
    assert answer.json["error"]["code"] == "upstream_unreachable"
    assert "x-should-retry" not in answer.headers


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/chat/completions?beta=true", {}),
        ("/v1/chat/completions", {"openai_beta": "new-thing=1"}),
    ],
)
def test_what_was_asked_with_more_than_the_identity_tells_is_not_stored(
    edge_door, partner, provider, path, headers
):
    provider.says(json.dumps(CHAT).encode())
    request = chat_request()

    assert post(edge_door, partner.live, request, path, **headers).json == CHAT
    ((asked_path, asked, _),) = provider.asked
    assert asked_path == path
    assert asked.get("openai-beta") == headers.get("openai_beta")
    assert not is_stored(edge_door, partner.live, request)


def test_an_answer_that_is_too_large_is_passed_on_whole(edge_door, partner, provider):
    large = {**CHAT, "id": "x" * (9 * 1024 * 1024)}
    provider.says(json.dumps(large).encode())
    request = chat_request()

    assert post(edge_door, partner.live, request).json == large
    assert not is_stored(edge_door, partner.live, request)


def test_the_providers_key_is_kept_nowhere(edge_door, cast, partner, provider):
    provider.says(json.dumps(CHAT).encode(), status=500)
    post(edge_door, partner.live, chat_request())
    provider.says(json.dumps(CHAT).encode())
    post(edge_door, partner.live, chat_request())
    post(edge_door, partner.live, chat_request(), agentcache_provider="groq")

    folder = edge_door.log.parent
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"forwarded miss" in written, "the log was looked at"
    assert SECRET.encode() not in written
    for valkey in (cast.events, cast.cache):
        for name in valkey.keys("*"):
            kind = valkey.type(name)
            value = valkey.dump(name) if kind != b"stream" else str(valkey.xrange(name)).encode()
            assert SECRET.encode() not in value


def test_the_portals_door_does_not_forward(web_door, partner, provider):
    provider.says(json.dumps(CHAT).encode())

    answer = post(web_door, partner.live, chat_request())

    assert answer.status == 504
    assert provider.asked == []
