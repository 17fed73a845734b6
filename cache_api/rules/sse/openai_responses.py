"""OpenAI responses as a stream, and back.

Source: platform.openai.com/docs/api-reference/responses-streaming. Pure.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from cache_api.rules.sse.parse import BadTranscript, Event, documents
from cache_api.rules.sse.write import NotRenderable, named, objects, pieces, tokens

Document = dict[str, Any]
_OPENINGS = ("created", "in_progress")
_ENDS = ("completed", "incomplete")
_TERMINAL = ("response.completed", "response.incomplete", "response.failed")


class _Call(NamedTuple):
    """How an output item that is no message comes: its text's member and event, its progress."""

    member: str = ""
    event: str = ""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


_SEARCH = _Call(before=("in_progress", "searching"), after=("completed",))
_CALLS: dict[str, _Call] = {
    "function_call": _Call("arguments", "function_call_arguments"),
    "custom_tool_call": _Call("input", "custom_tool_call_input"),
    "mcp_call": _Call("arguments", "mcp_call_arguments", ("in_progress",), ("completed",)),
    "code_interpreter_call": _Call(
        "code", "code_interpreter_call_code", ("in_progress",), ("interpreting", "completed")
    ),
    "web_search_call": _SEARCH,
    "file_search_call": _SEARCH,
    "image_generation_call": _Call(before=("in_progress", "generating"), after=("completed",)),
    "mcp_list_tools": _Call(before=("in_progress",), after=("completed",)),
}
# Kind of item with parts → (the member that lists them, their events, the name of their index)
_CONTENT = ("content", "content_part", "content_index")
_GROUPS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "message": (_CONTENT,),
    "reasoning": (("summary", "reasoning_summary_part", "summary_index"), _CONTENT),
}
# What an item does not have yet when it is added.
_NOT_YET: dict[str, Any] = {
    "content": [], "summary": [], "tools": [], "outputs": None, "output": None, "result": None,
    "results": None,
}  # fmt: skip
# Kind of part → (the member that holds its text, its event)
_PARTS: dict[str, tuple[str, str]] = {
    "output_text": ("text", "output_text"),
    "refusal": ("refusal", "refusal"),
    "reasoning_text": ("text", "reasoning_text"),
    "summary_text": ("text", "reasoning_summary_text"),
}
_PART_LISTS = ("annotations", "logprobs")


def assemble(events: Iterable[Event]) -> Document:
    """The response of a stream: what its terminal event says. Raises BadTranscript."""
    said = documents(events).all
    ends = [event for event in said if event.get("type") in _TERMINAL]
    if not ends or said[-1] is not ends[0]:
        reason = "contradictory" if ends else "incomplete"
        raise BadTranscript(reason, "The stream does not end with its one terminal event.")
    if ends[0]["type"] == "response.failed":
        raise BadTranscript("provider_error", "The stream ends with response.failed.")
    response = ends[0].get("response")
    if type(response) is not dict:
        raise BadTranscript("malformed", "The terminal event has no response.")
    _check_order(said, response)
    return {**response, "output": _output(said, response)}


def _check_order(said: list[Document], response: Document) -> None:
    numbers = [event["sequence_number"] for event in said if "sequence_number" in event]
    if not all(type(number) is int for number in numbers):
        raise BadTranscript("malformed", "A sequence_number is no integer.")
    if any(after <= before for before, after in pairwise(numbers)):
        raise BadTranscript("contradictory", "The sequence numbers do not rise.")
    others = [event["response"] for event in said if type(event.get("response")) is dict]
    if any(other.get("id") != response.get("id") for other in others):
        raise BadTranscript("contradictory", "The stream changes its id.")


