"""Event streams by the standard, and what is refused."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules.sse import parse as sse
from cache_api.rules.sse.parse import BadTranscript, Event, documents, parse


@pytest.mark.parametrize(
    ("transcript", "events"),
    [
        ("", []),
        ("data: a\n\n", [Event("", "a")]),
        ("data:a\n\n", [Event("", "a")]),
        ("data:  a\n\n", [Event("", " a")]),
        ("data: a\r\n\r\ndata: b\r\rdata: c\n\n", [Event("", x) for x in "abc"]),
        ("data: a\ndata: b\ndata\n\n", [Event("", "a\nb\n")]),
        ("event: one\ndata: a\n\ndata: b\n\n", [Event("one", "a"), Event("", "b")]),
        (": comment\nid: 7\nretry: 10\ndata: a\n\n", [Event("", "a")]),
        ("event: lonely\n\ndata: a\n\n", [Event("", "a")]),
        ("\ufeffdata: a\n\n", [Event("", "a")]),
        ("\n\n\ndata: a\n\n\n\n", [Event("", "a")]),
        ("data: a\u2028b\x0b\x85\n\n", [Event("", "a\u2028b\x0b\x85")]),
        ("data: a\n\ndata: cut off", [Event("", "a")]),
        ("data: a\n\ndata: no empty line\n", [Event("", "a")]),
        ("data: a\n\ndata: no empty line\r\n", [Event("", "a")]),
    ],
)
def test_the_standards_cases(transcript, events):
    assert parse(transcript) == events


@pytest.mark.parametrize(
    "transcript",
    ['{"error": {}}\n', "data: a\n\nhello\n\n", "DATA: a\n\n", " data: a\n\n", "data : a\n\n"],
)
def test_a_line_that_is_no_field_is_refused(transcript):
    with pytest.raises(BadTranscript, match=r"Line \d is not a field") as refused:
        parse(transcript)
    assert refused.value.reason == "malformed"


@pytest.mark.parametrize("transcript", ["\n" * (sse.MAX_LINES + 1), "x" * (sse.MAX_CHARS + 1)])
def test_too_much_is_refused_at_once(transcript):
    started = time.process_time()
    with pytest.raises(BadTranscript, match="more than"):
        parse(transcript)
    assert time.process_time() - started < 1


texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1)


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "ping", "message_start"]), st.lists(texts, min_size=1))
    ),
    st.sampled_from(["\n", "\r", "\r\n"]),
)
def test_what_is_written_is_read(events, end):
    lines = []
    for name, said in events:
        lines += [f"event: {name}"] if name else []
        lines += [*(f"data: {line}" for line in said), ": comment", ""]

    transcript = "".join(line + end for line in lines)

    assert parse(transcript) == [Event(name, "\n".join(said)) for name, said in events]


@given(st.text() | st.text("dataevn:id \r\n", max_size=40))
def test_any_text_is_read_or_refused(transcript):
    reason = None
    try:
        events = parse(transcript)
    except BadTranscript as refused:
        reason = refused.reason
    assert reason == "malformed" or all(type(event) is Event for event in events)


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([Event("", "{")], "malformed"),
        ([Event("", "[]")], "malformed"),
        ([Event("", '{"a":1,"a":2}')], "malformed"),
        ([Event("", '{"a":NaN}')], "malformed"),
        ([Event("", '"\ud800"')], "malformed"),
        ([Event("", "[" * 65 + "]" * 65)], "malformed"),
        ([Event("error", "{}")], "provider_error"),
        ([Event("", '{"type":"error"}')], "provider_error"),
        ([Event("", '{"error":{"message":"overloaded"}}')], "provider_error"),
        ([Event("", "[DONE]"), Event("", "{}")], "contradictory"),
        ([Event("", "[DONE]"), Event("", "[DONE]")], "contradictory"),
        ([Event("message_stop", '{"type":"message_start"}')], "contradictory"),
    ],
)
def test_bad_documents(events, reason):
    with pytest.raises(BadTranscript) as refused:
        documents(events)
    assert refused.value.reason == reason


def test_documents_and_the_end():
    assert documents([Event("", '{"a":1}'), Event("", "[DONE]")]) == ([{"a": 1}], True)
    assert documents([Event("", '{"error":null}')]) == ([{"error": None}], False)
