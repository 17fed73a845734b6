"""What was worked out for a request's bytes, kept for when the same bytes come again.

A request that is answered from the cache has been asked before, most often in the same bytes.
"""

from typing import Any, Generic, TypeVar

T = TypeVar("T")
Name = tuple[object, ...]


class Memo(Generic[T]):
    """Values of at most `most_bytes` in all; full, it forgets everything rather than grow.

    Safe from any thread: at worst something is worked out twice.
    """

    def __init__(self, most_bytes: int, longest: int) -> None:
        """`longest`: values of more bytes than this are not worth keeping."""
        self._most_bytes, self._longest = most_bytes, longest
        self._bytes = 0
        self._known: dict[Name, T] = {}
        _all.append(self)

    def forget(self) -> None:
        """Forget everything."""
        self._known.clear()
        self._bytes = 0

    def get(self, name: Name) -> T | None:
        """What was kept under this name."""
        return self._known.get(name)

    def keep(self, name: Name, value: T, size: int) -> bool:
        """Keep it; `size` is about how many bytes name and value hold, or how many it holds more
        than when it was kept before. Whether it is worth it.
        """
        if size > self._longest:
            return False
        if self._bytes + size + _OVERHEAD > self._most_bytes:
            self.forget()
        self._bytes += size + _OVERHEAD
        self._known[name] = value
        return True


def forget_all() -> None:
    """Forget everything everywhere: what a partner may do, or its keys, changed."""
    for memo in _all:
        memo.forget()


_all: list[Memo[Any]] = []
_OVERHEAD = 1_024  # of the objects that hold the bytes
