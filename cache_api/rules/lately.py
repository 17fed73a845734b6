"""How much of counts that only grow came lately. Pure."""

from collections import deque
from collections.abc import Mapping

SPAN_MS, STEP_MS = 300_000, 10_000


class Lately:
    """One process's counts as they were every ten seconds of the last five minutes."""

    def __init__(self) -> None:
        self._kept = deque[tuple[int, Mapping[str, int]]]()

    def of(self, now_ms: int, counts: Mapping[str, int]) -> dict[str, int]:
        """What came since five minutes ago (ten seconds more at most) or since the first call.

        `now_ms` must not fall; counts that have not grown are left out.
        """
        kept = self._kept
        if not kept or now_ms - kept[-1][0] >= STEP_MS:
            kept.append((now_ms, dict(counts)))
        while len(kept) > 1 and kept[1][0] <= now_ms - SPAN_MS:
            kept.popleft()
        before = kept[0][1]
        return {
            name: n - before.get(name, 0) for name, n in counts.items() if n > before.get(name, 0)
        }
