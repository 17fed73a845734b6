"""Merkle trees as RFC 6962 hashes them: a root over leaves in order, and proofs that one is in it.

A tree of `n` leaves is a prefix of every longer one, so a day that gets late events keeps what it
has proved. Leaves and nodes are hashed with different first bytes: no node passes for a leaf.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()


class BadProof(ValueError):
    """The index or the path does not fit a tree of this size."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaves: Iterable[bytes]) -> tuple[bytes, int]:
    """(root, number of leaves) over leaf hashes; keeps one hash per level, however many come."""
    peaks: list[tuple[int, bytes]] = []  # (height, hash), heights falling
    size = 0
    for leaf in leaves:
        height, node = 0, leaf
        while peaks and peaks[-1][0] == height:
            node, height = node_hash(peaks.pop()[1], node), height + 1
        peaks.append((height, node))
        size += 1
    if not peaks:
        return EMPTY_ROOT, 0
    node = peaks.pop()[1]
    while peaks:
        node = node_hash(peaks.pop()[1], node)
    return node, size


def inclusion_path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The hashes that lead from leaf `index` to the root, lowest first. Raises BadProof."""
    if not 0 <= index < len(leaves):
        raise BadProof(f"There is no leaf {index} in a tree of {len(leaves)}.")
    level, place, path = list(leaves), index, []
    while len(level) > 1:
        sibling = place ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        pairs = [node_hash(level[n], level[n + 1]) for n in range(0, len(level) - 1, 2)]
        # A last node without a partner rises as it is.
        level = pairs + level[len(pairs) * 2 :]
        place //= 2
    return tuple(path)


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that a leaf hash and its path give. Raises BadProof when the path does not fit."""
    if not 0 <= index < size:
        raise BadProof(f"There is no leaf {index} in a tree of {size}.")
    node, place, width, left = leaf, index, size, list(path)
    while width > 1:
        if place ^ 1 < width:
            if not left:
                raise BadProof("The path is too short.")
            sibling = left.pop(0)
            node = node_hash(sibling, node) if place % 2 else node_hash(node, sibling)
        place, width = place // 2, (width + 1) // 2
    if left:
        raise BadProof("The path is too long.")
    return node
