"""A run's customers, some at a time: a month is charged without ever being whole in memory."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice
from typing import TypeVar

from billing.rules.errors import InvariantBroken
from billing.rules.inputs import SHARE_KEY, BookedShare, RunInput, RunInputRow
from billing.rules.rates import DIMENSIONS
from billing.rules.splits import PARTNER

Item = TypeVar("Item")
Customer = tuple[str, str]  # its external id, its id: the order of a run's lines

_SUMS = (
    "lookups", "stores", "cached_requests", "bytes_served", "byte_seconds", "tokens_saved",
    "cost_saved_micros",
)  # fmt: skip


def customer_of(row: RunInputRow) -> Customer:
    """Where a row's customer stands in the order of customers."""
    return row.external_id, row.customer_id


def customer_slices(head: RunInput, rows: Iterable[RunInputRow], size: int) -> Iterator[RunInput]:
    """The run for `size` customers after `size` customers, each with all that is only theirs.

    `rows` in the order of `customer_of`; `head` has everything else. Customers who only have a
    booking or a reported sale have their place among them. Reads `rows` once.
    """
    own = _Own(head)
    bare = replace(head, rows=(), booked_lines=(), booked_shares=(), sales=(), taxes=())
    used = ((customer, list(some)) for customer, some in groupby(rows, customer_of))
    others = ((customer, list[RunInputRow]()) for customer in own.customers)
    merged = heapq.merge(used, others, key=lambda one: one[0])
    each = (
        (customer, [row for _, some in found for row in some])
        for customer, found in groupby(merged, lambda one: one[0])
    )
    while some := list(islice(each, size)):
        ids = own.once([customer for customer, _ in some])
        yield replace(
            bare,
            rows=tuple(row for _, rows_ in some for row in rows_),
            booked_lines=own.of(own.lines, ids),
            booked_shares=own.of(own.shares, ids),
            sales=own.of(own.sales, ids),
            taxes=(*own.of(own.taxes, ids), *own.taxes.get(PARTNER, ())),
        )


def partner_part(head: RunInput, sums: Sequence[RunInputRow]) -> RunInput:
    """The run for the partner's own charges: `sums` of all rows, no customer's bookings.

    What is booked for money received stays: it belongs to no month's customers.
    """
    return replace(
        head,
        rows=tuple(sums),
        booked_lines=tuple(line for line in head.booked_lines if line.customer_id is None),
        booked_shares=tuple(one for one in head.booked_shares if not _owner(one)),
        sales=(),
        taxes=tuple(one for one in head.taxes if one.party == PARTNER),
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


class _Own:
    """What of a run's head belongs to single customers, by customer id."""

    def __init__(self, head: RunInput) -> None:
        self.lines = _by((line.customer_id or "", line) for line in head.booked_lines)
        self.shares = _by((_owner(share), share) for share in head.booked_shares)
        self.sales = _by((sale.customer_id, sale) for sale in head.sales)
        self.taxes = _by((status.party, status) for status in head.taxes)
        booked = {(line.external_id, line.customer_id)
                  for line in head.booked_lines if line.customer_id}  # fmt: skip
        sold = {(sale.external_id, sale.customer_id) for sale in head.sales}
        self.customers: list[Customer] = sorted(booked | sold)
        self._left = {customer_id for _, customer_id in self.customers}
        self._done: set[str] = set()

    def once(self, customers: Sequence[Customer]) -> list[str]:
        """Their ids. Raises InvariantBroken for one that came before under another name."""
        ids = [customer_id for _, customer_id in customers]
        if again := self._done.intersection(ids):
            raise InvariantBroken(
                f"Customer {min(again)} has another external id now than when it was booked. "
                "Give it its old one back, then settle again."
            )
        self._done.update(self._left.intersection(ids))
        return ids

    @staticmethod
    def of(found: dict[str, list[Item]], ids: Sequence[str]) -> tuple[Item, ...]:
        return tuple(item for one in ids for item in found.get(one, ()))


def _by(pairs: Iterable[tuple[str, Item]]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for key, item in pairs:
        found.setdefault(key, []).append(item)
    return found


def _owner(share: BookedShare) -> str:
    """The customer a share of a month is booked for; '' for a share of money received."""
    if not share.key.startswith(SHARE_KEY):
        return ""
    return share.key.removeprefix(SHARE_KEY).split("/", 1)[0]
