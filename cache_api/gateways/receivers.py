"""Receivers of webhooks: one signed POST each, many at a time. The only file that connects to them.

A name is resolved once; what is connected to is the address that was checked, so a second answer
of the name server changes nothing. Redirects are not followed, proxies of the host are not used.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import httpx

from cache_api.rules.hooks.targets import BadTarget, Target, chosen

CONNECT_S, WHOLE_S = 5.0, 15.0
MOST_ANSWER = 64 * 1024  # bytes read before the connection is cut
KEPT_ANSWER = 1024  # characters kept
AT_ONCE = 16
Resolve = Callable[[str, int], Awaitable[list[str]]]


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


async def resolve(host: str, port: int) -> list[str]:
    """The host's addresses by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


def post_all(
    posts: Sequence[Post], *, resolve: Resolve = resolve, whole_s: float = WHOLE_S,
    trust: ssl.SSLContext | None = None,
) -> list[Answer]:  # fmt: skip
    """Send them, AT_ONCE at a time, and wait `whole_s` at most for each. Never raises.

    `trust`: whose certificates are believed, those of the usual authorities by default.
    """
    return asyncio.run(_all(posts, resolve, whole_s, trust or httpx.create_ssl_context()))


async def _all(
    posts: Sequence[Post], resolve: Resolve, whole_s: float, trust: ssl.SSLContext
) -> list[Answer]:
    free = asyncio.Semaphore(AT_ONCE)
    timeout = httpx.Timeout(whole_s, connect=CONNECT_S)
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(
        timeout=timeout, limits=limits, verify=trust, trust_env=False, follow_redirects=False
    ) as client:

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

    try:
        async with asyncio.timeout(whole_s):
            return ended(*await _exchange(client, post, resolve))
    except TimeoutError:
        return ended(None, error=f"no whole answer within {whole_s:g} seconds")
    except BadTarget as error:
        return ended(None, error=str(error))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        return ended(None, error=f"{type(error).__name__}: {error}"[:300])


async def _exchange(
    client: httpx.AsyncClient, post: Post, resolve: Resolve
) -> tuple[int, str]:  # fmt: skip
    target = post.target
    async with asyncio.timeout(CONNECT_S):
        addresses = await resolve(target.host, target.port)
    address = chosen(addresses, loopback=target.loopback)
    literal = f"[{address}]" if ":" in address else address
    default = {"https": 443, "http": 80}[target.scheme]
    named = target.host if target.port == default else f"{target.host}:{target.port}"
    request = client.build_request(
        "POST", f"{target.scheme}://{literal}:{target.port}{target.path}",
        headers={**post.headers, "host": named, "accept-encoding": "identity"},
        content=post.body.encode(),
        # The certificate must be the name's, not the number's.
        extensions={"sni_hostname": target.host},
    )  # fmt: skip
    response = await client.send(request, stream=True)
    try:
        return response.status_code, await _beginning(response)
    finally:
        await response.aclose()


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
