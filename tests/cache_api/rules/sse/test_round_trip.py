"""What is streamed and put together again is what was stored, whatever it holds."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cache_api.rules.sse import formats
from cache_api.rules.sse.parse import REASONS, BadTranscript
from cache_api.rules.sse.write import PIECE_CHARS, NotRenderable
from tests.cache_api.rules.sse.answers import ANSWERS, anything, nearly

MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("api", formats.FORMATS)
@MANY
@given(data=st.data())
def test_every_answer_survives_being_streamed(api, data):
    response = data.draw(ANSWERS[api])
    before = copy.deepcopy(response)

    streamed = formats.render(response)

    assert formats.assemble(streamed.decode(), api) == before
    assert response == before, "rendering changed what it was given"


@MANY
@given(ANSWERS["openai.chat"])
def test_usage_is_said_only_when_asked_for(response):
    streamed = formats.render(response, include_usage=False)

    response.pop("usage", None)
    assert formats.assemble(streamed.decode(), "openai.chat") == response


@pytest.mark.parametrize("api", formats.FORMATS)
@MANY
@given(data=st.data())
def test_what_is_nearly_an_answer_is_rendered_or_refused(api, data):
    response = data.draw(nearly(api) | anything)
    try:
        streamed = formats.render(response)
    except NotRenderable:
        return
    assert streamed.endswith(b"\n\n")


@pytest.mark.parametrize("api", formats.FORMATS)
@MANY
@given(data=st.data())
def test_damaged_streams_are_put_together_or_refused(api, data):
    events = formats.render(data.draw(ANSWERS[api])).decode().split("\n\n")
    order = data.draw(st.lists(st.sampled_from(events), max_size=2 * len(events)))
    reason = None
    try:
        response = formats.assemble("\n\n".join(order) + "\n\n", api)
    except BadTranscript as refused:
        reason = refused.reason
    assert reason in REASONS or type(response) is dict


LONG = "x" * (3 * PIECE_CHARS) + "\x01" * PIECE_CHARS
LONGEST = {
    "openai.chat": {"choices": [{"index": 0, "finish_reason": "stop", "message": {
        "content": LONG, "tool_calls": [{"function": {"name": "f", "arguments": LONG}}]}}]},
    "anthropic.messages": {"type": "message", "usage": {}, "content": [
        {"type": "text", "text": LONG}, {"type": "tool_use", "input": {"a": LONG}}]},
    "cohere.chat": {"finish_reason": "COMPLETE", "message": {
        "content": [{"type": "text", "text": LONG}], "tool_plan": LONG}},
}  # fmt: skip


@pytest.mark.parametrize("api", LONGEST)
def test_no_line_is_longer_than_careful_readers_allow(api):
    streamed = formats.render(LONGEST[api])

    assert max(map(len, streamed.split(b"\n"))) < 64 * 1024
    assert formats.assemble(streamed.decode(), api) | LONGEST[api] == (
        formats.assemble(streamed.decode(), api)
    )


def test_lone_surrogates_and_large_integers_pass():
    response = {
        "object": "chat.completion", "seed": 2**63, "model": "m\ud800",
        "choices": [{"index": 0, "message": {"content": "\udfff"}, "finish_reason": "stop"}],
    }  # fmt: skip

    streamed = formats.render(response)

    assert formats.assemble(streamed.decode("ascii"), "openai.chat") == response


@pytest.mark.parametrize("api", LONGEST)
def test_events_and_responses_tell_their_api(api):
    streamed = formats.render(LONGEST[api]).decode()

    assert formats.assemble(streamed) == formats.assemble(streamed, api)
    assert formats.assemble(streamed, "generic") == formats.assemble(streamed, api)


@pytest.mark.parametrize(
    ("transcript", "reason"), [("", "incomplete"), ("data: {}\n\n", "unsupported")]
)
def test_events_of_no_api(transcript, reason):
    with pytest.raises(BadTranscript) as refused:
        formats.assemble(transcript)
    assert refused.value.reason == reason


@pytest.mark.parametrize("response", [{"a": 1}, [], "text", None, 0])
def test_responses_of_no_api(response):
    with pytest.raises(NotRenderable):
        formats.render(response)
