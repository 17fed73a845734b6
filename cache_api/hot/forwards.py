"""A drop-in's miss on its way to the provider: where to, with what, and what is stored of it.

Only where the partner was granted the provider's address and the caller sends a key for it. That
key goes nowhere else: not into what is stored, remembered or written down.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cache_api.hot import admit
from cache_api.hot.dialects import MISS_STATUS, Dialect
from cache_api.hot.members import Common
from cache_api.hot.snapshot import Snapshot
from cache_api.hot.steps import JSON, Answer, Asked
from cache_api.hot.verbs import Verb
from cache_api.rules import controls, strictjson, upstreams
from cache_api.rules.sse import write

KEY = b"agentcache-upstream-authorization"
_ANY_PREFIX = b"-upstream-authorization"  # a partner's own stands for ours once it is known
Pairs = list[tuple[bytes, bytes]]
# What a provider must know of a request, and what its client must know of the answer.
# A trace goes on at the provider: W3C trace context.
_THERE = frozenset({b"accept", b"content-type", b"user-agent", b"traceparent", b"tracestate"})
_BACK = frozenset(
    {b"content-type", b"request-id", b"retry-after", b"retry-after-ms", b"x-request-id",
     b"x-should-retry"}
)  # fmt: skip
_THERE_PREFIXES = (b"anthropic-", b"openai-")
_BACK_PREFIXES = (b"anthropic-", b"openai-", b"x-ratelimit-")
# Who asks, and where the answer is kept.
_OURS = frozenset({b"authorization", b"x-api-key", b"host"})


@dataclass(slots=True)
class Onward:
    """A request to a provider. `headers` hold the caller's key: not for any log."""

    url: str
    headers: Pairs = field(repr=False)
    body: bytes = field(repr=False)
    dialect: Dialect
    asked: Asked = field(repr=False)
    common: Common = field(repr=False)
    told: Pairs = field(repr=False)  # header lines of the miss: they go beside the provider's

    def to_store(self, content_type: bytes, said: bytes, now_ms: int) -> Asked | None:
        """The store request of a whole answer, None where the request alone does not decide it."""
        if self.asked.query or any(name.endswith(b"-beta") for name, _ in self.headers):
            return None  # asked with more than its identity tells
        media = content_type.partition(b";")[0].strip().lower()
        streamed = media == b"text/event-stream"
        members = {
            "original_request": self.common.original_request,
            "customer_id": self.common.customer_id,
            "response_format": "sse" if streamed else "json",
            "cache": self.common.body.get("cache"),
        }
        try:
            if streamed:
                said = write.dump(said.decode())
            else:
                strictjson.parse(said)  # it becomes a part of our own document
        except (UnicodeDecodeError, strictjson.BadJson):
            return None
        body = write.dump(members)[:-1] + b',"response":' + said + b"}"
        kept = _OURS | controls.NAMES
        headers = {name: text for name, text in self.asked.headers.items() if name in kept}
        return Asked(body, headers | {b"content-type": JSON}, now_ms)


def has_key(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the caller sent a key for the provider."""
    return any(name.endswith(_ANY_PREFIX) for name, _ in headers)


def onward(verb: Verb, asked: Asked, answer: Answer, snapshot: Snapshot) -> Onward | None:
    """Where this miss is to be forwarded, or None. The caller was admitted a moment ago."""
    dialect, key = verb.dialect, asked.headers.get(KEY)
    if dialect is None or answer.status != MISS_STATUS or not key:
        return None
    who = admit.admit(asked.headers, snapshot, asked.now_ms)
    if type(who) is not admit.Caller:
        return None
    common = dialect.read(asked.body, asked.headers)
    base = who.partner.upstreams.get(common.original_request["provider"], "")
    path = verb.path.removeprefix(dialect.base_path)
    url = upstreams.address(base, path, asked.query.decode("latin-1"))
    if url is None:
        return None
    headers = _chosen(asked.headers.items(), _THERE, _THERE_PREFIXES)
    credential, told = dialect.credential(key), answer.field_pairs()
    return Onward(url, [*headers, credential], asked.body, dialect, asked, common, told)


def coming_back(headers: Iterable[tuple[bytes, bytes]]) -> Pairs:
    """Of a provider's headers, those its client reads. No cookies, no redirects."""
    return _chosen(((name.lower(), text) for name, text in headers), _BACK, _BACK_PREFIXES)


def _chosen(
    headers: Iterable[tuple[bytes, bytes]], names: frozenset[bytes], prefixes: tuple[bytes, ...]
) -> Pairs:
    return [(name, text) for name, text in headers if name in names or name.startswith(prefixes)]
