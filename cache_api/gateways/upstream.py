"""Providers, for forwarded misses: one streamed POST. The only file that knows the HTTP client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

# As long as the providers' own clients wait: a model may think for minutes before its first byte.
TIMEOUT = httpx.Timeout(600, connect=5, pool=5)
LIMITS = httpx.Limits(max_connections=200, max_keepalive_connections=20)


class Unreachable(Exception):
    """The provider did not answer, or stopped in the middle. The text says how, without the key."""


@dataclass(slots=True)
class Reply:
    """An answer that has begun. `chunks` raises Unreachable when it breaks off."""

    status: int
    headers: list[tuple[bytes, bytes]]
    chunks: AsyncIterator[bytes]


class Upstream:
    """Connections to providers. Redirects are not followed and no proxy of the host is used."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(timeout=TIMEOUT, limits=LIMITS, trust_env=False)

    @asynccontextmanager
    async def post(
        self, url: str, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> AsyncIterator[Reply]:
        """Ask, and read while it answers; leaving hangs up. Raises Unreachable."""
        plain = [(b"accept-encoding", b"identity"), *headers]
        try:
            request = self._client.build_request("POST", url, headers=plain, content=body)
            response = await self._client.send(request, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(type(error).__name__) from error
        try:
            yield Reply(response.status_code, response.headers.raw, _chunks(response))
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()


async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_bytes():
            yield chunk
    except httpx.HTTPError as error:
        raise Unreachable(type(error).__name__) from error
