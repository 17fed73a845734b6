"""Errors as RFC 9457 problem documents with a stable `code`, pointers and `retryable`."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from cache_api.hot.look import DEFAULT, Look

CONTENT_TYPE = b"application/problem+json"
# code → (status, title, retryable)
_KINDS: dict[str, tuple[int, str, bool]] = {
    "invalid-json": (400, "The body is not valid JSON", False),
    "duplicate-member": (400, "The body names a member twice", False),
    "too-deep": (400, "The body is nested too deeply", False),
    "too-many-values": (400, "The body has too many values", False),
    "invalid-request": (400, "The request is incomplete or wrong", False),
    "unauthenticated": (401, "The API key is missing or not valid", False),
    "partner-suspended": (403, "This partner is not active", False),
    "customer-forbidden": (403, "This key may not act for that customer", False),
    "customer-unknown": (403, "This customer is not announced", False),
    "customer-suspended": (403, "This customer is suspended", False),
    "not-found": (404, "There is nothing here", False),
    "method-not-allowed": (405, "This method is not allowed here", False),
    "idempotency-conflict": (409, "This Idempotency-Key came with another body", False),
    "payload-too-large": (413, "The body is too large", False),
    "unsupported-media": (415, "The body must be plain JSON", False),
    "not-canonical": (422, "The request has no canonical form", False),
    "uncacheable-response": (422, "This response may not be stored", False),
    "over-budget": (429, "The share of the cache is used up", True),
    "headers-too-large": (431, "The request's headers are too large", False),
    "rate-limited": (429, "Too many requests", True),
    "quota-exceeded": (429, "The quota is used up", True),
    "overloaded": (503, "Not able to do this right now", True),
}
CODES: frozenset[str] = frozenset(_KINDS)


@dataclass(frozen=True, slots=True)
class Pointed:
    """A faulty member: where it is (JSON pointer) and what is wrong with it."""

    pointer: str
    detail: str


class Problem(Exception):
    """A request that is refused. Raised inside the pipeline, an Answer outside of it."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        pointer: str | None = None,
        reason: str = "",
        alarm: str = "",
        about: str = "",
        retry_after_s: int = 1,
        fields: bytes = b"",
        members: Mapping[str, object] | None = None,
    ) -> None:
        """`fields` are header lines, `members` more members of the document."""
        super().__init__(detail)
        self.code, self.detail, self.reason = code, detail, reason
        self.alarm, self.about = alarm, about
        self.retry_after_s, self.fields, self.members = retry_after_s, fields, members
        self.status, self.title, self.retryable = _KINDS[code]
        self.errors = () if pointer is None else (Pointed(pointer, detail),)

    def document(self, request_id: str = "", look: Look = DEFAULT) -> bytes:
        """The problem+json body, in the words and under the address of a brand."""
        members: dict[str, object] = {
            "type": look.problem_base + self.code,
            "title": self.title,
            "status": self.status,
            "detail": look.worded(self.detail),
            "code": self.code,
            "retryable": self.retryable,
        }
        if self.reason:
            members["reason"] = self.reason
        if self.members:
            members.update(self.members)
        if self.errors:
            members["errors"] = [
                {"pointer": one.pointer, "detail": look.worded(one.detail)} for one in self.errors
            ]
        if request_id:
            members["request_id"] = request_id
        try:
            return orjson.dumps(members)
        except orjson.JSONEncodeError:
            # A lone surrogate quoted from the request: show it escaped rather than fail.
            members = {**members, "detail": ascii(look.worded(self.detail)), "errors": []}
            return orjson.dumps(members)
