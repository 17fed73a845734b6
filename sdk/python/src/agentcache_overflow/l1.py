"""Answers kept in the process: least recently used goes first, nothing is kept beyond its time."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from agentcache_overflow.answer import Answer


class L1:
    """By ident; `size` is what the answer had in bytes on the wire."""

    def __init__(
        self, most_bytes: int, ttl_ms: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._ttl_s, self._clock = most_bytes, ttl_ms / 1000, clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[Answer, int, float]] = OrderedDict()
        self.bytes = 0

    def get(self, ident: str) -> Answer | None:
        """What is kept and still good."""
        with self._lock:
            found = self._kept.get(ident)
            if found is None:
                return None
            if self._clock() >= found[2]:
                self._drop(ident)
                return None
            self._kept.move_to_end(ident)
            return found[0]

    def keep(self, ident: str, answer: Answer, size: int) -> None:
        """Keep it, unless it is larger than an eighth of all."""
        if not self._ttl_s or size > self._most / 8:
            return
        with self._lock:
            self._drop(ident)
            self._kept[ident] = answer, size, self._clock() + self._ttl_s
            self.bytes += size
            while self.bytes > self._most:
                self._drop(next(iter(self._kept)))

    def drop(self, ident: str) -> None:
        """Forget one."""
        with self._lock:
            self._drop(ident)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()
            self.bytes = 0

    def _drop(self, ident: str) -> None:
        found = self._kept.pop(ident, None)
        if found is not None:
            self.bytes -= found[1]
