"""Any number of items in order, of which some are in hand."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from billing.rules.drafts import Keep

Item = TypeVar("Item")
STRETCH = 1000  # items that are sorted in memory


class Sorted(Generic[Item]):
    """Items as they come, read back in order (by `key`) any number of times.

    Stretches of them wait sorted (`keep`) and are merged as they are read.
    """

    def __init__(
        self,
        keep: Keep = tuple,
        key: Callable[[Item], Any] | None = None,
        items: Iterable[Item] = (),
    ) -> None:
        self._keep, self._key = keep, key
        self._stretches: list[Sequence[Item]] = []
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
        return heapq.merge(*self._stretches, key=self._key)

    def _put_away(self) -> None:
        if self._left:
            self._left.sort(key=self._key)  # type: ignore[arg-type, type-var]
            self._stretches.append(self._keep(self._left))
            self._left = []
