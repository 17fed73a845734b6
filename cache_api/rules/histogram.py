"""48 logarithmic latency buckets, three to a doubling, merged by adding. Pure.

Bucket 0 holds everything up to 64 µs, bucket i everything up to 64 µs × 2^(i/3), bucket 47 whatever
took longer than 2.6 s. A percentile read from them is at most 26 % above the truth.
"""

from bisect import bisect_left
from collections.abc import Sequence
from math import ceil, floor

BUCKETS = 48
UPPER_US: tuple[int, ...] = tuple(floor(64 * 2 ** (i / 3)) for i in range(BUCKETS - 1))


def index(latency_us: int) -> int:
    """The bucket (0..47) of a latency in microseconds; negative latencies count as 0."""
    return bisect_left(UPPER_US, latency_us)


def empty() -> list[int]:
    """Buckets with nothing in them."""
    return [0] * BUCKETS


def merge(left: Sequence[int], right: Sequence[int]) -> list[int]:
    """Both histograms together. Raises ValueError unless each has 48 buckets."""
    if len(left) != BUCKETS or len(right) != BUCKETS:
        raise ValueError(f"a histogram has {BUCKETS} buckets, got {len(left)} and {len(right)}")
    return [a + b for a, b in zip(left, right, strict=True)]


def percentile(buckets: Sequence[int], percent: float) -> int | None:
    """The upper bound in µs of the bucket where `percent` (0 < percent ≤ 100) of events lie.

    None when nothing was counted; the last bucket answers with its lower bound (it has no upper).
    """
    if not 0 < percent <= 100:
        raise ValueError(f"percent is {percent}; give a number above 0 and up to 100")
    total = sum(buckets)
    if total == 0:
        return None
    wanted = max(1, ceil(total * percent / 100))
    seen = 0
    for position, count in enumerate(buckets):
        seen += count
        if seen >= wanted:
            return UPPER_US[min(position, len(UPPER_US) - 1)]
    return UPPER_US[-1]
