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
RESPONSES = {
    "provider": "openai", "model": "gpt-4o", "temperature": 0, "instructions": "Be brief.",
    "input": [{"role": "user", "content": "Hello, you"},
              {"type": "message", "role": "assistant", "content": [
                  {"type": "output_text", "text": "Yes?", "annotations": []}]},
              {"type": "message", **USER, "content": [{"type": "input_text", "text": TEXT}]}],
}  # fmt: skip
ASKED_ALONE = {**RESPONSES, "input": TEXT}
COHERE = {**PLAIN, "provider": "cohere", "model": "command-a-03-2025"}
COHERE_V1 = {
    "provider": "cohere", "model": "command-r", "temperature": 0, "preamble": "Be brief.",
    "chat_history": [{"role": "USER", "message": "Hello"}, {"role": "CHATBOT", "message": "Yes?"}],
    "message": TEXT,
}  # fmt: skip
SHAPES = {
    "openai": PLAIN, "anthropic": CLAUDE, "responses": RESPONSES, "responses, a text": ASKED_ALONE,
    "cohere": COHERE, "cohere v1": COHERE_V1,
}  # fmt: skip


def refusal(given=PLAIN, **members):
    return eligible.refusal(identify({**given, **members}), Policy().max_temperature)


def turns(*messages):
    return {"messages": list(messages)}


@pytest.mark.parametrize("shape", SHAPES)
def test_plain_chat_takes_part(shape):
    found = identify(SHAPES[shape])

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
        ("tools", turns({"role": ["user"], "content": TEXT})),
        ("tools", turns({"type": "function_call", **USER})),
        ("media", turns({"role": "user", "content": [{"type": [], "text": TEXT}]})),
        ("media", {"audio": {"voice": "alloy"}}),
        ("media", {"documents": [{"data": "x"}]}),
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


@pytest.mark.parametrize(
    ("reason", "given", "members"),
    [
        ("state", RESPONSES, {"previous_response_id": "resp_1"}),
        ("state", RESPONSES, {"conversation": {"id": "conv_1"}}),
        ("tools", RESPONSES, {"tools": [{"type": "web_search"}]}),
        ("tools", RESPONSES, {"input": [{"type": "function_call_output", "output": "3"}, USER]}),
        ("tools", RESPONSES, {"input": [{"type": "item_reference", "id": "i"}, USER]}),
        ("media", RESPONSES, {"input": [{"role": "user", "content": [
            {"type": "input_text", "text": TEXT}, {"type": "input_image", "image_url": "u"}]}]}),
        ("turn", RESPONSES, {"input": [USER, {"role": "assistant", "content": TEXT}]}),
        ("length", RESPONSES, {"input": "Help me now"}),
        ("temperature", RESPONSES, {"temperature": None}),
        ("api", RESPONSES, {"model": "text-embedding-3-small", "input": TEXT}),
        ("tools", COHERE, {"tools": [{"type": "function"}]}),
        ("tools", COHERE, turns({"role": "tool", "content": "3"}, USER)),
        ("media", COHERE, {"documents": ["The PIN is in the app."]}),
        ("state", COHERE_V1, {"conversation_id": "c"}),
        ("tools", COHERE_V1, {"connectors": [{"id": "web-search"}]}),
        ("tools", COHERE_V1, {"search_queries_only": True}),
        ("tools", COHERE_V1, {"chat_history": [{"role": "TOOL", "tool_results": []}]}),
        ("tools", COHERE_V1, {"chat_history": [{"role": ["USER"], "message": "Hello"}]}),
        ("tools", COHERE_V1, {"chat_history": ["Hello"]}),
        ("turn", COHERE_V1, {"chat_history": [{"role": "USER"}]}),
        ("api", COHERE_V1, {"chat_history": "Hello"}),
    ],
)  # fmt: skip
def test_what_takes_no_part_elsewhere(reason, given, members):
    assert refusal(given, **members) == reason


def test_every_reason_is_told_and_occurs():
    assert refusal() is None
    assert set(eligible.REASONS) == {
        "api", "tools", "media", "several", "state", "temperature", "turn", "length",
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


ELSEWHERE = [
    (RESPONSES, {"instructions": "Be long."}), (RESPONSES, {"input": TEXT}),
    (RESPONSES, {"text": {"format": {"type": "json_object"}}}),
    (ASKED_ALONE, {"instructions": "Be long."}),
    (COHERE, {"safety_mode": "STRICT"}), (COHERE, CHANGES["system"]), (COHERE, CHANGES["earlier"]),
    (COHERE_V1, {"preamble": "Be long."}), (COHERE_V1, {"chat_history": None}),
    (COHERE_V1, {"chat_history": [{"role": "USER", "message": "Goodbye"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("given_", "members"), ELSEWHERE)
def test_the_same_elsewhere(given_, members):
    plain = eligible.question(identify(given_), "e")
    other = eligible.question(identify({**given_, **members}), "e")

    assert (plain.text, other.text) == (TEXT, TEXT)
    assert other.partition != plain.partition


def test_another_question_in_the_same_place_is_the_same_partition():
    other = "How do I see the PIN of my card?"
    asked = {
        "responses": {**RESPONSES, "input": [*RESPONSES["input"][:-1], {**USER, "content": other}]},
        "responses, a text": {**ASKED_ALONE, "input": other},
        "cohere": {**COHERE, "messages": [COHERE["messages"][0], {**USER, "content": other}]},
        "cohere v1": {**COHERE_V1, "message": other},
    }  # fmt: skip
    for shape, request in asked.items():
        found = eligible.question(identify(request), "e")
        plain = eligible.question(identify(SHAPES[shape]), "e")
        assert found == eligible.Question(other, plain.partition), shape


def test_shelves_filled_before_other_shapes_took_part_are_still_found():
    known = "8b23229dbed548fa6c4a485539f01f110c2b3c358187e9c5d01d685ab59acf65"
    assert eligible.question(identify(PLAIN), "e").partition == known


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
