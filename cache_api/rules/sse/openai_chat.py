"""OpenAI chat completions as a stream, and back; also Azure, Together, Groq, Mistral and the like.

Source: platform.openai.com/docs/api-reference/chat-streaming. Pure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cache_api.rules.sse.deltas import add, joined, split
from cache_api.rules.sse.parse import BadTranscript, Event, documents
from cache_api.rules.sse.write import DONE, NotRenderable, objects, tokens, unnamed

# Every chunk says these; the official client takes the fingerprint of the last one.
_EVERY = ("id", "created", "model", "service_tier", "system_fingerprint")
_CHUNK_ONLY = frozenset({"choices", "object", "obfuscation"})
_CHOICE_ONLY = frozenset({"index", "message", "delta"})


@dataclass
class _Choice:
    fields: dict[str, Any] = field(default_factory=dict)
    message: dict[str, Any] = field(default_factory=dict)
    calls: dict[int, dict[str, Any]] = field(default_factory=dict)


def assemble(events: Iterable[Event]) -> dict[str, Any]:
    """The chat.completion of a stream. Raises BadTranscript.

    A tool call's `index` belongs to the stream and is left out.
    """
    chunks, done = documents(events)
    response: dict[str, Any] = {"object": "chat.completion"}
    choices: dict[int, _Choice] = {}
    for chunk in chunks:
        _take_fields(response, chunk)
        for part in _indexed(chunk.get("choices"), "choices"):
            _take_choice(choices.setdefault(part["index"], _Choice()), part)
    response["choices"] = [_finished(index, choices[index]) for index in sorted(choices)]
    reasons = [choice.get("finish_reason") for choice in response["choices"]]
    if not done or not reasons or not all(reasons):
        raise BadTranscript("incomplete", "A finish_reason for each choice or [DONE] is missing.")
    return response


def _take_fields(response: dict[str, Any], chunk: dict[str, Any]) -> None:
    before, now = response.get("id"), chunk.get("id")
    if before and now and before != now:
        raise BadTranscript("contradictory", "The stream changes its id.")
    for name, value in chunk.items():
        if name not in _CHUNK_ONLY and (value or response.get(name) is None):
            response[name] = value


def _indexed(value: Any, what: str) -> list[dict[str, Any]]:
    found = [] if value is None else value
    if type(found) is list and all(
        type(item) is dict and type(item.get("index")) is int for item in found
    ):
        return found
    raise BadTranscript("malformed", f"{what} is not a list of objects with an index.")


def _take_choice(choice: _Choice, part: dict[str, Any]) -> None:
    delta = part.get("delta") or {}
    if type(delta) is not dict:
        raise BadTranscript("malformed", "A delta is not an object.")
    if delta.get("tool_calls"):
        for call in _indexed(delta["tool_calls"], "tool_calls"):
            add(choice.calls.setdefault(call["index"], {}), _without(call, {"index"}))
        delta = _without(delta, {"tool_calls"})
    add(choice.message, delta)
    add(choice.fields, _without(part, _CHOICE_ONLY), changes=True)


def _without(members: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in names}


def _finished(index: int, choice: _Choice) -> dict[str, Any]:
    message = joined(choice.message)
    if choice.calls:
        message["tool_calls"] = [joined(choice.calls[at]) for at in sorted(choice.calls)]
    return {"index": index, "message": message, **choice.fields}


def render(response: dict[str, Any], *, include_usage: bool = True) -> bytes:
    """The stream of a chat.completion. Raises NotRenderable.

    Without `include_usage` its usage is not said, as the provider does unless asked.
    """
    usage = response.get("usage") if include_usage else None
    every = {name: response[name] for name in _EVERY if name in response}
    every["object"] = "chat.completion.chunk"
    if include_usage and "usage" in response:
        every["usage"] = None
    once = _without(response, {*_EVERY, *_CHUNK_ONLY, "usage"})
    out = []
    for choice in _choices(response):
        for part in _parts(choice):
            out.append(unnamed({**every, **once, "choices": [part]}))
            once = {}
    if usage is not None:
        out.append(unnamed({**every, "choices": [], "usage": usage}))
    return b"".join([*out, DONE])


def _choices(response: dict[str, Any]) -> list[dict[str, Any]]:
    choices = objects(response.get("choices"), "choices")
    for place, choice in enumerate(choices):
        if choice.get("index") != place or not choice.get("finish_reason"):
            raise NotRenderable("A choice has not its place as index, or no finish_reason.")
        if type(choice.get("message")) is not dict:
            raise NotRenderable("A choice has no message.")
    if not choices:
        raise NotRenderable("There are no choices.")
    return choices


def _parts(choice: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A choice as it appears in chunk after chunk."""
    message, logprobs = choice["message"], choice.get("logprobs")
    measured = logprobs.get("content") if type(logprobs) is dict else None
    measured = tokens(message.get("content"), measured, "token")
    calls = _calls(message)
    first, rest = split(_without(message, {"tool_calls"} if calls else ()))
    silent = {"index": choice["index"], "delta": {}, "finish_reason": None}
    if "logprobs" in choice:
        silent["logprobs"] = None
    opening = {**_without(choice, _CHOICE_ONLY), **silent, "delta": first}
    if measured:
        opening["logprobs"] = {**choice["logprobs"], "content": []}
        rest = [delta for delta in rest if "content" not in delta]
    elif "logprobs" in choice:
        opening["logprobs"] = choice["logprobs"]
    yield opening
    for delta in rest:
        yield {**silent, "delta": delta}
    for token in measured:
        logprobs = {**dict.fromkeys(opening["logprobs"]), "content": [token]}
        yield {**silent, "delta": {"content": token["token"]}, "logprobs": logprobs}
    for delta in calls:
        yield {**silent, "delta": {"tool_calls": [delta]}}
    yield {**silent, "finish_reason": choice["finish_reason"]}


def _calls(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Tool calls one after the other: official clients take a call as complete at the next."""
    calls = message.get("tool_calls")
    if type(calls) is not list or any(type(call) is not dict for call in calls):
        return []
    deltas: list[dict[str, Any]] = []
    for place, call in enumerate(calls):
        first, rest = split(_without(call, {"index"}))
        deltas += [{"index": place, **delta} for delta in (first, *rest)]
    return deltas
