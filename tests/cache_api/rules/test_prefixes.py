"""Repeated prompt beginnings, against a small oracle of its own: which tokens, which markers."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache_api.rules import prefixes, prices
from cache_api.rules.identity import identify

NOW_MS = 1_795_000_000_000
SONNET = {"provider": "anthropic", "model": "claude-sonnet-4-5"}
GPT = {"provider": "openai", "model": "gpt-4o"}


def say(role, size, text="x"):
    return {"role": role, "content": text * size}


def of(request, **tokens):
    return prefixes.prefixes(identify(request), tokens)


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        ("claude-sonnet-4-5-20250929", 1024), ("claude-opus-4-1-20250805", 1024),
        ("claude-opus-4-20250514", 1024), ("claude-3-5-sonnet-20241022", 1024),
        ("anthropic/claude-3.7-sonnet", 1024), ("claude-3-5-haiku-20241022", 2048),
        ("claude-3-haiku-20240307", 2048), ("claude-sonnet-4-6", 2048), ("claude-opus-4-5", 4096),
        ("claude-haiku-4-5", 4096), ("claude-opus-9", 4096), ("gpt-4o", 1024), ("gpt-5-mini", 1024),
    ],
)  # fmt: skip
def test_least_tokens_by_model(model, wanted):
    assert prefixes.terms(model) == (wanted, 1 if "claude" in model else 128)


def oracle(pieces, input_tokens, least, step):
    """Tokens of each beginning worth a marker, longest first, by sums of lengths of JSON text."""
    sizes = [
        len(json.dumps(one, separators=(",", ":"), ensure_ascii=False).encode()) for one in pieces
    ]
    counts = []
    for end in range(1, len(sizes) + 1):
        part = sum(sizes[:end])
        count = input_tokens * part // sum(sizes) if input_tokens else part // 4
        counts.append(count // step * step)
    counts = [count for count in counts if count >= least]
    if len(counts) > 4:
        counts = [counts[0], *counts[-3:]]
    return counts[::-1]


texts = st.text(
    st.characters(codec="utf-8", exclude_characters='"\\', min_codepoint=32), max_size=20
)
sizes = st.integers(0, 600)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(texts, sizes), min_size=1, max_size=9), st.sampled_from([0, 1500, 9_000]),
    st.booleans(), st.sampled_from([(SONNET, 1024, 1), (GPT, 1024, 128)]),
)  # fmt: skip
def test_tokens_are_the_oracles(messages, input_tokens, has_tools, maker):
    head, least, step = maker
    said = [{"content": text * size, "role": "user"} for text, size in messages]
    tools = [{"name": "search" * 300}] if has_tools else []
    request = {**head, "messages": said, **({"tools": tools} if has_tools else {})}
    pieces = [*([{"tools": tools}] if has_tools else []), *said]

    known = of(request, **({"input_tokens": input_tokens} if input_tokens else {}))

    wanted = oracle(pieces, input_tokens, least, step)
    assert [one.tokens for one in known] == ([] if 0 < input_tokens < least else wanted)
    assert len({one.digest for one in known}) == len(known) <= prefixes.MARKERS


def test_a_next_turn_and_another_conversation_begin_alike():
    system = say("system", 6000)
    first = [system, say("user", 100, "a")]
    turn = [*first, say("assistant", 200, "b"), say("user", 50, "c")]
    long = [system, *[say("user", 30, letter) for letter in "abcdefgh"]]
    one, two, three = (of({**GPT, "messages": each}) for each in (first, turn, long))

    assert one[0] in two  # the whole first prompt is where the second turn resumes
    assert len(three) == 4 and three[-1].digest == one[-1].digest  # the system prompt alone
    other = {**GPT, "model": "gpt-5"}
    assert not {p.digest for p in one} & {p.digest for p in of({**other, "messages": first})}


@pytest.mark.parametrize(
    "request_",
    [
        {"provider": "openai", "model": "gpt-5", "instructions": "y" * 6000, "input": "hi"},
        {"provider": "openai", "model": "gpt-5", "input": [say("user", 6000)]},
        {**SONNET, "max_tokens": 9, "system": "y" * 6000, "messages": [say("user", 3)]},
        {**GPT, "tools": [{"name": "y" * 6000}], "messages": [say("user", 3)]},
    ],
)
def test_where_prompts_begin(request_):
    assert of(request_)[-1].tokens >= 1024


@pytest.mark.parametrize(
    "request_",
    [
        {"provider": "cohere", "model": "command-r", "messages": [say("user", 9000)]},
        {"provider": "openai", "model": "text-embedding-3-small", "input": "y" * 9000},
        {"provider": "openai", "model": "gpt-5", "input": ["y" * 9000]},
        {"provider": "own", "model": "m", "prompt": "y" * 9000},
        {**GPT, "messages": []},
        {**GPT, "messages": [say("user", 4 * 1000)]},
        {**GPT, "messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "data:," + "A" * 90_000}}]}]},
    ],
)  # fmt: skip
def test_no_beginning_worth_a_marker(request_):
    assert of(request_) == []


def test_after_a_picture_nothing_is_counted():
    picture = {"role": "user", "content": [{"type": "image", "source": {"data": "A" * 90_000}}]}
    known = of(
        {**SONNET, "messages": [say("user", 8000), picture, say("user", 8000)]}, input_tokens=9000
    )
    assert [one.tokens for one in known] == [(8000 + len('{"content":"","role":"user"}')) // 4]


@pytest.mark.parametrize(
    ("reported", "longest", "repeats", "wanted"),
    [
        ({"input_tokens": 4000}, 3900, 3000, (3000, 900)),
        ({"input_tokens": 4000}, 3900, 0, (0, 3900)),
        ({"input_tokens": 4000, "cache_read_tokens": 2048}, 3900, 3000, (952, 900)),
        ({"input_tokens": 4000, "cache_read_tokens": 3500}, 3900, 3000, (0, 400)),
        ({"input_tokens": 4000, "cache_write_tokens": 3900}, 3900, 0, (0, 0)),
        ({"input_tokens": 4000, "cache_read_tokens": 3950}, 3900, 3900, (0, 0)),
        ({}, 3900, 3000, (3000, 900)),
    ],
)
def test_what_the_provider_reported_as_cached_is_taken_off(reported, longest, repeats, wanted):
    assert prefixes.overcharged(reported, longest, repeats) == wanted


@pytest.mark.parametrize(
    ("maker", "size", "read", "written", "micros"),
    [
        # dollars a million: Sonnet 4.5 3.00, read 0.30, written 3.75, twice
        # that above 200,000 tokens; GPT-4o 2.50, read 1.25
        (SONNET, 4000, 4000, 0, 10_800),
        (SONNET, 4000, 0, 4000, -3_000),
        (SONNET, 4000, 3000, 1000, 8_100 - 750),
        (SONNET, 300_000, 100_000, 0, 540_000),
        (GPT, 4000, 2048, 1920, 2_560),
        (GPT, 4000, 1, 0, 1),
        (GPT, 0, 0, 0, 0),
        ({"provider": "openai", "model": "gpt-4"}, 4000, 2048, 0, 0),
        ({"provider": "openai", "model": "never-heard-of"}, 9, 9, 9, 0),
    ],
)
def test_what_it_would_have_charged_less(maker, size, read, written, micros):
    assert prices.caching_saved_micros(*maker.values(), size, read, written, NOW_MS) == micros


def test_the_longest_that_was_there_counts():
    known = [prefixes.Prefix(tokens, b"%d" % tokens) for tokens in (5000, 3000, 2000, 1100)]
    assert prefixes.repeated(known, [False, False, True, True]) == 2000
    assert prefixes.repeated(known, [False] * 4) == 0
    assert prefixes.repeated([], []) == 0
