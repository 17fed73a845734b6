"""A recorded sequence of keys: gzip of big-endian 32-bit integers, one for each request."""

import array
import gzip
import heapq
import sys
from pathlib import Path


def read(file: Path) -> list[int]:
    """The keys in order, numbered by their first appearance. Raises OSError, ValueError."""
    raw = array.array("i", gzip.decompress(file.read_bytes()))
    if sys.byteorder == "little":
        raw.byteswap()
    numbers: dict[int, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in raw]


def facts(keys: list[int]) -> dict[str, str]:
    """What there is to know before any cache is asked."""
    distinct = len(set(keys))
    bound = clairvoyant(keys, distinct // 10)
    return {
        "requests": f"{len(keys):,}",
        "distinct keys": f"{distinct:,}",
        "nothing is forgotten": f"{100 * (1 - distinct / len(keys)):.1f} % hits",
        "a tenth of the keys": f"{100 * bound:.1f} % hits if the future were known: the bound",
    }


def clairvoyant(keys: list[int], room: int) -> float:
    """The hit rate of forgetting what is needed last (Belady): the bound for `room` entries."""
    never = len(keys)
    following, seen = [never] * len(keys), dict[int, int]()
    for place in range(len(keys) - 1, -1, -1):
        following[place] = seen.get(keys[place], never)
        seen[keys[place]] = place
    held: dict[int, int] = {}
    queue: list[tuple[int, int]] = []
    hits = 0
    for place, key in enumerate(keys):
        hits += key in held
        held[key] = following[place]
        heapq.heappush(queue, (-following[place], key))
        while len(held) > room:
            needed, candidate = heapq.heappop(queue)
            if held.get(candidate) == -needed:
                del held[candidate]
    return hits / len(keys)
