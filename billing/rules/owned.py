"""What of a run's head belongs to single customers, put away while the run is charged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

from billing.rules.drafts import Keep
from billing.rules.inputs import BookedLine, BookedShare, RunInput
from billing.rules.slices import Customer, Theirs, named, owner_of, theirs
from billing.rules.sorting import Sorted


class Shelf(Protocol):
    """Items under keys."""

    def put(self, items: Iterable[tuple[str, Any]]) -> None:
        """Put items under their keys, any number under one."""

    def of(self, keys: Iterable[str]) -> Iterator[tuple[str, Any]]:
        """Key and item, under each key as they were put."""


class Store(Protocol):
    """Where things are put away while a run is charged."""

    @property
    def keep(self) -> Keep:
        """Puts items away, to be read again in their order."""

    def shelf(self) -> Shelf:
        """An empty shelf."""


class ShelvedOwned:
    """`billing.rules.slices.Owned` of any number of items, read once and put into a store."""

    def __init__(self, store: Store, items: Iterable[Any]) -> None:
        self._shelf = store.shelf()
        self._named: Sorted[Customer] = Sorted(store.keep)
        self._rest: dict[type, list[Any]] = {}
        self.is_booked = False
        self._shelf.put(self._owned(items))

    def customers(self) -> Iterable[Customer]:
        """As `Owned` says."""
        return self._named

    def of(self, customers: Sequence[Customer]) -> Theirs:
        """As `Owned` says."""
        ids = [customer_id for _, customer_id in customers]
        return theirs(customers, [item for _, item in self._shelf.of(ids)])

    def rest_in(self, head: RunInput, members: dict[str, type]) -> RunInput:
        """The head with the items that are nobody's; `members`: the kind of each list's items."""
        found = {name: tuple(self._rest.get(kind, ())) for name, kind in members.items()}
        return replace(head, **found)  # type: ignore[arg-type]

    def _owned(self, items: Iterable[Any]) -> Iterator[tuple[str, Any]]:
        for item in items:
            owner = owner_of(item)
            if not owner:
                self._rest.setdefault(type(item), []).append(item)
                continue
            self.is_booked |= isinstance(item, BookedLine | BookedShare)
            for customer in named([item]):
                self._named.add(customer)
            yield owner, item
