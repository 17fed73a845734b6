"""What a store is made of: the response's own bytes, its lifetime, its tokens. Raises Problem."""

import hashlib
from typing import Any

import msgspec

from cache_api.hot import leases, members
from cache_api.hot.envelope import Meta, etag_of
from cache_api.hot.keyring import Scope
from cache_api.hot.marks import Subject, printable
from cache_api.hot.problems import Problem
from cache_api.hot.steps import Asked
from cache_api.hot.work import ONCE
from cache_api.rules import cacheable, ttl, usage, values
from cache_api.rules.identity import Identity
from cache_api.rules.sse import formats, write
from cache_api.rules.sse.parse import REASONS, BadTranscript

MAX_RESPONSE = 8 * 1024 * 1024
# Around a value that is 8 MiB when it is decoded: its base64 and a few words beside it.
MAX_VALUE = values.MAX_BYTES // 3 * 4 + 64 * 1024
MAX_IDEMPOTENCY_KEY = 255


class _Slices(msgspec.Struct):
    response: msgspec.Raw = msgspec.Raw(b"")


_slices = msgspec.json.Decoder(_Slices)


def response_bytes(subject: Subject, found: Identity | None, body: bytes) -> bytes:
    """What will be kept of the member `response`. Raises Problem when it is not storable.

    A response is kept exactly as sent, a transcript as the response that its events make up.
    """
    given = subject.common.body
    if "response" not in given:
        raise Problem("invalid-request", "Send the response to store.", pointer="/response")
    wanted = given.get("response_format", "json")
    if wanted == "sse":
        given["response"] = _assembled(given["response"], found)
    elif wanted != "json":
        raise Problem(
            "invalid-request",
            'response_format must be "json" or "sse".',
            pointer="/response_format",
        )
    _check_storable(subject, found)
    response = write.dump(given["response"]) if wanted == "sse" else _slice(body)
    most = MAX_VALUE if values.is_value(given["response"]) else MAX_RESPONSE
    if len(response) > most:
        raise Problem(
            "payload-too-large",
            f"The response has {len(response)} bytes; {most} are allowed.",
            pointer="/response",
        )
    return response


def _assembled(transcript: Any, found: Identity | None) -> dict[str, Any]:
    if type(transcript) is not str:
        raise Problem(
            "invalid-request",
            'With response_format "sse" the response is the transcript as a JSON string.',
            pointer="/response",
        )
    try:
        return formats.assemble(transcript, found.api if found else "")
    except BadTranscript as error:
        detail = f"{REASONS[error.reason]} {error.detail}"
        raise Problem(
            "uncacheable-response", detail, pointer="/response", reason=error.reason
        ) from error


def _slice(body: bytes) -> bytes:
    try:
        return bytes(_slices.decode(body).response)
    except msgspec.DecodeError as error:
        # The body was valid JSON; what this decoder refuses is an unpaired surrogate escape.
        raise Problem(
            "not-canonical",
            "The body has an unpaired surrogate escape (\\ud800–\\udfff), which no UTF-8 can hold.",
            pointer="/response",
        ) from error


def _check_storable(subject: Subject, found: Identity | None) -> None:
    response, policy = subject.common.body["response"], subject.who.partner.allow_truncated
    if values.is_value(response):
        _check_value(response)
    params, api = (found.params, found.api) if found else ({}, "")
    reason = cacheable.refusal(response, params, api=api, allow_truncated=policy)
    if reason is not None:
        raise Problem(
            "uncacheable-response", cacheable.REASONS[reason], pointer="/response", reason=reason
        )


def _check_value(response: dict[str, Any]) -> None:
    try:
        values.check(response)
    except values.BadValue as error:
        pointer = f"/response{error.pointer}"
        raise Problem("invalid-request", error.detail, pointer=pointer) from error


def lifetime_ms(subject: Subject, entry_key: bytes, found: Identity | None) -> int:
    """How long the entry will live. Raises Problem for a `ttl` that is not a number of seconds."""
    partner = subject.who.partner
    policy, own_s = partner.ttl, partner.kept_s.get(subject.customer)
    caps = [cap_s for cap_s in (policy.max_s, own_s) if cap_s]
    model = found.model if found else subject.model
    return ttl.lifetime_ms(
        requested_s=_requested_s(subject),
        partner_default_s=policy.default_s,
        partner_max_s=min(caps, default=None),
        model_s=ttl.model_ttl_s(model, found.params if found else {}),
        seed=entry_key[-2:],
    )


def max_stale_ms(subject: Subject) -> int:
    """How long the entry is kept beyond its expiry. Raises Problem for an unusable `max_stale`."""
    asked_ms = members.seconds(subject.common.body, "max_stale")
    if asked_ms is None:
        asked_ms = subject.common.controls.max_stale_ms
    return ttl.max_stale_ms(asked_ms, subject.who.partner.ttl.max_stale_s)


def _requested_s(subject: Subject) -> int | None:
    """The body's `ttl`, else what headers ask; there `max-age` means a lifetime too."""
    controls, given = subject.common.controls, subject.common.body.get("ttl")
    if given is None:
        given = controls.ttl_s or controls.max_age_s or None
    if given is None:
        return None
    if type(given) not in (int, float) or not 0 < given < 1e10:
        raise Problem("invalid-request", "ttl must be a number of seconds above 0.", pointer="/ttl")
    return max(1, int(given))


def meta(subject: Subject, found: Identity | None, response_bytes: bytes) -> Meta:
    """What is kept beside the response; expiry is set when the entry is sealed."""
    body = subject.common.body
    response = body.get("response")
    api, provider = (found.api, found.provider) if found else ("", "")
    tokens = usage.tokens_of(api, response, body.get("usage"), provider=provider)
    model = subject.model
    if not model and type(response) is dict and type(response.get("model")) is str:
        model = response["model"][:200]
    subject.model = printable(model)
    subject.provider = printable(subject.provider)
    return Meta(
        created_at_ms=subject.now_ms,
        expires_at_ms=0,
        provider=subject.provider,
        model=subject.model,
        tokens=tokens,
        tags=subject.common.tags,
        seq=leases.purge_seq(subject),
        max_stale_ms=max_stale_ms(subject),
        etag=etag_of(response_bytes),
    )


def idempotency(subject: Subject, scope: Scope, asked: Asked) -> tuple[bytes, bytes] | None:
    """(store key, SHA-256 of the body) when the caller sent an Idempotency-Key. Raises Problem."""
    given = asked.headers.get(b"idempotency-key")
    if given is None:
        return None
    if not 0 < len(given) <= MAX_IDEMPOTENCY_KEY:
        raise Problem(
            "invalid-request",
            f"Idempotency-Key must have 1 to {MAX_IDEMPOTENCY_KEY} characters.",
        )
    key = subject.who.ring.entry_key(scope, ONCE, given)
    return key, hashlib.sha256(asked.body).digest()
