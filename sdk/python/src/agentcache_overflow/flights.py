"""Lookups on their way: who waits for which, who left, and what became of an answer nobody took."""

import threading
import time
from collections.abc import Callable

from agentcache_overflow.answer import Answer
from agentcache_overflow.wire import Named

Told = Callable[[Answer], None]


class Flight:
    """One lookup on its way to the overflow, for one or several who wait."""

    __slots__ = (
        "_lock", "_told", "answer", "changes", "due", "is_late", "is_sent", "named", "primary",
        "reason", "started", "taken", "waiting",
    )  # fmt: skip

    def __init__(self, named: Named, reason: str, primary: str, due: float, changes: int) -> None:
        self.named, self.reason, self.primary = named, reason, primary
        self.started, self.due = time.monotonic(), due
        self.changes = changes  # how many changes this process had made when it started
        self.answer: Answer | None = None
        self.waiting, self.taken = 0, False
        self.is_sent = self.is_late = False
        self._told: list[Told] = []
        self._lock = threading.Lock()

    @property
    def left_s(self) -> float:
        """Seconds until it is due."""
        return max(0.0, self.due - time.monotonic())

    def join(self, told: Told) -> None:
        """Hear of the answer, at once if there is one."""
        with self._lock:
            self.waiting += 1
            if self.answer is None:
                self._told.append(told)
                return
        told(self.answer)

    def land(self, answer: Answer) -> bool:
        """The answer is there. True when nobody waits for it."""
        with self._lock:
            self.answer, told = answer, self._told
            self._told = []
            lost = self.waiting == 0 and not self.taken
        for one in told:
            one(answer)
        return lost

    def take(self) -> None:
        """The answer was used."""
        self.taken = True

    def leave(self) -> bool:
        """Wait no longer. True when the answer was there and nobody has a use for it."""
        with self._lock:
            self.waiting -= 1
            return self.answer is not None and self.waiting == 0 and not self.taken

    def expire(self) -> bool:
        """Too late for whom asked. True for the first to say so of a lookup that was sent."""
        with self._lock:
            first = self.is_sent and not self.is_late and self.answer is None
            self.is_late = self.is_late or first
            return first
