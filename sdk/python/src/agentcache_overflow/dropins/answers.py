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


def to_store(
    httpx: ModuleType, call: Call, answer: Any, raw: bytes, ended: bool
) -> dict[str, Any] | None:
    """The members `response` and `response_format` of a store, None where the answer is not whole.

    `raw` is as it came over the wire. Raises what the decoders of httpx and json raise.
    """
    coding = answer.headers.get("content-encoding", "identity")
    if coding != "identity":
        raw = httpx.Response(200, headers={"content-encoding": coding}, content=raw).content
    if media_of(answer) != JSON:
        whole = call.streams and call.is_whole(raw)
        return {"response": raw.decode(), "response_format": "sse"} if whole else None
    if not ended:
        return None
    return {"response": json.loads(raw), "response_format": "json"}
