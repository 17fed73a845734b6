"""The partner's customers as its list shows them (partner's schema)."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass

from billing.queries.receivables import overdue_customers
from cache_api.models import CustomerState
from cache_api.queries import customers_page, matching_customers, usage_summary
from cache_api.queries.quota_use import lookups_of, over_quota
from cache_api.rules.reports import CustomerUsage
from portal.queries.overview import customer_states
from portal.rules.ranges import Range

OVER, DUE = "over", "due"  # what `only` can be


@dataclass(frozen=True)
class Filter:
    """What the list was asked for; `only` is OVER, DUE or '' for all."""

    search: str = ""
    state: str = ""
    only: str = ""

    @property
    def is_set(self) -> bool:
        """Whether anything is left out."""
        return bool(self.search or self.state or self.only)


@dataclass(frozen=True)
class Row:
    """A customer; `before` are the lookups of the window before, `overdue` invoices."""

    usage: CustomerUsage
    before: int
    is_over: bool
    overdue: int


@dataclass(frozen=True)
class Directory:
    """A page of the list and the figures above it; `overdue` is None where money is not seen."""

    rows: list[Row]
    total: int
    states: dict[str, int]
    over: int
    overdue: int | None
    lookups: int
    lookups_before: int

    @property
    def count(self) -> int:
        """All customers, whatever is filtered."""
        return sum(self.states.values())

    @property
    def suspended(self) -> int:
        """Refused at present."""
        return self.states.get(CustomerState.SUSPENDED, 0)

    @property
    def active(self) -> int:
        """Those that are not."""
        return self.count - self.suspended

    @property
    def most(self) -> int:
        """Lookups of the busiest row."""
        return max((row.usage.lookups for row in self.rows), default=0)


def directory(
    partner_id: uuid.UUID, window: Range, wanted: Filter, *, money: bool, limit: int, offset: int
) -> Directory:
    """A page of customers: at most twelve queries at any size."""
    over, due = over_quota(window.now), _overdue(partner_id, window, money=money)
    rows, total = customers_page(
        window.start, window.end, search=wanted.search, state=wanted.state, limit=limit,
        offset=offset, among=_among(wanted, over, due),
    )  # fmt: skip
    before = lookups_of([one.customer_id for one in rows], *window.before)
    return Directory(
        rows=[Row(one, before.get(one.customer_id, 0), one.customer_id in over,
                  due[one.customer_id]) for one in rows],
        total=total, states=customer_states(), over=len(over),
        overdue=len(due) if money else None,
        lookups=usage_summary(window.start, window.end).lookups,
        lookups_before=usage_summary(*window.before).lookups,
    )  # fmt: skip


def found_ids(
    partner_id: uuid.UUID, window: Range, wanted: Filter, *, money: bool, most: int
) -> list[uuid.UUID]:
    """The customers that a filter leaves, by id; one more than `most` where there are more."""
    over = over_quota(window.now) if wanted.only == OVER else set()
    due = _overdue(partner_id, window, money=money and wanted.only == DUE)
    rows = matching_customers(wanted.search, wanted.state, _among(wanted, over, due))
    return list(rows.order_by("external_id").values_list("pk", flat=True)[: most + 1])


def _overdue(partner_id: uuid.UUID, window: Range, *, money: bool) -> Counter[uuid.UUID]:
    return overdue_customers(partner_id, window.now.date()) if money else Counter()


def _among(wanted: Filter, over: set[uuid.UUID], due: Counter[uuid.UUID]) -> set[uuid.UUID] | None:
    return {OVER: over, DUE: set(due)}.get(wanted.only)
