"""A run's customers, some at a time: a month is charged without ever being whole in memory."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, groupby, islice
from typing import Any, NamedTuple, Protocol

from billing.rules.errors import InvariantBroken
from billing.rules.facts import PartyTax, Sale
from billing.rules.inputs import SHARE_KEY, BookedLine, BookedShare, RunInput, RunInputRow
from billing.rules.rates import DIMENSIONS
from billing.rules.splits import PARTNER
from tenants.rules.sayings import Said

Customer = tuple[str, str]  # its external id, its id: the order of a run's lines

_SUMS = (
    "lookups", "stores", "cached_requests", "bytes_served", "byte_seconds", "tokens_saved",
    "cost_saved_micros",
)  # fmt: skip


class Theirs(NamedTuple):
    """What of a run's head belongs to some customers: members of `RunInput`."""

    booked_lines: tuple[BookedLine, ...]
    booked_shares: tuple[BookedShare, ...]
    sales: tuple[Sale, ...]
    taxes: tuple[PartyTax, ...]


class Owned(Protocol):
    """What of a run's head belongs to single customers, where the head comes without it."""

    @property
    def is_booked(self) -> bool:
        """Something is booked for some customer."""

    def customers(self) -> Iterable[Customer]:
        """Who has a booking or a reported sale, in order; maybe more than once."""

    def of(self, customers: Sequence[Customer]) -> Theirs:
        """What is theirs. Raises InvariantBroken (see `under_one_name`)."""


def customer_of(row: RunInputRow) -> Customer:
    """Where a row's customer stands in the order of customers."""
    return row.external_id, row.customer_id


def owner_of(item: Any) -> str:
    """The id of the customer that an item of the head belongs to; '' when it is nobody's."""
    if isinstance(item, BookedShare):
        # A share of money received belongs to no month's customers.
        is_theirs = item.key.startswith(SHARE_KEY)
        return item.key.removeprefix(SHARE_KEY).split("/", 1)[0] if is_theirs else ""
    if isinstance(item, PartyTax):
        return "" if item.party == PARTNER else item.party
    return item.customer_id or ""


def named(items: Iterable[Any]) -> Iterator[Customer]:
    """The customers of bookings and sales, which say under which external id it was."""
    for item in items:
        if isinstance(item, BookedLine | Sale) and item.customer_id:
            yield item.external_id, item.customer_id


def theirs(customers: Sequence[Customer], items: Sequence[Any]) -> Theirs:
    """Items of these customers, by what they are.

    Raises InvariantBroken for a booking or sale under another external id than the customer's.
    """
    known = {customer_id: external_id for external_id, customer_id in customers}
    for external_id, customer_id in named(items):
        if known[customer_id] != external_id:
            raise InvariantBroken(
                Said(
                    "Customer %(customer_id)s has another external id now than when it was "
                    "booked. Give it its old one back, then settle again.",
                    customer_id=customer_id,
                )
            )
    kinds = (BookedLine, BookedShare, Sale, PartyTax)
    return Theirs(*(tuple(one for one in items if isinstance(one, kind)) for kind in kinds))  # type: ignore[arg-type]


class HeadOwned:
    """`Owned` of a head that has everything."""

    def __init__(self, head: RunInput) -> None:
        items = (*head.booked_lines, *head.booked_shares, *head.sales, *head.taxes)
        self._customers = sorted(named(items))
        self._items: dict[str, list[Any]] = {}
        for item in items:
            self._items.setdefault(owner_of(item), []).append(item)
        self.is_booked = not head.is_first

    def customers(self) -> Iterable[Customer]:
        """As `Owned` says."""
        return self._customers

    def of(self, customers: Sequence[Customer]) -> Theirs:
        """As `Owned` says."""
        found = (self._items.get(customer_id, ()) for _, customer_id in customers)
        return theirs(customers, list(chain.from_iterable(found)))


def customer_slices(
    head: RunInput, rows: Iterable[RunInputRow], size: int, owned: Owned | None = None
) -> Iterator[RunInput]:
    """The run for `size` customers after `size` customers, each with all that is only theirs.

    `rows` in the order of `customer_of`; `head` has everything else, `owned` what of it belongs to
    customers when it comes without. Customers who only have a booking or a reported sale have
    their place among them. Reads `rows` once.
    """
    owned = owned or HeadOwned(head)
    bare = partner_part(head, ())
    used = ((customer, list(some)) for customer, some in groupby(rows, customer_of))
    others = ((customer, list[RunInputRow]()) for customer in owned.customers())
    merged = heapq.merge(used, others, key=lambda one: one[0])
    each = (
        (customer, [row for _, some in found for row in some])
        for customer, found in groupby(merged, lambda one: one[0])
    )
    while some := list(islice(each, size)):
        mine = owned.of([customer for customer, _ in some])
        yield replace(
            bare,
            rows=tuple(row for _, rows_ in some for row in rows_),
            booked_lines=mine.booked_lines,
            booked_shares=mine.booked_shares,
            sales=mine.sales,
            taxes=(*mine.taxes, *bare.taxes),
        )


def partner_part(head: RunInput, sums: Sequence[RunInputRow]) -> RunInput:
    """The run for the partner's own charges: `sums` of all rows, nothing of a single customer.

    What is booked for money received stays: it belongs to no month's customers.
    """
    return replace(
        head,
        rows=tuple(sums),
        booked_lines=tuple(one for one in head.booked_lines if not owner_of(one)),
        booked_shares=tuple(one for one in head.booked_shares if not owner_of(one)),
        sales=(),
        taxes=tuple(one for one in head.taxes if not owner_of(one)),
    )


class RowSums:
    """Usage added up over customers, as far as a price can not tell rows apart."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], tuple[RunInputRow, list[int]]] = {}

    def add(self, rows: Iterable[RunInputRow]) -> None:
        """Count these rows in."""
        for row in rows:
            key = row.segment, *(getattr(row, name) for name in DIMENSIONS)
            _, sums = self._found.setdefault(key, (row, [0] * len(_SUMS)))
            for place, name in enumerate(_SUMS):
                sums[place] += getattr(row, name)

    def rows(self) -> list[RunInputRow]:
        """One row per segment and dimension, in the name of the first customer counted."""
        return [
            replace(row, **dict(zip(_SUMS, sums, strict=True)))  # type: ignore[arg-type]
            for row, sums in self._found.values()
        ]
