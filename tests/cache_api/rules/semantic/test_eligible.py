"""Which requests take part, and that everything but the last turn's text must match exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules.identity import identify
from cache_api.rules.semantic import eligible
from cache_api.rules.semantic.policy import Policy

TEXT = "Where can I find my card's PIN?"
USER = {"role": "user", "content": TEXT}
PLAIN = {
    "provider": "openai", "model": "gpt-4o", "temperature": 0,
    "messages": [{"role": "system", "content": "Be brief."}, USER],
}  # fmt: skip
CLAUDE = {
    "provider": "anthropic", "model": "claude-sonnet-4-5", "temperature": 0.2, "max_tokens": 100,
    "system": "Be brief.", "messages": [USER],
}  # fmt: skip


def refusal(**members):
    return eligible.refusal(identify({**PLAIN, **members}), Policy().max_temperature)


def turns(*messages):
    return {"messages": list(messages)}


@pytest.mark.parametrize("request_", [PLAIN, CLAUDE], ids=["openai", "anthropic"])
def test_plain_chat_takes_part(request_):
    found = identify(request_)

    assert eligible.refusal(found, 0.3) is None
    assert eligible.question(found, "e").text == TEXT


@pytest.mark.parametrize(
    ("reason", "members"),
    [
        ("api", {"messages": None, "prompt": TEXT}),
        ("api", {"messages": []}),
        ("api", {"provider": "own-model"}),
        ("tools", {"tools": [{"type": "function", "function": {"name": "f"}}]}),
        ("tools", {"tool_choice": "auto"}),
        ("tools", {"functions": [{"name": "f"}]}),
        ("tools", {"web_search_options": {"search_context_size": "low"}}),
        ("tools", turns({"role": "tool", "tool_call_id": "c", "content": "3"}, USER)),
        ("tools", turns({"role": "assistant", "content": "", "tool_calls": [{"id": "c"}]}, USER)),
        ("tools", turns("hello", USER)),
        ("media", {"audio": {"voice": "alloy"}}),
        ("media", {"modalities": ["text", "audio"]}),
        ("media", turns({"role": "user", "content": [
            {"type": "text", "text": TEXT},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]})),
        ("several", {"n": 2}),
        ("several", {"best_of": 3}),
        ("temperature", {"temperature": 0.31}),
        ("temperature", {"temperature": None}),
        ("temperature", {"temperature": "0"}),
        ("temperature", {"temperature": True}),
        ("temperature", {"temperature": -1}),
        ("turn", turns(USER, {"role": "assistant", "content": TEXT})),
        ("turn", turns({"role": "system", "content": TEXT})),
        ("turn", turns({"role": "user", "content": None})),
        ("turn", turns({"role": "user", "content": [
            {"type": "text", "text": TEXT}, {"type": "text", "text": TEXT}]})),
        ("length", turns({"role": "user", "content": "Help me now"})),
        ("length", turns({"role": "user", "content": "  Help me now          "})),
        ("length", turns({"role": "user", "content": "word " * 103})),
    ],
)  # fmt: skip
def test_what_takes_no_part(reason, members):
    assert refusal(**members) == reason


def test_every_reason_is_told_and_occurs():
    assert refusal() is None
    assert set(eligible.REASONS) == {
        "api", "tools", "media", "several", "temperature", "turn", "length",
    }  # fmt: skip


@pytest.mark.parametrize(
    "members",
    [
        {"tools": []}, {"n": 1}, {"n": 1.0}, {"modalities": ["text"]}, {"temperature": 0.3},
        turns({"role": "assistant", "content": "Yes?", "refusal": None, "annotations": []}, USER),
        turns({"role": "user", "content": [{"type": "text", "text": TEXT}]}),
    ],
)  # fmt: skip
def test_what_changes_nothing_takes_part(members):
    assert refusal(**members) is None


def test_a_left_out_temperature_counts_as_one():
    found = identify({**PLAIN, "temperature": None})

    assert eligible.refusal(found, 0.99) == "temperature"
    assert eligible.refusal(found, 1.0) is None


CHANGES = {
    "provider": {"provider": "groq"}, "model": {"model": "gpt-4o-mini"},
    "temperature": {"temperature": 0.1}, "seed": {"seed": 7}, "max_tokens": {"max_tokens": 5},
    "format": {"response_format": {"type": "json_object"}},
    "system": turns({"role": "system", "content": "Be long."}, USER),
    "no system": turns(USER),
    "earlier": turns(USER, {"role": "assistant", "content": "Which card?"}, USER),
    "name": turns({"role": "system", "content": "Be brief."}, {**USER, "name": "ann"}),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=list(CHANGES))
def test_anything_but_the_last_text_is_another_partition(change):
    plain = eligible.question(identify(PLAIN), "e")
    other = eligible.question(identify({**PLAIN, **CHANGES[change]}), "e")

    assert other.text == plain.text
    assert other.partition != plain.partition


@given(st.text(min_size=12, max_size=512).filter(lambda text: len(text.strip()) >= 12))
def test_the_last_text_is_not_part_of_the_partition(text):
    messages = [PLAIN["messages"][0], {"role": "user", "content": text}]
    found = identify({**PLAIN, "messages": messages})

    assert eligible.refusal(found, 0.3) is None
    asked = eligible.question(found, "e")
    assert asked == eligible.Question(text, eligible.question(identify(PLAIN), "e").partition)


def test_vectors_of_two_models_never_meet():
    found = identify(PLAIN)

    assert eligible.question(found, "e/1").partition != eligible.question(found, "e/2").partition


def test_what_does_not_count_for_identity_does_not_count_here():
    same = identify({**PLAIN, "stream": True, "user": "u", "metadata": {"a": 1}})

    assert eligible.question(same, "e") == eligible.question(identify(PLAIN), "e")
