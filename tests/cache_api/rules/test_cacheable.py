"""What may not be stored, for every shape of response, on made and on recorded ones."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules import cacheable, shapes
from cache_api.rules.identity import identify
from tests.cache_api.rules.exchanges import answered, request_of
from tests.cache_api.rules.made_requests import any_json, some

SAID = {"role": "assistant", "content": [{"type": "text", "text": "hi"}]}
THOUGHT = {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}]}
CALL = {"role": "assistant", "tool_plan": "look", "tool_calls": [{"id": "c"}]}
MESSAGE_ITEM = {"type": "message", "content": [{"type": "output_text", "text": "hi"}]}
REASONING_ITEM = {"type": "reasoning", "summary": [], "content": []}


def chat(finish_reason="stop", **choice):
    return {"choices": [{"message": {"content": "hi"}, "finish_reason": finish_reason, **choice}]}


def completion(text="hi", finish_reason="stop"):
    return {
        "object": "text_completion",
        "choices": [{"text": text, "finish_reason": finish_reason}],
    }


def cohere(finish_reason="COMPLETE", message=SAID):
    return {"id": "i", "message": message, "finish_reason": finish_reason, "usage": {}}


def cohere_v1(finish_reason="COMPLETE", text="hi", **more):
    answer = {"response_id": "r", "generation_id": "g", "text": text, **more}
    return answer if finish_reason is None else {**answer, "finish_reason": finish_reason}


def responses(status="completed", output=(MESSAGE_ITEM,), reason=None):
    details = {"reason": reason} if reason else None
    return {
        "object": "response", "status": status, "output": list(output), "error": None,
        "incomplete_details": details,
    }  # fmt: skip


def claude(stop_reason="end_turn", content=(("text", "hi"),)):
    parts = [{"type": kind, kind: text} for kind, text in content]
    return {"type": "message", "content": parts, "stop_reason": stop_reason}


def google(reason="STOP", parts=({"text": "hi"},)):
    return {"candidates": [{"content": {"parts": list(parts)}, "finishReason": reason}]}


def vectors(*rows):
    return {"object": "list", "data": [{"object": "embedding", "embedding": row} for row in rows]}


@pytest.mark.parametrize(
    "response",
    [
        chat("eos"), chat("tool_calls", message={"content": None, "tool_calls": [{"id": "c"}]}),
        chat(message={"content": [{"type": "text", "text": "hi"}]}),
        chat(message={"content": None, "refusal": "I would rather not."}),
        chat("a_reason_of_tomorrow"), completion(),
        cohere(), cohere("TOOL_CALL", CALL), cohere("STOP_SEQUENCE"),
        cohere_v1(), cohere_v1(text="", tool_calls=[{"name": "f"}]),
        cohere_v1(None, "", search_queries=[{"text": "q"}]),
        responses(), responses(output=[REASONING_ITEM, MESSAGE_ITEM]),
        responses(output=[{"type": "function_call", "name": "f", "arguments": "{}"}]),
        responses(output=[{"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}]),
        claude(), claude("tool_use", [("tool_use", "f")]), claude("stop_sequence"),
        google(), google(parts=[{"functionCall": {"name": "f"}}]),
        vectors([0.1]), vectors("AAAA", "AAAA"),
        {"id": "e", "texts": ["a"], "embeddings": [[0.1]]},
        {"id": "e", "texts": ["a"], "embeddings": {"float": [[0.1]], "int8": []}},
        {"results": []}, {"message": "a cached thing of its own"}, {"data": []}, {"object": "list"},
    ],
)  # fmt: skip
def test_answers_of_every_shape_may_be_stored(response):
    assert cacheable.refusal(response, {}) is None


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (completion(""), "empty"), (completion(None), "empty"),
        (completion(finish_reason="length"), "truncated"),
        (chat(message={"content": [{"type": "text", "text": ""}]}), "empty"),
        (chat(message={"content": [{"type": "thinking", "thinking": "hm"}]}), "empty"),
        (chat(message=None), "empty"), (chat("error"), "incomplete"),
        (chat("model_length"), "truncated"),
        (chat({"a": 1}), "incomplete"), (chat(["stop"]), "incomplete"), (chat(7), "incomplete"),
        (cohere("MAX_TOKENS"), "truncated"), (cohere("ERROR"), "incomplete"),
        (cohere("TIMEOUT"), "incomplete"), (cohere(None), "incomplete"),
        (cohere(message={"role": "assistant", "content": []}), "empty"),
        (cohere(message={"role": "assistant"}), "empty"), (cohere(message=THOUGHT), "empty"),
        (cohere_v1("MAX_TOKENS"), "truncated"), (cohere_v1("ERROR_LIMIT"), "truncated"),
        (cohere_v1("ERROR_TOXIC"), "content_filter"), (cohere_v1("USER_CANCEL"), "incomplete"),
        (cohere_v1("ERROR"), "incomplete"), (cohere_v1(text=""), "empty"),
        (cohere_v1(None), "incomplete"),
        (responses(output=[]), "empty"), (responses(output=[REASONING_ITEM]), "empty"),
        (responses(output=[{"type": "message", "content": []}]), "empty"),
        (responses("queued", []), "incomplete"), (responses("in_progress"), "incomplete"),
        (responses("cancelled"), "incomplete"), (responses("failed"), "incomplete"),
        (responses("incomplete", reason="max_output_tokens"), "truncated"),
        (responses("incomplete", reason="content_filter"), "content_filter"),
        (responses("incomplete", reason="steered"), "incomplete"),
        (responses("incomplete", reason="max_messages"), "incomplete"),
        (responses({}), "incomplete"),
        ({**responses("failed"), "error": {"code": "server_error"}}, "provider_error"),
        (claude(content=[("text", "")]), "empty"), (claude(content=[("thinking", "hm")]), "empty"),
        (claude("pause_turn"), "incomplete"),
        (claude("model_context_window_exceeded"), "truncated"),
        (google("SAFETY", []), "content_filter"), (google("MAX_TOKENS"), "truncated"),
        (google("RECITATION"), "content_filter"), (google("OTHER"), "incomplete"),
        (google(parts=[]), "empty"), (google(None), "incomplete"),
        (google(parts=[{"text": "hm", "thought": True}]), "empty"),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, "content_filter"),
        ({"candidates": []}, "empty"),
        (vectors(), "empty"), (vectors([0.1], []), "empty"), (vectors(None), "empty"),
        ({"object": "list", "data": None}, "empty"),
        ({"id": "e", "texts": ["a"], "embeddings": []}, "empty"),
        ({"id": "e", "texts": ["a"], "embeddings": {"float": []}}, "empty"),
        ({"object": "error", "message": "no", "code": 3000}, "provider_error"),
        ({"error": "no such model"}, "provider_error"),
    ],
)  # fmt: skip
def test_no_answer_of_any_shape_is_stored(response, reason):
    assert cacheable.refusal(response, {}) == reason
    assert reason in cacheable.REASONS


@pytest.mark.parametrize("api", [shapes.COHERE, shapes.COHERE_V1])
def test_coheres_error_is_one_only_where_cohere_was_asked(api):
    error = {"id": "i", "message": "model 'command-r' was removed"}

    assert cacheable.refusal(error, {}, api=api) == "provider_error"
    assert cacheable.refusal(error, {}, api=shapes.GENERIC) is None


@pytest.mark.parametrize(
    "request_",
    [
        {"provider": "openai", "input": "hi", "conversation": "conv_1"},
        {"provider": "openai", "input": "hi", "conversation": {"id": "conv_1"}},
        {"provider": "cohere", "message": "hi", "conversation_id": "c"},
    ],
)
def test_an_answer_within_a_conversation_the_provider_keeps_is_not_stored(request_):
    found = identify({**request_, "model": "m"})

    assert cacheable.refusal(responses(), found.params, api=found.api) == "stateful"
    assert cacheable.refusal(responses(), found.params, api=shapes.GENERIC) is None
    assert cacheable.refusal(responses(), {"previous_response_id": "r"}, api=found.api) is None


def test_of_many_choices_every_one_must_be_an_answer():
    def two(one, other):
        return {"choices": [*one["choices"], *other["choices"]]}

    assert cacheable.refusal(two(chat(), chat()), {}) is None
    assert cacheable.refusal(two(chat(), chat("content_filter")), {}) == "content_filter"
    assert cacheable.refusal(two(chat(), chat("length")), {}) == "truncated"
    assert cacheable.refusal(two(chat(), chat(message={"content": ""})), {}) == "empty"


def test_recorded_answers_are_stored_and_recorded_errors_are_not(shared_data):
    reasons = {}
    for exchange, response in answered(shared_data):
        found = identify(request_of(exchange))
        reasons[exchange["id"]] = cacheable.refusal(response, found.params, api=found.api)
        failed = exchange["response"]["status"] >= 400
        assert (reasons[exchange["id"]] == "provider_error") is failed, exchange["id"]

    counts = Counter(reason for reason in reasons.values() if reason != "provider_error")
    assert counts == {None: 86, "truncated": 4, "incomplete": 1}
    # Read by hand: the background request that is only queued.
    assert reasons["openai_responses-008"] == "incomplete"


@some
@given(any_json, st.sampled_from([shapes.CHAT, shapes.COHERE, shapes.RESPONSES, ""]), any_json)
def test_arbitrary_json_is_stored_or_refused_with_a_known_reason(response, api, params):
    given_params = params if type(params) is dict else {}

    reason = cacheable.refusal(response, given_params, api=api, allow_truncated=True)

    assert reason is None or reason in cacheable.REASONS
