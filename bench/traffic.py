"""What the edge benchmark sends and stores, and the durable stream in which it must show."""

import json
import random
import socket
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from statistics import median

import redis

from cache_api.gateways.stream import EventStream
from cache_api.rules import digest, identity
from cache_api.rules.events import FIELD, STREAM, decode

RESPONSE_BYTES, PATIENCE_S, APPENDS = 2048, 5.0, 100
CUSTOMER = "acme-corp"
TEXT = (
    "the cache answers when a primary store is slow full or away and every answer is counted once "
    "before it leaves so that partner customer and finance read the same number"
)


def response() -> bytes:
    """A chat completion of exactly RESPONSE_BYTES, spaced as a provider spaces it."""
    words = random.Random(2)
    body = {
        "id": "chatcmpl-bench", "object": "chat.completion", "model": "gpt-4-0613",
        "choices": [{"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": ""}}],
        "usage": {"prompt_tokens": 120, "completion_tokens": 380, "total_tokens": 500},
    }  # fmt: skip
    text = " ".join(words.choice(TEXT.split()) for _ in range(RESPONSE_BYTES // 4))
    room = RESPONSE_BYTES - len(json.dumps(body))
    body["choices"][0]["message"]["content"] = text[:room]
    return json.dumps(body).encode()


def original_request() -> dict[str, object]:
    """The documented request: an OpenAI chat with a system and a user turn."""
    return {
        "provider": "openai", "model": "gpt-4", "temperature": 0.2, "max_tokens": 400,
        "messages": [
            {"role": "system", "content": "You are the support desk of a hardware shop. " * 4},
            {"role": "user", "content": "My order 4711 has not arrived. Where is it, and when?"},
        ],
    }  # fmt: skip


def cache_key() -> str:
    """The digest an SDK would send along."""
    return digest.digest(identity.identify(original_request()))


def lookup(port: int, key: str, *, whole: bool) -> bytes:
    """HTTP bytes of a lookup: with `original_request`, or by `cache_key` alone."""
    body: dict[str, object] = {
        "provider": "redis", "customer_id": CUSTOMER, "cache_key": cache_key(),
        "metadata": {"redis_latency": 150, "region": "us-east-1"},
    }  # fmt: skip
    if whole:
        body["original_request"] = original_request()
    raw = json.dumps(body).encode()
    head = (
        f"POST /api/overflow HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    return head.encode() + raw


def plain_get(port: int, name: str) -> bytes:
    """HTTP bytes of webdis' GET of one value, as it is."""
    return f"GET /GET/{name}.txt HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()


def store(port: int, key: str, value: bytes) -> None:
    """Store the response through the edge. Raises urllib.error.HTTPError."""
    members = {"customer_id": CUSTOMER, "original_request": original_request()}
    body = json.dumps(members)[:-1].encode() + b', "response": ' + value + b"}"
    told = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{port}/api/overflow/store"
    urllib.request.urlopen(urllib.request.Request(url, body, told), timeout=10).close()


def once(port: int, request: bytes) -> bytes:
    """The whole answer to one request on a connection of its own."""
    closing = request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as link:
        link.sendall(closing)
        with link.makefile("rb") as answer:
            return answer.read()


@dataclass
class DurableStream:
    """Reads the usage events that came since it last looked."""

    url: str
    last_id: str = "0-0"
    seen: set[object] = field(default_factory=set)

    def new(self, at_least: int = 0) -> Counter[str]:
        """Distinct events by `kind:outcome`; an event that came twice counts as `twice`.

        Waits a while for `at_least`: requests whose sender hung up are still being answered.
        """
        found, ends = self._read(), time.monotonic() + PATIENCE_S
        while found.total() < at_least and time.monotonic() < ends:
            time.sleep(0.05)
            found += self._read()
        return found

    def append_alone_ms(self) -> float:
        """Median of single durable appends: what the disk asks of every answer at c = 1."""
        client, took = redis.Redis.from_url(self.url), []
        for _ in range(APPENDS):
            began = time.perf_counter()
            client.xadd("bench:appends", {FIELD: b"x" * 200})
            took.append(time.perf_counter() - began)
        return round(median(took) * 1000, 2)

    def _read(self) -> Counter[str]:
        found: Counter[str] = Counter()
        more = True
        while more:
            page = EventStream(self.url).read_after(STREAM, self.last_id, 5000)
            for self.last_id, payload in page.entries:
                event = decode(payload or b"")
                name = f"{event.kind}:{event.outcome}"
                found["twice" if event.event_id in self.seen else name] += 1
                self.seen.add(event.event_id)
            more = page.more
        return found
