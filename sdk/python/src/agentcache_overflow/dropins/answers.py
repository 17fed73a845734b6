"""Hits as the provider's HTTP answers, and a provider's HTTP answer as what is stored of it."""

import json
from types import ModuleType
from typing import Any

from agentcache_overflow.dropins.calls import Call

STREAM = "text/event-stream; charset=utf-8"
JSON = "application/json"


def of_hit(httpx: ModuleType, call: Call, found: Any) -> Any | None:
    """The HTTP answer that the provider would have given; None where the hit's response is none.

    Of a call that streams, the response is the provider's events as one text.
    """
    response = found.response
    if call.streams:
        if type(response) is not str or not call.is_whole(response.encode()):
            return None
        return _answer(httpx, call, response.encode(), STREAM, found.event_id)
    if type(response) is not dict:
        return None
    body = json.dumps(response, ensure_ascii=False, separators=(",", ":")).encode()
    return _answer(httpx, call, body, JSON, found.event_id)


def _answer(httpx: ModuleType, call: Call, body: bytes, media: str, event_id: str | None) -> Any:
    headers = {
        "content-type": media,
        "content-length": str(len(body)),
        "cache-status": "overflow; hit",  # RFC 9211
        call.endpoint.id_header: event_id or "",
    }
    return httpx.Response(200, headers=headers, stream=httpx.ByteStream(body))


def media_of(answer: Any) -> str:
    """What kind of answer a provider gave, "" where it is none that is stored."""
    if answer.status_code != 200:
        return ""
    media = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media if media in (JSON, "text/event-stream") else ""


def read_before(answer: Any) -> bytes | None:
    """The body of an answer that its transport has read already, None of one that is to come."""
    try:
        return bytes(answer.content)
    except RuntimeError:  # httpx.ResponseNotRead
        return None


def decoded(httpx: ModuleType, answer: Any, raw: bytes) -> bytes:
    """A body as it came over the wire, without its content coding. Raises httpx.DecodingError."""
    coding = answer.headers.get("content-encoding", "identity")
    if coding == "identity":
        return raw
    return bytes(httpx.Response(200, headers={"content-encoding": coding}, content=raw).content)


def to_store(call: Call, answer: Any, body: bytes, ended: bool) -> dict[str, Any] | None:
    """The members `response` and `response_format` of a store, None where the answer is not whole.

    Raises ValueError for a body that is not what its type says.
    """
    if media_of(answer) != JSON:
        whole = call.streams and call.is_whole(body)
        return {"response": body.decode(), "response_format": "sse"} if whole else None
    return {"response": json.loads(body), "response_format": "json"} if ended else None
