"""What of a prompt is compared by meaning, and what must be the same."""

import pytest
from agentcache_overflow.hybrid.questions import MAX_QUESTION, question_of, same_facts


def chat(*turns, **more):
    roles = ("user", "assistant")
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(turns)]
    return {"provider": "openai", "model": "gpt-4o", "messages": messages, **more}


def test_a_text_is_its_own_question():
    assert question_of("What is a cache?", "s").text == "What is a cache?"


@pytest.mark.parametrize(
    "request_",
    [
        chat("What is a cache?"),
        chat("hi", "hello", "What is a cache?"),
        {"provider": "openai", "model": "m", "input": "What is a cache?"},
        {"provider": "openai", "model": "m", "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "What is a cache?"}]}]},
        {"provider": "anthropic", "model": "m", "system": "s", "messages": [
            {"role": "user", "content": [{"type": "text", "text": "What is a cache?"}]}]},
    ],
)  # fmt: skip
def test_the_last_user_turn_is_the_question(request_):
    assert question_of(request_, "s").text == "What is a cache?"


@pytest.mark.parametrize(
    "request_",
    [
        chat("hi", "hello"),
        chat("q", tools=[{"type": "function"}]),
        chat("q", n=2),
        chat("q", modalities=["text", "audio"]),
        chat(""),
        chat("q" * (MAX_QUESTION + 1)),
        chat([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "u"}}]),
        chat([{"type": "image_url", "image_url": {"url": "u"}}], "a cat", "what colour?"),
        {"provider": "openai", "model": "m", "messages": []},
        {"provider": "openai", "model": "m", "messages": "text of no role", "tools": [1]},
        {"provider": "openai", "model": "m"},
        7, None, "", ["q"],
    ],
)  # fmt: skip
def test_what_is_never_compared(request_):
    assert question_of(request_, "s") is None


def test_the_partition_has_everything_else():
    base = chat("hi", "hello", "q", temperature=0)
    others = [
        chat("hi", "hello", "q", temperature=1),
        chat("hi", "hullo", "q", temperature=0),
        {**base, "model": "gpt-4"}, {**base, "provider": "azure"}, {**base, "seed": 1},
    ]  # fmt: skip
    same = chat("hi", "hello", "another q", temperature=0)
    partition = question_of(base, "s").partition

    assert question_of(same, "s").partition == partition
    assert question_of(base, "s2").partition != partition
    assert partition not in {question_of(one, "s").partition for one in others}
    assert question_of("q", "s").partition != partition


def test_a_request_is_not_changed():
    request = chat("hi", "hello", "q")
    question_of(request, "s")
    assert request == chat("hi", "hello", "q")


@pytest.mark.parametrize(
    ("asked", "stored", "same"),
    [
        ("How do I reset my PIN?", "How can I reset the PIN?", True),
        ("Population in 2023?", "Population in 2024?", False),
        ("5 of 3", "3 of 5", True),
        ("1.5 kg", "15 kg", False),
        ("Is it allowed?", "Is it not allowed?", False),
        ("I can't pay", "I can pay", False),
        ("I can’t pay", "I cannot pay", True),
        ("with sugar", "without sugar", False),
        ("what is `map`?", "what is `filter`?", False),
        ('who said "no"?', 'who said "yes"?', False),
        ("read https://a.example/x", "read https://b.example/x", False),
    ],
)
def test_near_is_not_enough(asked, stored, same):
    assert same_facts(asked, stored) is same
    assert same_facts(stored, asked) is same
