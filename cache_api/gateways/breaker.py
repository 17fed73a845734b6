"""When to stop asking something that fails: a few failures in a row, then growing pauses."""

IN_A_ROW = 5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 10.0


class Breaker:
    """Counts. The caller brings the time (seconds of any monotonic clock)."""

    def __init__(self) -> None:
        self.failures = 0
        self._in_a_row, self._pause_s, self._closed_at = 0, FIRST_PAUSE_S, 0.0

    def is_open(self, now: float) -> bool:
        """Whether to leave it alone for now."""
        return now < self._closed_at

    def succeeded(self) -> None:
        """It answers."""
        self._in_a_row, self._pause_s = 0, FIRST_PAUSE_S

    def failed(self, now: float) -> bool:
        """It did not; whether that opened the breaker. After a pause one failure is enough."""
        self.failures += 1
        self._in_a_row += 1
        if self._in_a_row < IN_A_ROW or self.is_open(now):
            return False
        self._closed_at = now + self._pause_s
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
        self._in_a_row = IN_A_ROW - 1
        return True
