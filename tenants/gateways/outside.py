"""Machines outside that somebody named: the one way we connect to them.

A name is resolved once; what is connected to is the address that was checked, so a second answer
of the name server changes nothing. Redirects are not followed, proxies of the host are not used.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import httpx

from tenants.rules.sayings import Said
from tenants.rules.targets import BadTarget, Target, chosen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CONNECT_S, WHOLE_S = 5.0, 10.0
MOST_BYTES = 512 * 1024
Resolve = Callable[[str, int], Awaitable[list[str]]]
# What connecting to a machine that we do not know may end with.
FAILURES = (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError)


class NoAnswer(ValueError):
    """Nothing usable came back; the text says what happened."""


@dataclass(frozen=True)
class Ask:
    """A request to a checked address."""

    target: Target
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


async def resolve(host: str, port: int) -> list[str]:
    """The host's addresses by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


def client(
    *, whole_s: float = WHOLE_S, trust: ssl.SSLContext | None = None
) -> httpx.AsyncClient:  # fmt: skip
    """A client that keeps no connection; `trust` is whose certificates are believed."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(whole_s, connect=CONNECT_S), trust_env=False, follow_redirects=False,
        limits=httpx.Limits(max_keepalive_connections=0),
        verify=trust or _usual(),
    )  # fmt: skip


@cache
def _usual() -> ssl.SSLContext:
    """The usual authorities, read once: that takes longer than most answers."""
    return httpx.create_ssl_context()


@asynccontextmanager
async def answered(
    with_client: httpx.AsyncClient, ask: Ask, resolve: Resolve = resolve
) -> AsyncIterator[httpx.Response]:
    """The answer with its body still unread. Raises BadTarget, TimeoutError or one of FAILURES."""
    target = ask.target
    async with asyncio.timeout(CONNECT_S):
        addresses = await resolve(target.host, target.port)
    address = chosen(addresses, loopback=target.loopback)
    literal = f"[{address}]" if ":" in address else address
    default = {"https": 443, "http": 80}[target.scheme]
    named = target.host if target.port == default else f"{target.host}:{target.port}"
    request = with_client.build_request(
        ask.method, f"{target.scheme}://{literal}:{target.port}{target.path}",
        headers={**ask.headers, "host": named, "accept-encoding": "identity"}, content=ask.body,
        # The certificate must be the name's, not the number's.
        extensions={"sni_hostname": target.host},
    )  # fmt: skip
    response = await with_client.send(request, stream=True)
    try:
        yield response
    finally:
        await response.aclose()


def fetch(
    ask: Ask, *, resolve: Resolve = resolve, whole_s: float = WHOLE_S,
    trust: ssl.SSLContext | None = None,
) -> bytes:  # fmt: skip
    """The whole body of a 200 answer of at most MOST_BYTES within `whole_s`. Raises NoAnswer."""
    host = ask.target.host
    try:
        return asyncio.run(_whole(ask, resolve, whole_s, trust))
    except TimeoutError as error:
        raise NoAnswer(
            Said(
                "%(host)s gave no whole answer within %(whole_s)s seconds.",
                host=host,
                whole_s=f"{whole_s:g}",
            )
        ) from error
    except BadTarget as error:
        raise NoAnswer(Said("%(host)s: %(error)s", host=host, error=error)) from error
    except FAILURES as error:
        raise NoAnswer(
            Said("%(host)s cannot be reached (%(kind)s).", host=host, kind=type(error).__name__)
        ) from error


async def _whole(ask: Ask, resolve: Resolve, whole_s: float, trust: ssl.SSLContext | None) -> bytes:
    async with (
        asyncio.timeout(whole_s),
        client(whole_s=whole_s, trust=trust) as ours,
        answered(ours, ask, resolve) as response,
    ):
        if response.status_code != 200:
            raise NoAnswer(
                Said(
                    "%(host)s answered with status %(status)s.",
                    host=ask.target.host,
                    status=response.status_code,
                )
            )
        kept = b""
        async for chunk in response.aiter_raw():
            kept += chunk
            if len(kept) > MOST_BYTES:
                raise NoAnswer(
                    Said(
                        "%(host)s answered with more than %(most)s bytes.",
                        host=ask.target.host,
                        most=MOST_BYTES,
                    )
                )
        return kept
