"""Which HTTP requests of the official clients are model calls, and what identifies them. Pure.

What is asked with more than its body tells (a beta header, a query, a body of another kind) is no
call of ours: it goes to the provider untouched, and its answer is not stored.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

MAX_BODY = 10 * 1024 * 1024
MAX_TTL_S = 1e9
_DONE = b"data: [DONE]\n\n"
OURS = "agentcache-"
MODE, TTL, TAGS = "agentcache-mode", "agentcache-ttl", "agentcache-tags"
# The address of a provider → its name in the request's identity. An address that is not listed is
# a provider of its own: "gpt-4" on one's own server need not answer as OpenAI's does.
PROVIDERS: dict[str, str] = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "api.cohere.com": "cohere",
    "api.cohere.ai": "cohere",
    "api.together.xyz": "together",
    "api.together.ai": "together",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral",
    "api.deepseek.com": "deepseek",
    "api.fireworks.ai": "fireworks",
    "api.x.ai": "x-ai",
    "api.perplexity.ai": "perplexity",
    "api.cerebras.ai": "cerebras",
    "openrouter.ai": "openrouter",
}


class Endpoint(NamedTuple):
    """How one of a provider's paths ends, where its client reads a request's id, and what in the
    last bytes of a stream tells that it is whole (empty: its streams cannot be kept)."""

    path: str
    id_header: str
    terminal: bytes = b""


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("/chat/completions", "x-request-id", b"[DONE]"),
    Endpoint("/v1/responses", "x-request-id", b"response.completed"),
    Endpoint("/v1/embeddings", "x-request-id"),
    Endpoint("/v1/messages", "request-id", b"message_stop"),
    Endpoint("/v2/chat", "x-request-id", b"message-end"),
    Endpoint("/v1/chat", "x-request-id"),
    Endpoint("/v2/embed", "x-request-id"),
)


@dataclass(frozen=True, slots=True)
class Call:
    """One model call: its identity as an `original_request`, and how its answer is told.

    `looks` and `stores`: whether the overflow is asked before and told after; `more` goes along
    with the store (`ttl`, `tags`).
    """

    original_request: dict[str, Any]
    endpoint: Endpoint
    streams: bool
    looks: bool
    stores: bool
    more: Mapping[str, Any]

    def is_whole(self, transcript: bytes) -> bool:
        """Whether a stream that was read to here, and no further, has said all.

        Its terminal event is the last one, or has a mere `[DONE]` behind it.
        """
        text = transcript.replace(b"\r\n", b"\n")
        last = text.removesuffix(_DONE)[:-2].rpartition(b"\n\n")[2]
        return text.endswith(b"\n\n") and (
            self.endpoint.terminal in last
            or (self.endpoint.terminal in _DONE and text.endswith(_DONE))
        )


def read(
    method: str,
    host: str,
    path: str,
    query: bytes,
    headers: Mapping[str, str],
    body: bytes,
    provider: str = "",
) -> Call | None:
    """The model call that a request is, or None. `headers` are asked by lower-case name.

    `provider` goes before what the host tells.
    """
    endpoint = endpoint_of(method, path)
    if endpoint is None or query or any(name.endswith("-beta") for name in headers):
        return None
    if len(body) > MAX_BODY or not _is_json(headers.get("content-type", "")):
        return None
    request = _document(body)
    if request is None:
        return None
    named = provider or provider_of(host)
    if request.get("provider", named) != named:
        return None  # routing of a gateway: its member has the name of one in the identity
    streams = request.get("stream") is True
    if streams and not endpoint.terminal:
        return None
    said = _controls(headers)
    if said is None:
        return None
    looks, stores, more = said
    # A client's own retry comes at once: what was missed a moment ago is not asked again.
    looks = looks and headers.get("x-stainless-retry-count", "0") in ("", "0")
    return Call({**request, "provider": named}, endpoint, streams, looks, stores, more)


def _controls(headers: Mapping[str, str]) -> tuple[bool, bool, dict[str, Any]] | None:
    """What the caller says of the cache: to look, to store, with what. None: not to use it.

    A header of ours that is not known here is no use either: what it sets apart would be mixed.
    """
    ours = {name for name in headers if name.startswith(OURS)}
    directives = {each.strip().lower() for each in headers.get("cache-control", "").split(",")}
    if ours - {MODE, TTL, TAGS} or headers.get(MODE, "exact").strip().lower() == "off":
        return None
    more: dict[str, Any] = {}
    if TAGS in ours:
        more["tags"] = [tag.strip() for tag in headers[TAGS].split(",") if tag.strip()]
    if TTL in ours:
        try:
            more["ttl"] = float(headers[TTL])
        except ValueError:
            return None
        if not 0 <= more["ttl"] < MAX_TTL_S:  # nor is it when it is no number
            return None
    stores = "no-store" not in directives and more.get("ttl") != 0
    return "no-cache" not in directives, stores, more


def endpoint_of(method: str, path: str) -> Endpoint | None:
    """The endpoint that a request's path ends in, or None. Cheap: asked before the body is read."""
    if method != "POST":
        return None
    return next((one for one in ENDPOINTS if path.endswith(one.path)), None)


def provider_of(host: str) -> str:
    """A provider's name by its address; a regional address (`eu.api.openai.com`) is the same."""
    host = host.lower()
    for known, name in PROVIDERS.items():
        if host == known or host.endswith("." + known):
            return name
    return host


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _document(body: bytes) -> dict[str, Any] | None:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if type(request) is not dict or type(request.get("model")) is not str:
        return None
    return request
