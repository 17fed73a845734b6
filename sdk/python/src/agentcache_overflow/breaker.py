"""When to leave a server alone, and how many hedges its slowness may cost. No I/O."""

import random
import threading
import time
from collections import deque
from collections.abc import Callable

IN_A_ROW = 5
WINDOW_S, AT_LEAST, RATIO = 10.0, 20, 0.5
FIRST_S, LONGEST_S, JITTER = 1.0, 60.0, 0.1
PROBE_S = 5.0  # a probe that is never heard of again does not block the next
SAVED = 10.0


class Breaker:
    """Opens at 5 failures in a row, or at half of at least 20 within 10 s; then probes singly."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.because = ""  # the kind of the failure that opened it
        self._in_a_row = 0
        self._recent: deque[tuple[float, bool]] = deque(maxlen=1000)
        self._open_until: float | None = None
        self._wait_s = FIRST_S
        self._probe_until = 0.0
        self.opened = 0

    @property
    def is_open(self) -> bool:
        """Whether it is open, also while it probes."""
        return self._open_until is not None

    def admits(self) -> bool:
        """Whether to ask now; while open, true once a while for the one that probes."""
        if self._open_until is None:
            return True
        with self._lock:
            now = self._clock()
            if self._open_until is None:
                return True
            if now < self._open_until or now < self._probe_until:
                return False
            self._probe_until = now + PROBE_S
            return True

    def succeeded(self) -> None:
        """An answer in time."""
        with self._lock:
            self._in_a_row = 0
            if self._open_until is not None:
                self._open_until, self._wait_s, self._probe_until = None, FIRST_S, 0.0
                self.because = ""
                self._recent.clear()
                return
            self._recent.append((self._clock(), True))

    def failed(self, kind: str) -> None:
        """None, too late, or an error."""
        with self._lock:
            now = self._clock()
            if self._open_until is not None:
                if self._probe_until:  # the probe failed: twice as long
                    self._wait_s = min(self._wait_s * 2, LONGEST_S)
                    self._open(now, kind)
                return
            self._in_a_row += 1
            self._recent.append((now, False))
            if self._in_a_row >= IN_A_ROW or self._mostly_failed(now):
                self._open(now, kind)

    def _mostly_failed(self, now: float) -> bool:
        while self._recent and self._recent[0][0] < now - WINDOW_S:
            self._recent.popleft()
        failures = sum(not good for _, good in self._recent)
        return len(self._recent) >= AT_LEAST and failures >= RATIO * len(self._recent)

    def _open(self, now: float, kind: str) -> None:
        self.because, self._in_a_row, self._probe_until = kind, 0, 0.0
        self._open_until = now + self._wait_s * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
        self.opened += 1


class Budget:
    """Hedges per read: `ratio` is earned by each, at most ten are saved up."""

    def __init__(self, ratio: float) -> None:
        self._ratio, self._left = ratio, SAVED if ratio else 0.0

    def earn(self) -> None:
        """One read. Two threads at once may earn once: it is a budget, not an account."""
        if self._left < SAVED:
            self._left += self._ratio

    def take(self) -> bool:
        """Whether a hedge is left."""
        if self._left < 1:
            return False
        self._left -= 1
        return True
