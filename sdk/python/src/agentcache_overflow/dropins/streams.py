"""A provider's answer on its way to the caller, remembered as it passes.

Nothing is held back: each piece goes on at once, errors and cancellations as they come. What was
seen is handed over once, when the answer was read to its end or was closed.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from functools import lru_cache
from types import ModuleType
from typing import Any

MAX_BYTES = 8 * 1024 * 1024  # of a response that may be stored; more is not held in memory
Keep = Callable[[bytes, bool], None]  # what was seen, and whether it was read to its end


class Memory:
    """The bytes of one answer, as far as they may be kept."""

    def __init__(self, stream: Any, keep: Keep) -> None:
        self._stream, self._keep = stream, keep
        self._pieces: list[bytes] = []
        self._size = 0
        self._ended = self._settled = False

    def _take(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > MAX_BYTES:
            self._pieces.clear()
            self._settled = True
        elif not self._settled:
            self._pieces.append(piece)

    def _settle(self) -> None:
        if not self._settled:
            self._settled = True
            self._keep(b"".join(self._pieces), self._ended)


class SyncMemory(Memory):
    """The same of a stream that is iterated."""

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            self._take(piece)
            yield piece
        self._ended = True
        self._settle()

    def close(self) -> None:
        """Close the provider's stream; what came until now is all."""
        try:
            self._stream.close()
        finally:
            self._settle()


class AsyncMemory(Memory):
    """The same of one that is awaited."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._take(piece)
            yield piece
        self._ended = True
        self._settle()

    async def aclose(self) -> None:
        """Close the provider's stream; what came until now is all."""
        try:
            await self._stream.aclose()
        finally:
            self._settle()


@lru_cache(maxsize=4)
def types_of(httpx: ModuleType) -> tuple[type[SyncMemory], type[AsyncMemory]]:
    """Both, as the streams that this edition of httpx (`httpx`, `httpx2`) insists on."""
    return (
        type("Remembered", (SyncMemory, httpx.SyncByteStream), {}),
        type("AsyncRemembered", (AsyncMemory, httpx.AsyncByteStream), {}),
    )
