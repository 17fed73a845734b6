"""Cohere v1's streams: as its documentation shows them, in lines and in events; broken ones."""

import json

import pytest

from cache_api.rules.sse import formats
from cache_api.rules.sse.parse import BadTranscript

RESPONSE = {
    "response_id": "r1", "generation_id": "g1", "text": "The capital is Paris.",
    "chat_history": [{"role": "USER", "message": "capital?"}], "finish_reason": "COMPLETE",
    "citations": [{"start": 15, "end": 20, "text": "Paris", "document_ids": ["d0"]}],
    "meta": {"billed_units": {"input_tokens": 3, "output_tokens": 5}},
}  # fmt: skip
EVENTS = [
    {"is_finished": False, "event_type": "stream-start", "generation_id": "g1"},
    {"is_finished": False, "event_type": "text-generation", "text": "The capital "},
    {"is_finished": False, "event_type": "text-generation", "text": "is Paris."},
    {"is_finished": False, "event_type": "citation-generation", "citations": RESPONSE["citations"]},
    {"is_finished": True, "event_type": "stream-end", "finish_reason": "COMPLETE",
     "response": RESPONSE},
]  # fmt: skip


def lines(events):
    return "".join(json.dumps(event) + "\n" for event in events)


def changed(at, **members):
    return [*EVENTS[:at], EVENTS[at] | members, *EVENTS[at + 1 :]]


@pytest.mark.parametrize("api", ["cohere.chat_v1", "generic"])
def test_lines_and_events_are_the_same_response(api):
    events = "".join(f"data: {json.dumps(event)}\n\n" for event in EVENTS)

    assert formats.assemble(lines(EVENTS), api) == formats.assemble(events, api) == RESPONSE
    assert formats.assemble(lines(EVENTS).replace("\n", "\r\n"), api) == RESPONSE


def test_the_last_event_of_a_stream_has_all_of_the_response():
    said = formats.render(RESPONSE).decode().removesuffix("\n\n").split("\n\n")
    told = [json.loads(one.removeprefix("data: ")) for one in said]

    kinds = ["stream-start", "text-generation", "citation-generation", "stream-end"]
    assert [one["event_type"] for one in told] == kinds
    assert [one["is_finished"] for one in told] == [False, False, False, True]
    assert told[-1]["response"] == RESPONSE


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        (EVENTS[:-1], "incomplete"), (EVENTS[1:], "contradictory"),
        ([*EVENTS, EVENTS[-1]], "contradictory"), (changed(1, text="A"), "contradictory"),
        (changed(1, text=None), "malformed"), (changed(4, response=None), "malformed"),
        (changed(4, finish_reason="ERROR_TOXIC"), "provider_error"),
        (changed(4, finish_reason="MAX_TOKENS"), "contradictory"),
        (changed(3, event_type="surprise"), "unsupported"),
        (changed(2, event_type="stream-start"), "contradictory"),
    ],
)  # fmt: skip
def test_what_is_no_whole_answer_is_refused(events, reason):
    with pytest.raises(BadTranscript) as refused:
        formats.assemble(lines(events), "cohere.chat_v1")
    assert refused.value.reason == reason


def test_a_last_line_that_breaks_off_is_no_end():
    with pytest.raises(BadTranscript) as refused:
        formats.assemble(lines(EVENTS)[:-1], "cohere.chat_v1")
    assert refused.value.reason == "incomplete"
