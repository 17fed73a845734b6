"""Any number of items in order, of which some are in hand."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from billing.rules.drafts import Keep

Item = TypeVar("Item")
STRETCH = 1000  # items that are sorted in memory
FAN = 16  # stretches that are merged into a longer one


class Sorted(Generic[Item]):
    """Items as they come, read back in order (by `key`) any number of times.

    Stretches of them wait sorted (`keep`) and are merged as they are read; `FAN` of one length
    become one, so that there are never many of them.
    """

    def __init__(
        self,
        keep: Keep = tuple,
        key: Callable[[Item], Any] | None = None,
        items: Iterable[Item] = (),
    ) -> None:
        self._keep, self._key = keep, key
        self._lengths: list[list[Sequence[Item]]] = []
        self._left: list[Item] = []
        self._count = 0
        for item in items:
            self.add(item)

    def add(self, item: Item) -> None:
        """Put an item among the others."""
        self._left.append(item)
        self._count += 1
        if len(self._left) == STRETCH:
            self._put_away()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Item]:
        self._put_away()
        return self._merged([one for same in reversed(self._lengths) for one in same])

    def _merged(self, stretches: Sequence[Sequence[Item]]) -> Iterator[Item]:
        return heapq.merge(*stretches, key=self._key)  # type: ignore[arg-type]

    def _put_away(self) -> None:
        if self._left:
            self._left.sort(key=self._key)
            self._put(self._keep(self._left), 0)
            self._left = []

    def _put(self, stretch: Sequence[Item], length: int) -> None:
        if length == len(self._lengths):
            self._lengths.append([])
        same = self._lengths[length]
        same.append(stretch)
        if len(same) == FAN:
            self._put(self._keep(self._merged(same)), length + 1)
            same.clear()
