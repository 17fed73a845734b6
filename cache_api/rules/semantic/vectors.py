"""Vectors as bytes, and the nearest ones of a partition. Pure; needs numpy.

One byte a dimension. Only the direction is kept, so a vector's length does not matter. Products of
such vectors are whole numbers below 2^24, which float32 adds up exactly in any order: the same
bytes give the same similarities on every machine.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

MAX_ENTRIES = 2_000  # a partition's newest
MAX_DIMENSIONS = 1_024  # 127² × 1,024 < 2^24
ONE_BPS = 10_000


def pack(vector: Any) -> bytes:
    """A vector of numbers (any sequence or array) as int8. Raises ValueError when it has none."""
    floats = np.asarray(vector, dtype=np.float64).reshape(-1)
    longest = float(np.abs(floats).max(initial=0.0))
    if not 0 < floats.size <= MAX_DIMENSIONS or not 0 < longest < np.inf:
        raise ValueError(f"no vector of 1 to {MAX_DIMENSIONS} finite numbers, not all 0")
    packed: bytes = np.rint(floats * (127 / longest)).astype(np.int8).tobytes()
    return packed


def nearest(
    asked: bytes, stored: Sequence[bytes], *, at_least_bps: int, limit: int
) -> list[tuple[int, int]]:
    """The best of `stored`: (position, cosine similarity in 1/10,000 rounded down), best first.

    At most `limit`, none below `at_least_bps`. Of equals the one further to the front comes first:
    with the newest in front that is the newest. Vectors of another length are passed over.
    """
    places = [place for place, packed in enumerate(stored) if len(packed) == len(asked)]
    if not places or not asked:
        return []
    bps = _similarities_bps(asked, b"".join([stored[place] for place in places]))
    order = np.argsort(-bps, kind="stable")[:limit]
    return [(places[at], int(bps[at])) for at in order if bps[at] >= at_least_bps]


def similarity_bps(one: bytes, other: bytes) -> int:
    """Cosine similarity of two packed vectors of one length, in 1/10,000 rounded down."""
    return int(_similarities_bps(one, other)[0])


def _similarities_bps(asked: bytes, joined: bytes) -> Any:
    query = np.frombuffer(asked, dtype=np.int8).astype(np.float32)
    matrix = np.frombuffer(joined, dtype=np.int8).reshape(-1, query.size).astype(np.float32)
    # Not `@`: BLAS would start threads for it, which take longer than the sum on a busy machine.
    products = np.einsum("ij,j->i", matrix, query).astype(np.float64)
    squares = np.einsum("ij,ij->i", matrix, matrix).astype(np.float64)
    lengths = np.sqrt(np.maximum(squares, 1) * np.einsum("i,i", query, query).astype(np.float64))
    return np.floor(products / lengths * ONE_BPS).astype(np.int64)