def _output(said: list[Document], response: Document) -> Any:
    """The output, compared with the items as they came; those alone where the end repeats none."""
    done: dict[int, Document] = {}
    for event in said:
        if event.get("type") == "response.output_item.done":
            index, item = event.get("output_index"), event.get("item")
            if type(index) is not int or type(item) is not dict:
                raise BadTranscript("malformed", "An output item has no index or no item.")
            done[index] = item
    output = response.get("output")
    if not output:
        return [done[index] for index in sorted(done)]
    for index, item in done.items():
        final = output[index] if type(output) is list and 0 <= index < len(output) else None
        if type(final) is not dict or final.get("id") != item.get("id"):
            raise BadTranscript("contradictory", f"Output item {index} is not in the response.")
    return output


def render(response: Document, *, include_usage: bool = True) -> bytes:
    """The stream of a response; always with its usage. Raises NotRenderable."""
    if response.get("object") != "response" or response.get("status") not in _ENDS:
        raise NotRenderable("The response is not a finished one.")
    early: Document = {name: None for name in ("usage", "completed_at") if name in response}
    opening = {**response, **early, "status": "in_progress", "output": []}
    events = [{"type": f"response.{name}", "response": opening} for name in _OPENINGS]
    for index, item in enumerate(objects(response.get("output"), "output")):
        events += _item(index, item)
    events.append({"type": f"response.{response['status']}", "response": response})
    return b"".join(
        named({"type": event["type"], "sequence_number": number, **event})
        for number, event in enumerate(events)
    )


def _item(index: int, item: Document) -> Iterator[Document]:
    place = {"output_index": index}
    here = {"item_id": item.get("id") or "", **place}
    yield {"type": "response.output_item.added", **place, "item": _added(item)}
    kind = str(item.get("type"))
    if kind in _CALLS:
        yield from _call(_CALLS[kind], item, here)
    for member, group, index_name in _GROUPS.get(kind, ()):
        for number, part in enumerate(objects(item.get(member) or [], member)):
            yield from _part(part, group, {**here, index_name: number})
    yield {"type": "response.output_item.done", **place, "item": item}


def _added(item: Document) -> Document:
    kind = str(item.get("type"))
    if kind not in _CALLS and kind not in _GROUPS:
        return item
    early = {name: _NOT_YET.get(name, value) for name, value in item.items() if name != "action"}
    if "status" in item:
        early["status"] = "in_progress"
    member = _CALLS[kind].member if kind in _CALLS else ""
    if type(item.get(member)) is str:
        early[member] = ""
    return early


def _call(call: _Call, item: Document, here: Document) -> Iterator[Document]:
    for state in call.before:
        yield {"type": f"response.{item['type']}.{state}", **here}
    text = item.get(call.member)
    if type(text) is str:
        for piece in pieces(text):
            yield {"type": f"response.{call.event}.delta", **here, "delta": piece}
        yield {"type": f"response.{call.event}.done", **here, call.member: text}
    for state in call.after:
        failed = state == "completed" and item.get("status") == "failed"
        yield {"type": f"response.{item['type']}.{'failed' if failed else state}", **here}


def _part(part: Document, group: str, here: Document) -> Iterator[Document]:
    member, event = _PARTS.get(str(part.get("type")), ("", ""))
    text = part.get(member)
    early = {name: [] if name in _PART_LISTS else value for name, value in part.items()}
    if type(text) is str:
        early[member] = ""
    yield {"type": f"response.{group}.added", **here, "part": early}
    if type(text) is str:
        more: Document = {"logprobs": []} if event == "output_text" else {}
        for piece in _pieces(text, part):
            yield {"type": f"response.{event}.delta", **here, **more, **piece}
        for number, annotation in enumerate(part.get("annotations") or []):
            place = {**here, "annotation_index": number, "annotation": annotation}
            yield {"type": "response.output_text.annotation.added", **place}
        yield {"type": f"response.{event}.done", **here, **more, member: text}
    yield {"type": f"response.{group}.done", **here, "part": part}


def _pieces(text: str, part: Document) -> list[Document]:
    found = tokens(text, part.get("logprobs"), "token")
    if found:
        return [{"delta": token["token"], "logprobs": [token]} for token in found]
    return [{"delta": piece} for piece in pieces(text)]
