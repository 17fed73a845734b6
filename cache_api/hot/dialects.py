"""Providers' own ways to ask and to refuse, for drop-ins that their official clients talk to.

A request is read as an `original_request`; what else the caller has to say comes in headers.
Refusals have the provider's error shape and `x-should-retry: false`: whoever asks a cache goes on
to the provider, and the official clients' retries would only come between.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from cache_api.hot import forms, members
from cache_api.hot.envelope import Entry
from cache_api.hot.forms import Form
from cache_api.hot.marks import Subject
from cache_api.hot.members import Common, Headers
from cache_api.hot.problems import CONTENT_TYPE, Problem
from cache_api.hot.steps import JSON, Answer
from cache_api.hot.telling import Telling
from cache_api.rules.events import UsageEvent
from cache_api.rules.shapes import OPENAI_COMPATIBLE

CUSTOMER, PROVIDER, CLIENT = b"agentcache-customer", b"agentcache-provider", b"user-agent"
HEARS = (CUSTOMER, PROVIDER, CLIENT)
MISS_STATUS = 504  # what answers a request for what is cached only: RFC 9111, 5.2.1.7
EVENT_STREAM = b"text/event-stream; charset=utf-8"
_NO_RETRY = (b"x-should-retry", b"false")
_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error",
}  # fmt: skip
Error = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One provider's API: who speaks it, where its client reads a request's id, how it refuses.

    `base_path` is the part of our paths that the provider's base address has already.
    """

    provider: str
    providers: frozenset[str]
    base_path: str
    id_header: bytes
    error: Callable[[str, str, str, str | None], Error]  # type, code, message, faulty member

    def read(self, body: bytes, headers: Headers) -> Common:
        """A provider's request as a lookup's members. Raises Problem."""
        request = members.document(body, headers)
        provider = _text(headers, PROVIDER) or self.provider
        if provider not in self.providers:
            raise Problem("invalid-request", f"{provider[:80]!r} is no provider of this API here.")
        if request.get("provider", provider) != provider:
            raise Problem(
                "invalid-request",
                "A member provider that is not the provider's name has no place in the request's "
                "identity. Leave it out.",
                pointer="/original_request/provider",
            )
        cache = request.pop("cache") if type(request.get("cache")) is dict else None
        caller = {
            "cache": cache,  # where LiteLLM's callers say it
            "customer_id": _text(headers, CUSTOMER) or None,
            "original_request": {**request, "provider": provider},
            "metadata": {"sdk": _text(headers, CLIENT)},
        }
        return members.of(caller, headers)

    def form(self, common: Common) -> Form:
        """JSON or a stream, as the request asks."""
        request = common.original_request
        if request.get("stream") is not True:
            return Form(forms.as_stored, self._json, self._miss)
        if forms.wants_usage(request):
            return Form(forms.stream, self._stream, self._miss)
        return Form(forms.stream_without_usage, self._stream, self._miss)

    def voice(self, answer: Answer) -> Answer:
        """A problem in the provider's error shape; any other answer as it is."""
        if answer.content_type is not CONTENT_TYPE:
            return answer
        told = orjson.loads(answer.body)
        pointers = [one["pointer"] for one in told.get("errors", ())]
        member = pointers[0].removeprefix("/original_request").strip("/") if pointers else None
        kind = _TYPES.get(answer.status, "api_error")
        body = orjson.dumps(self.error(kind, told["code"], told["detail"], member))
        return replace(answer, body=body, content_type=JSON, headers=[*answer.headers, _NO_RETRY])

    def credential(self, key: bytes) -> tuple[bytes, bytes]:
        """The header that takes a caller's own key to the provider."""
        is_bearer = key[:7].lower() == b"bearer "
        if self.provider == "anthropic" and not is_bearer:
            return b"x-api-key", key
        return b"authorization", key if is_bearer else b"Bearer " + key

    def unreachable(self) -> Answer:
        """502: the provider, to whom a miss was forwarded, did not answer."""
        message = "The request is not in the cache, and the provider could not be reached."
        error = self.error("api_error", "upstream_unreachable", message, None)
        return Answer(502, orjson.dumps(error))

    def _json(self, subject: Subject, entry: Entry, said: bytes, *more: object) -> Telling:
        return Telling(said, b"", b"", JSON, self.id_header)

    def _stream(self, subject: Subject, entry: Entry, said: bytes, *more: object) -> Telling:
        return Telling(said, b"", b"", EVENT_STREAM, self.id_header)

    def _miss(self, subject: Subject, event: UsageEvent, *more: object) -> Answer:
        message = f"This request is not in the cache ({event.reason}). Ask the provider."
        body = orjson.dumps(self.error("cache_miss", "cache_miss", message, None))
        named = self.id_header, str(event.event_id).encode("ascii")
        return Answer(MISS_STATUS, body, headers=[named, _NO_RETRY])


def _text(headers: Headers, name: bytes) -> str:
    return headers.get(name, b"").decode("utf-8", "replace")


def _openai_error(kind: str, code: str, message: str, member: str | None) -> Error:
    return {"error": {"message": message, "type": kind, "param": member, "code": code}}


def _anthropic_error(kind: str, code: str, message: str, member: str | None) -> Error:
    return {"type": "error", "error": {"type": kind, "message": message, "code": code}}


OPENAI = Dialect("openai", OPENAI_COMPATIBLE, "/v1", b"x-request-id", _openai_error)
ANTHROPIC = Dialect("anthropic", frozenset({"anthropic"}), "", b"request-id", _anthropic_error)
