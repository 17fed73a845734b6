"""Clients that never give up, on both doors; they remember every event an answer promised."""

import asyncio
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from bench.soak.requests import Request, choose, promised

PATIENCE_S, PAUSE_S = 10.0, 0.04
_BROKEN = (OSError, asyncio.IncompleteReadError, TimeoutError)


@dataclass(frozen=True)
class Door:
    """One way in for one partner."""

    name: str
    port: int
    host: str
    key: str


@dataclass
class Answers:
    """What the clients saw."""

    events: set[UUID] = field(default_factory=set)
    corrections: dict[UUID, UUID] = field(default_factory=dict)  # hit → id named by the answer
    twice: int = 0  # events promised by two answers
    answered: Counter[str] = field(default_factory=Counter)  # by door
    refused: Counter[str] = field(default_factory=Counter)  # 429, 503 with Retry-After, by door
    cut_off: Counter[str] = field(default_factory=Counter)  # no answer came, by door
    may_be_recorded: int = 0  # events that requests without an answer can have made
    unreachable: int = 0  # nobody listened
    in_flight: int = 0
    wrong: list[str] = field(default_factory=list)


@contextmanager
def running(doors: list[Door], per_door: int, seed: int) -> Iterator[Answers]:
    """`per_door` clients at each door, in a thread of their own, for one block."""
    answers, ended = Answers(), threading.Event()

    async def run() -> None:
        stop = asyncio.Event()
        clients = [
            asyncio.create_task(talk(door, random.Random(seed * 1000 + n), answers, stop))
            for n, door in enumerate(doors * per_door)
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
        thread.join(60)


async def talk(door: Door, dice: random.Random, answers: Answers, stop: asyncio.Event) -> None:
    """One client, until `stop` is set; whatever comes back is noted in `answers`."""
    hits: list[tuple[UUID, str]] = []
    link: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while not stop.is_set():
        await asyncio.sleep(dice.uniform(0, 2 * PAUSE_S))
        try:
            link = link or await asyncio.open_connection("127.0.0.1", door.port)
        except OSError:
            answers.unreachable += 1
            continue
        request = choose(dice, hits)
        answers.in_flight += 1
        try:
            status, head, body = await asyncio.wait_for(_exchange(link, door, request), PATIENCE_S)
        except _BROKEN:
            answers.cut_off[door.name] += 1
            answers.may_be_recorded += request.events
            link = _closed(link)
            continue
        except ValueError as error:  # not what it said it would be, or it did not say
            answers.wrong.append(f"{door.name} {request.path} {error}")
            link = _closed(link)
            continue
        finally:
            answers.in_flight -= 1
        if b"connection: close" in head:
            link = _closed(link)
        hits += _note(answers, door, request, status, head, body)
        del hits[:-50]
    _closed(link)


def _note(
    answers: Answers, door: Door, request: Request, status: int, head: bytes, body: bytes
) -> tuple[tuple[UUID, str], ...]:
    """Remember what this answer promised; its hits."""
    try:
        told = json.loads(body)
        if status in (429, 503) and b"\r\nretry-after:" in head and told["retryable"] is True:
            answers.refused[door.name] += 1
            return ()
        promise = promised(request, status, told)
    except (ValueError, KeyError) as error:
        answers.wrong.append(f"{door.name} {status} {error!r} {body[:150]!r}")
        return ()
    if promise.wrong:
        answers.wrong.append(f"{door.name} {promise.wrong}")
    answers.answered[door.name] += 1
    answers.refused[door.name] += promise.refused
    answers.twice += len(answers.events.intersection(promise.events))
    answers.events.update(promise.events)
    answers.corrections |= promise.corrections
    return promise.hits


async def _exchange(
    link: tuple[asyncio.StreamReader, asyncio.StreamWriter], door: Door, request: Request
) -> tuple[int, bytes, bytes]:
    """Status, head in lower case, body. Raises ValueError for what is not framed as it should be:
    every answer of ours says how long it is, and what it has beyond that begins the next one."""
    reader, writer = link
    body = json.dumps(request.body).encode()
    head = (
        f"POST {request.path} HTTP/1.1\r\nHost: {door.host}\r\nAuthorization: Bearer {door.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    answer = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not answer.startswith(b"http/1.1 "):
        raise ValueError(f"began with {answer[:200]!r}")
    fields = dict(line.split(b":", 1) for line in answer.split(b"\r\n")[1:] if b":" in line)
    if b"content-length" not in fields:
        raise ValueError(f"no length in {answer[:500]!r}")
    return int(answer[9:12]), answer, await reader.readexactly(int(fields[b"content-length"]))


def _closed(link: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None) -> None:
    if link is not None:
        link[1].close()
