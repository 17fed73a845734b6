"""What happened, counted; and said once a minute, without a key, a prompt or a credential."""

import logging
import threading
import time

log = logging.getLogger("agentcache_overflow")
QUIET_S = 60.0
OWN_REASONS = (
    "deadline", "unreachable", "rate_limited", "refused", "server_error", "garbage",
    "breaker_open", "not_canonical", "purging", "closed",
)  # fmt: skip
# With these the overflow did not say that it has nothing.
NO_ANSWER = frozenset(OWN_REASONS) - {"purging", "not_canonical"}
NAMES = (
    "calls", "primary_hits", "overflow_hits", "l1_hits", "misses",
    "reason_miss", "reason_slow", "reason_error", "reason_capacity",
    "hedges", "hedges_capped", "hedges_lost", "stores", "stores_dropped", "stores_failed",
    "purges", "purges_failed", "repairs", "dropin_failures",
    *(f"overflow_{reason}" for reason in OWN_REASONS),
)  # fmt: skip


class Counts:
    """Counters by name, all there from the start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of = dict.fromkeys(NAMES, 0)
        self._said: dict[str, float] = {}

    def add(self, *names: str) -> None:
        """One more of each."""
        with self._lock:
            for name in names:
                self._of[name] += 1

    def all(self) -> dict[str, int]:
        """A copy."""
        with self._lock:
            return dict(self._of)

    def say(self, name: str, detail: str) -> None:
        """A warning, unless the same was said within the minute."""
        now = time.monotonic()
        with self._lock:
            if now - self._said.get(name, -QUIET_S) < QUIET_S:
                return
            self._said[name] = now
        log.warning("%s: %s", name, detail)
