"""What a vector database must do to be the semantic half of a hybrid cache. Pure."""

import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Vector = Sequence[float]
Similarity = Callable[[float], float]
Payload = Mapping[str, str]  # flat texts: what every one of these databases can store and filter


@dataclass(frozen=True, slots=True)
class Match:
    """One neighbour: its id, its cosine similarity (1 is the same direction), its payload."""

    id: str
    similarity: float
    payload: Payload


class Vectors(Protocol):
    """Three verbs. `search` finds only payloads that have every member of `where` exactly.

    An id is any text; an upsert of the same id replaces. All raise what the vendor's client
    raises: whoever calls them decides what a failure means.
    """

    def search(self, vector: Vector, k: int, where: Payload) -> Sequence[Match]:
        """The `k` nearest, nearest first."""
        ...

    def upsert(self, id: str, vector: Vector, payload: Payload) -> None:
        """Write one vector."""
        ...

    def delete(self, id: str) -> None:
        """Take one away; no error where there is none."""
        ...


def unit(vector: Vector) -> list[float]:
    """The same direction with length 1. Raises ValueError where it has none."""
    length = math.sqrt(math.fsum(each * each for each in vector))
    if not length or not math.isfinite(length):
        raise ValueError("An embedding must be finite numbers, not all of them 0.")
    return [each / length for each in vector]


# What a database calls the distance of two unit vectors → their cosine similarity. `l2` is squared.
SIMILARITY: dict[str, Similarity] = {
    "cosine": lambda distance: 1.0 - distance,
    "ip": lambda distance: 1.0 - distance,
    "l2": lambda distance: 1.0 - distance / 2.0,
}


def uuid_of(id: str) -> str:
    """The UUID that stands for an id, where a database takes nothing else."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, id))
