"""What this process counts for its operators: unmetered answers, refused values, late stores."""

import logging
import threading
from collections import Counter
from collections.abc import Iterable

log = logging.getLogger("cache_api.security")
UNMETERED = "unmetered"


class Counters:
    """Names and how often; each alarm is also a log line, without any payload."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, name: str, count: int = 1) -> None:
        """Count something ordinary."""
        with self._lock:
            self._counts[name] += count

    def alarm(self, names: Iterable[str], about: str) -> None:
        """Count and report something that must not happen. `about`: whose key, no payload."""
        for name in names:
            self.add(name)
            log.error("security: %s %s", name, about)

    def read(self) -> dict[str, int]:
        """All counts so far."""
        with self._lock:
            return dict(self._counts)
