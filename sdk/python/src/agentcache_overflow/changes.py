"""Which keys changed in this process, and which purges are not acknowledged yet. No I/O."""

import threading
import time
from collections.abc import Callable

MOST = 10_000
AGAIN_S, LONGEST_S = 1.0, 60.0


class Changes:
    """A number per change: what was asked before it is told from what was asked after."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, int] = {}
        self._floor = 0
        self.now = 0

    def add(self, ident: str) -> None:
        """A key is set or deleted."""
        with self._lock:
            self.now += 1
            if len(self._last) >= MOST:
                self._last.clear()
                self._floor = self.now
            self._last[ident] = self.now

    def add_all(self) -> None:
        """Every key is."""
        with self._lock:
            self.now += 1
            self._last.clear()
            self._floor = self.now

    def since(self, number: int, ident: str) -> bool:
        """Whether the key changed after change `number`."""
        return self._last.get(ident, self._floor) > number


class Owed:
    """Purges that are not acknowledged: the overflow is not asked for these keys meanwhile."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, tuple[float, int]] = {}  # when next, tried how often
        self.everything = False  # too many keys, or a flush: all of the namespace

    def __contains__(self, wire_key: str) -> bool:
        return self.everything or wire_key in self._keys

    def __len__(self) -> int:
        return len(self._keys) + self.everything

    def add(self, wire_key: str, *, tried: int = 0) -> None:
        """To be purged; `tried` times in vain so far."""
        with self._lock:
            if len(self._keys) >= MOST:
                self._keys.clear()
                self.everything = True
            wait_s = min(AGAIN_S * 2 ** (tried - 1), LONGEST_S) if tried else 0.0
            self._keys[wire_key] = self._clock() + wait_s, tried

    def add_everything(self) -> None:
        """All of the namespace is to be purged."""
        self.everything = True
        self.add("", tried=1)

    def due(self, *, all_of_them: bool = False) -> dict[str, int]:
        """The keys to try again now, with how often they were; "" stands for everything."""
        now = self._clock()
        with self._lock:
            if self.everything:
                self._keys.setdefault("", (now, 0))
            found = {
                key: tried for key, (at, tried) in self._keys.items() if at <= now or all_of_them
            }
            return dict(list(found.items())[:100])

    def hasten(self) -> None:
        """All of it is due now."""
        with self._lock:
            self._keys = {key: (self._clock(), tried) for key, (_, tried) in self._keys.items()}

    def next_s(self) -> float | None:
        """Seconds until one is due, or None."""
        with self._lock:
            if not self._keys:
                return 0.0 if self.everything else None
            return max(0.0, min(at for at, _ in self._keys.values()) - self._clock())

    def done(self, wire_keys: list[str]) -> None:
        """Acknowledged."""
        with self._lock:
            for key in wire_keys:
                self._keys.pop(key, None)
            if "" in wire_keys:
                self.everything = False
