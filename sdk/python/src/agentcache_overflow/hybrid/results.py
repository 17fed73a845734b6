"""What a hybrid cache answers, and how it counts. Pure."""

import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

log = logging.getLogger("agentcache_overflow.hybrid")
_LOG_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Found:
    """One answer. `answered_by`: "exact", "semantic" or "nobody"; `reason` says why nobody."""

    hit: bool
    response: Any = None
    answered_by: str = "nobody"
    similarity: float | None = None
    reason: str = ""


class Tally:
    """Counters of one hybrid cache; a failure is logged once a minute, without the prompt."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._logged: dict[str, float] = {}

    def add(self, name: str) -> None:
        """Count one."""
        with self._lock:
            self._counts[name] += 1

    def failed(self, what: str, error: BaseException) -> None:
        """Count a failure of the semantic half and log its kind."""
        kind = f"{what}: {type(error).__name__}"
        self.add("semantic_failures")
        now = time.monotonic()
        with self._lock:
            if now - self._logged.get(kind, -_LOG_EVERY_S) < _LOG_EVERY_S:
                return
            self._logged[kind] = now
        log.warning("The vector database did not %s; calls go on without it.", kind)

    def counts(self) -> dict[str, int]:
        """All of them."""
        with self._lock:
            return dict(self._counts)
