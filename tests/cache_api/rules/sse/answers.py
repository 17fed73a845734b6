"""Made-up answers of each API, with members nobody has documented at every level."""

from hypothesis import strategies as st

text = st.text(max_size=12)
count = st.integers(0, 2**63)
long_text = text | st.text(min_size=1, max_size=3).map(lambda piece: piece * 5000)
scalar = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False,
    allow_infinity=False) | text
)  # fmt: skip
anything = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def members(required, optional=None, *, reserved=()):
    """Objects with these members and up to two unknown ones, none of them named as `reserved`."""
    taken = {*required, *(optional or {}), *reserved}
    unknown = st.dictionaries(text.filter(lambda name: name not in taken), anything, max_size=2)
    known = st.fixed_dictionaries(required, optional=optional or {})
    return st.tuples(unknown, known).map(lambda both: {**both[0], **both[1]})


def tokens(name):
    """Tokens with their probabilities."""
    return st.lists(members({name: text, "logprob": st.floats(-9, 0)}), max_size=4)


def spoken_by(answer, found, name):
    """Half of all answers, such that their tokens are the pieces of the text."""
    return "".join(token[name] for token in found) if found and len(found) % 2 else answer


call = st.one_of(
    members(
        {"id": text, "type": st.just("function"),
         "function": members({"name": text, "arguments": long_text})},
        reserved=("index",),
    ),
    members(
        {"id": text, "type": st.just("custom"),
         "custom": members({"name": text, "input": long_text})},
        reserved=("index",),
    ),
)  # fmt: skip
chat_message = members(
    {"role": st.just("assistant"),
     "content": st.none() | long_text | st.lists(anything, max_size=2)},
    {"refusal": st.none() | text, "annotations": st.lists(anything, max_size=2),
     "tool_calls": st.none() | st.lists(call, max_size=3), "reasoning_content": long_text,
     "function_call": st.none() | members({"name": text, "arguments": text}),
     "audio": members({"id": text, "data": long_text, "transcript": text, "expires_at": count}),
     "reasoning_details": st.lists(members({"index": st.integers(0, 2), "text": text}),
                                   max_size=3)},
)  # fmt: skip
chat_choice = members(
    {"message": chat_message,
     "finish_reason": st.sampled_from(["stop", "tool_calls", "length", "function_call"])},
    {"logprobs": st.none() | members({"content": st.none() | tokens("token")},
                                     {"refusal": st.none() | tokens("token")})},
    reserved=("index", "delta"),
)  # fmt: skip


def _numbered(response):
    for index, choice in enumerate(response["choices"]):
        choice["index"] = index
        found = (choice.get("logprobs") or {}).get("content")
        if type(choice["message"]["content"]) is str:
            choice["message"]["content"] = spoken_by(choice["message"]["content"], found, "token")
    return response


usage = members({"prompt_tokens": count, "completion_tokens": count})
chat = members(
    {"id": text, "object": st.just("chat.completion"), "created": count, "model": text,
     "choices": st.lists(chat_choice, min_size=1, max_size=3)},
    {"usage": st.none() | usage, "system_fingerprint": st.none() | text,
     "service_tier": st.none() | text},
    reserved=("obfuscation", "error"),
).map(_numbered)  # fmt: skip

block = st.one_of(
    members({"type": st.just("text"), "text": long_text},
            {"citations": st.none() | st.lists(anything, max_size=2)}),
    members({"type": st.just("thinking"), "thinking": long_text, "signature": long_text},
            reserved=("citations",)),
    members({"type": st.just("redacted_thinking"), "data": text}, reserved=("citations",)),
    members({"type": st.sampled_from(["tool_use", "server_tool_use", "mcp_tool_use"]), "id": text,
             "name": text, "input": anything}, reserved=("citations",)),
    members({"type": st.just("web_search_tool_result"), "content": anything},
            {"citations": anything}),
)  # fmt: skip
claude = members(
    {"id": text, "type": st.just("message"), "role": st.just("assistant"), "model": text,
     "content": st.lists(block, max_size=4),
     "stop_reason": st.sampled_from(["end_turn", "tool_use"]),
     "usage": members({"input_tokens": count, "output_tokens": count},
                      {"server_tool_use": st.none() | anything,
                       "cache_read_input_tokens": st.none() | count})},
    {"stop_sequence": st.none() | text, "stop_details": st.none() | anything,
     "container": st.none() | anything},
    reserved=("error", "choices", "object"),
)  # fmt: skip

