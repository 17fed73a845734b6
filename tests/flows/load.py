"""Clients that never give up: each keeps one connection and remembers every answer it got."""

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.flows.harness import Installation
from tests.patience import PATIENCE_S


@dataclass
class Answers:
    """What the clients saw: event ids of answers, and requests that died in flight."""

    acked: dict[str, str] = field(default_factory=dict)  # event id → partner slug
    resets: int = 0
    refused: int = 0
    told_to_retry: int = 0  # stores answered 503 with Retry-After: nothing stored, nothing metered
    in_flight: int = 0
    pause_s: float = 0.0  # of each client between two requests
    other: list[str] = field(default_factory=list)
    event_ids_seen_twice: int = 0


@contextmanager
def running_clients(
    installation: Installation, count: int, pause_s: float = 0.0
) -> Iterator[Answers]:
    """`count` clients in a thread of their own, half of them each partner's, for one block."""
    answers, ended = Answers(pause_s=pause_s), threading.Event()
    slugs = list(installation.keys)

    async def run() -> None:
        stop = asyncio.Event()
        clients = [
            asyncio.create_task(one_client(installation, slugs[n % 2], n, answers, stop))
            for n in range(count)
        ]
        await asyncio.to_thread(ended.wait)
        stop.set()
        await asyncio.gather(*clients)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        yield answers
    finally:
        ended.set()
        thread.join(PATIENCE_S)


async def one_client(
    installation: Installation, slug: str, number: int, answers: Answers, stop: asyncio.Event
) -> None:
    """Look up, or every fourth time store, until told to stop; reconnect after each failure."""
    reader = writer = None
    count = 0
    while not stop.is_set():
        if writer is None:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", installation.port)
            except OSError:
                answers.refused += 1
                await asyncio.sleep(0.03)
                continue
        count += 1
        path, body = _request(number, count)
        answers.in_flight += 1
        try:
            status, head, payload = await asyncio.wait_for(
                _exchange(reader, writer, installation.keys[slug], path, body), PATIENCE_S
            )
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
            answers.resets += 1
            writer.close()
            writer = None
            continue
        finally:
            answers.in_flight -= 1
        if path.endswith("/store") and status == 503 and b"\r\nretry-after:" in head:
            answers.told_to_retry += 1
        else:
            _note(answers, slug, status, payload)
        await asyncio.sleep(answers.pause_s)
    if writer is not None:
        writer.close()


def _note(answers: Answers, slug: str, status: int, payload: bytes) -> None:
    if status not in (200, 201):
        answers.other.append(f"{time.monotonic():.2f} {status} {payload[:150]!r}")
        return
    event_id = str(uuid.UUID(json.loads(payload)["billing"]["event_id"]))
    answers.event_ids_seen_twice += event_id in answers.acked
    answers.acked[event_id] = slug


def _request(number: int, count: int) -> tuple[str, bytes]:
    key = f"{number * 7919 + count % 40:064x}"
    body: dict[str, object] = {
        "provider": "redis", "customer_id": f"customer-{number % 5}", "cache_key": key,
    }  # fmt: skip
    if count % 4 == 1:
        body["response"] = {"answer": f"{number}/{count}", "text": "x" * 200}
        return "/api/overflow/store", json.dumps(body).encode()
    return "/api/overflow", json.dumps(body).encode()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str, path: str, body: bytes
) -> tuple[int, bytes, bytes]:
    """Status, head in lower case, body."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    answer_head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(answer_head[9:12])
    length = next(
        int(line.split(b":")[1])
        for line in answer_head.split(b"\r\n")
        if line.startswith(b"content-length:")
    )
    return status, answer_head, await reader.readexactly(length)
