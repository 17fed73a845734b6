"""A log replayed offline: hits, dollars, the partner's share."""

import json
from decimal import Decimal

import pytest
from agentcache_overflow.cli.prices import flat
from agentcache_overflow.cli.records import BadLine, record_of, usage_of
from agentcache_overflow.cli.simulate import Terms, simulate
from agentcache_overflow.fingerprint import digest

from tests.llm.exchanges import SHARED

TERMS = Terms(3600, Decimal("0.001"), Decimal("0.30"))
PRICE = flat(Decimal(3), Decimal(15))
USAGE = {"prompt_tokens": 1000, "completion_tokens": 200}  # $0.006 at 3 and 15 a million


def line(text="hi", **more):
    request = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}
    return json.dumps({"request": request, "response": {"usage": USAGE}, **more})


def run(*lines):
    return simulate(lines, TERMS, digest, PRICE)


def test_a_repeat_is_a_hit_and_saves_what_the_first_cost():
    outcome = run(line("a"), line("b"), line("a"), line("a"))

    assert (outcome.calls, outcome.hits, outcome.distinct) == (4, 2, 2)
    assert outcome.hit_rate == 0.5
    assert outcome.saved == 2 * Decimal("0.006")
    assert (outcome.fees, outcome.partner) == (Decimal("0.002"), Decimal("0.0006"))


@pytest.mark.parametrize(
    ("times", "hits"),
    [
        ([0, 3599], 1), ([0, 3600], 0), ([0, 3600, 3601], 1),
        ([0, 1800, 3599, 3601], 2),  # reading does not extend a life
    ],
)  # fmt: skip
def test_an_answer_lives_as_long_as_its_ttl(times, hits):
    start = 1_700_000_000
    assert run(*(line(at=start + each) for each in times)).hits == hits


def test_times_are_seconds_milliseconds_or_iso():
    iso = ["2026-11-01T10:00:00Z", "2026-11-01T12:00:00+01:00"]
    assert {record_of(line(time=text), "").at_s for text in iso} == {
        1793527200.0, 1793530800.0,
    }  # fmt: skip
    assert record_of(line(at=1_793_527_200_000), "").at_s == 1_793_527_200.0


def test_customers_are_apart_and_errors_are_not_stored():
    failing = line(response={"status": 500, "body": '{"error":{"message":"no"}}'})

    assert run(line(customer_id="a"), line(customer_id="b")).hits == 0
    outcome = run(failing, line(), line())
    assert (outcome.hits, outcome.failed) == (1, 1)


def test_what_counts_as_the_same_is_the_digests_business():
    same = json.dumps({"stream": True, "messages": [{"content": [{"type": "text", "text": "hi"}],
                       "role": "user"}], "model": "gpt-4o", "user": "u7"})  # fmt: skip
    other = json.dumps({"model": "gpt-4o", "temperature": 0,
                        "messages": [{"role": "user", "content": "hi"}]})  # fmt: skip

    assert run(line(), same).hits == 1
    assert run(line(), other).hits == 0


def test_spellings_of_a_line():
    body = {"model": "m", "messages": []}
    for row in (
        {"original_request": {"provider": "groq", **body}},
        {"request": body, "provider": "groq"},
        {"request": {"url": "https://api.groq.com/openai/v1/chat/completions",
                     "body": json.dumps(body)}},
        {"url": "https://api.groq.com/x", "body": body, "custom_id": "7"},
        {**body, "provider": "groq", "response": {}, "at": 1},
    ):  # fmt: skip
        assert record_of(json.dumps(row), "openai").request == {"provider": "groq", **body}
    assert record_of(json.dumps(body), "openai").request["provider"] == "openai"


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "no JSON"), ("[]", "object"), ("{}", "model"), ('{"request":{"body":"{"}}', "no JSON"),
     ('{"model":"m","at":"noon"}', "time"), ('{"model":1}', "model"), ("[" * 100_000, "no JSON")],
)  # fmt: skip
def test_lines_that_cannot_be_used_are_named(text, says):
    with pytest.raises(BadLine, match=says):
        record_of(text, "openai")

    outcome = run(line(), text, line())
    assert (outcome.calls, outcome.hits, outcome.unreadable) == (2, 1, 1)
    assert outcome.problems[0].startswith("line 2 ")


def test_usage_of_streams():
    chat = (
        'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}\n\ndata: [DONE]\n\n'
    )
    messages = (
        'data: {"message":{"usage":{"input_tokens":7,"output_tokens":1}}}\n\n'
        'data: {"type":"message_delta","usage":{"output_tokens":3}}\n\n'
    )
    responses = 'data: {"response":{"usage":{"input_tokens":7,"output_tokens":3}}}\n\n'

    assert usage_of(chat) == {"prompt_tokens": 7, "completion_tokens": 3}
    assert usage_of(messages) == usage_of(responses) == {"input_tokens": 7, "output_tokens": 3}
    assert usage_of("no events") == usage_of(None) == usage_of([1]) == {}


@pytest.mark.skipif(not SHARED.is_dir(), reason="shared data absent")
def test_recorded_exchanges_twice():
    lines = (SHARED / "llm_exchanges" / "exchanges.jsonl").read_text("utf-8").splitlines()

    once, twice = run(*lines), run(*lines, *lines)

    assert once.calls == twice.calls / 2 == 130
    assert twice.distinct == once.distinct == 106
    for outcome in (once, twice):  # each call is the first of its kind, a repeat, or failed
        assert outcome.calls == outcome.distinct + outcome.hits + outcome.failed
    assert twice.hits - once.hits >= once.distinct, "the second round finds what the first stored"
    assert twice.saved > once.saved
