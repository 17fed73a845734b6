"""What an answer of an official client says, streamed or not, in a form that can be compared."""

import json

from openai.lib.streaming.chat import ChatCompletionStreamState


def told(exchange, answer):
    """An object as it is; a stream by what its events add up to."""
    if not exchange.stream:
        return answer
    events = list(answer)
    return {type(event) for event in events}, _SUMS[exchange.api](events)


def _chat(chunks):
    state = ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(chunk)
    # OpenAI's own sum takes these from the first chunk, where Azure says nothing yet.
    last = {name: getattr(chunks[-1], name) for name in ("id", "created", "model")}
    whole = state.get_final_completion().to_dict() | last | {"prompt_filter_results": None}
    for choice in whole["choices"]:
        choice.pop("content_filter_results", None)  # nor does it add up these
    return whole


def _responses(events):
    return events[-1].response.to_dict()


def _messages(events):
    """Anthropic's: the message, its blocks filled, its end."""
    message = events[0].message.to_dict()
    blocks = {}
    for event in events:
        if event.type == "content_block_start":
            blocks[event.index] = [event.content_block.to_dict()]
        elif event.type == "content_block_delta":
            blocks[event.index].append(event.delta.to_dict())
        elif event.type == "message_delta":
            message |= event.delta.to_dict()
            message["usage"] |= event.usage.to_dict()
    return message, {index: _merged(parts) for index, parts in blocks.items()}


def _cohere(events):
    end = next(event for event in events if event.type == "message-end")
    parts = [
        _plain(event) for event in events if event.type not in ("message-start", "message-end")
    ]
    return _merged(parts), _plain(end)


def _plain(thing):
    return thing.model_dump(exclude_none=True)


def _merged(parts):
    """Every text under one name, put together in order; what is no text must agree."""
    sums = {}
    for part in parts:
        for path, value in _leaves(part):
            whole = isinstance(value, str) and path[-1] not in ("type", "id", "name")
            sums[path] = sums.get(path, "") + value if whole else value
    return {
        path: json.loads(value) if path[-1] == "partial_json" and value else value
        for path, value in sums.items()
        if value not in ("", None)
    }


def _leaves(value, path=()):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    else:
        yield path or ("",), value


_SUMS = {
    "openai_chat": _chat, "azure_openai_chat": _chat, "openai_responses": _responses,
    "anthropic_messages": _messages, "cohere_v2_chat": _cohere, "cohere_v1_chat": list,
}  # fmt: skip
