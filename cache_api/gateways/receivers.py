"""Receivers of webhooks: one signed POST each, many at a time, by `tenants.gateways.outside`."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from tenants.gateways import outside
from tenants.gateways.outside import Ask, Resolve, resolve
from tenants.rules.sayings import Said
from tenants.rules.targets import BadTarget, Target

WHOLE_S = 15.0
MOST_ANSWER = 64 * 1024  # bytes read before the connection is cut
KEPT_ANSWER = 1024  # characters kept
AT_ONCE = 16


@dataclass(frozen=True)
class Post:
    """A message to send."""

    target: Target
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Answer:
    """What came back: `status` None when nothing did, with the `error`; `text` is cut."""

    status: int | None
    ms: int
    text: str = ""
    error: str = ""


def post_all(
    posts: Sequence[Post], *, resolve: Resolve = resolve, whole_s: float = WHOLE_S,
    trust: ssl.SSLContext | None = None,
) -> list[Answer]:  # fmt: skip
    """Send them, AT_ONCE at a time, and wait `whole_s` at most for each. Never raises.

    `trust`: whose certificates are believed, those of the usual authorities by default.
    """
    return asyncio.run(_all(posts, resolve, whole_s, trust))


async def _all(
    posts: Sequence[Post], resolve: Resolve, whole_s: float, trust: ssl.SSLContext | None
) -> list[Answer]:
    free = asyncio.Semaphore(AT_ONCE)
    async with outside.client(whole_s=whole_s, trust=trust) as client:

        async def one(post: Post) -> Answer:
            async with free:
                return await _one(client, post, resolve, whole_s)

        return await asyncio.gather(*map(one, posts))


async def _one(
    client: httpx.AsyncClient, post: Post, resolve: Resolve, whole_s: float
) -> Answer:  # fmt: skip
    started = time.monotonic()

    def ended(status: int | None, text: str = "", error: str = "") -> Answer:
        return Answer(status, int((time.monotonic() - started) * 1000), text, error)

    ask = Ask(post.target, "POST", post.headers, post.body.encode())
    try:
        async with asyncio.timeout(whole_s), outside.answered(client, ask, resolve) as response:
            return ended(response.status_code, await _beginning(response))
    except TimeoutError:
        return ended(None, error=Said("no whole answer within %(s)s seconds", s=f"{whole_s:g}"))
    except BadTarget as error:
        return ended(None, error=str(error))
    except outside.FAILURES as error:
        return ended(None, error=f"{type(error).__name__}: {error}"[:300])


async def _beginning(response: httpx.Response) -> str:
    """The first characters of an answer; no more than MOST_ANSWER bytes are read."""
    kept = b""
    read = 0
    async for chunk in response.aiter_raw():
        kept = (kept + chunk)[: 4 * KEPT_ANSWER]
        read += len(chunk)
        if read > MOST_ANSWER:
            break
    return kept.decode("utf-8", "replace").replace("\0", "\ufffd")[:KEPT_ANSWER]