part = st.one_of(
    members({"type": st.just("output_text"), "text": long_text},
            {"annotations": st.lists(anything, max_size=2), "logprobs": tokens("token")}),
    members({"type": st.just("refusal"), "refusal": text}),
    members({"type": text}),
)  # fmt: skip
item = st.one_of(
    members({"type": st.just("message"), "id": text, "role": st.just("assistant"),
             "status": st.just("completed"), "content": st.lists(part, max_size=2)}),
    members({"type": st.just("reasoning"), "id": text,
             "summary": st.lists(members({"type": st.just("summary_text"), "text": text}))},
            {"content": st.none() | st.lists(members({"type": st.just("reasoning_text"),
                                                      "text": text}))}),
    members({"type": st.just("function_call"), "id": text, "call_id": text, "name": text,
             "arguments": long_text}, {"status": st.just("completed")}),
    members({"type": st.sampled_from(["mcp_call", "code_interpreter_call", "web_search_call",
                                      "custom_tool_call", "computer_call"]), "id": text},
            {"status": st.sampled_from(["completed", "failed"]), "code": text, "arguments": text,
             "action": anything, "outputs": anything}),
)  # fmt: skip
responses = members(
    {"id": text, "object": st.just("response"), "created_at": count, "model": text,
     "status": st.sampled_from(["completed", "incomplete"]), "output": st.lists(item, max_size=3)},
    {"usage": st.none() | anything, "completed_at": count},
    reserved=("error", "choices"),
)  # fmt: skip

cohere_message = members(
    {"role": st.just("assistant")},
    {"content": st.lists(st.one_of(members({"type": st.just("text"), "text": long_text}),
                                   members({"type": st.just("thinking"), "thinking": text})),
                         min_size=1, max_size=2),
     "tool_plan": long_text.filter(bool), "tool_calls": st.lists(call, min_size=1, max_size=2),
     "citations": st.lists(members({"text": text}), min_size=1, max_size=2)},
)  # fmt: skip


def _measured(response):
    content, found = response["message"].get("content"), response.get("logprobs")
    if content and "text" in content[0]:
        content[0]["text"] = spoken_by(content[0]["text"], found, "text")
    return response


cohere = members(
    {"id": text, "finish_reason": st.sampled_from(["COMPLETE", "TOOL_CALL"]),
     "message": cohere_message},
    {"usage": st.none() | anything, "logprobs": st.none() | tokens("text")},
    reserved=("error", "choices", "object", "type"),
).map(_measured)  # fmt: skip

cohere_v1 = members(
    {"generation_id": text, "text": long_text,
     "finish_reason": st.sampled_from(["COMPLETE", "MAX_TOKENS"])},
    {"meta": anything, "tool_calls": st.lists(call, max_size=2), "search_results": anything,
     "citations": st.lists(members({"text": text}), max_size=2), "chat_history": anything},
    reserved=("error", "choices", "object", "type", "message"),
)  # fmt: skip

ANSWERS = {
    "cohere.chat_v1": cohere_v1,
    "openai.chat": chat,
    "openai.responses": responses,
    "anthropic.messages": claude,
    "cohere.chat": cohere,
}


def places(value, path=()):
    """The path of everything inside a value."""
    if type(value) is dict or type(value) is list:
        for name in value if type(value) is dict else range(len(value)):
            yield (*path, name)
            yield from places(value[name], (*path, name))


@st.composite
def nearly(draw, api):
    """An answer in which one value, anywhere, is something else."""
    response = draw(ANSWERS[api])
    *path, last = draw(st.sampled_from(sorted(places(response), key=repr)))
    inner = response
    for name in path:
        inner = inner[name]
    inner[last] = draw(anything)
    return response
