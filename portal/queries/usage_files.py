"""The explorer's tables as rows of a file: read in pieces, so that memory stays flat."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.rules.splits import allocate
from cache_api.models import Customer
from cache_api.queries import event_groups, explore
from cache_api.rules.reports import Group
from portal.queries.explorer import add, scope_of
from portal.queries.usage import BUCKET_OF
from portal.rules.questions import Question

_COUNTS = {
    "lookups": "count", "hits": "count", "exact_hits": "count", "semantic_hits": "count",
    "misses": "count", "stores": "count", "bytes_served": "count", "tokens_saved": "count",
}  # fmt: skip
Table = tuple[Mapping[str, str], Iterator[tuple[Any, ...]]]


def usage_table(question: Question, partner_id: uuid.UUID, customer: Customer | None) -> Table:
    """(columns with their kinds, rows): every bucket and group of a question, none left out.

    What only events tell is summed over the whole range, whose start is then the bucket.
    """
    columns = {
        "bucket_start": "second", question.by: "text", "name": "text", **_COUNTS,
        "cost_saved_usd": "micros",
    }  # fmt: skip
    rows = _event_rows if question.from_events else _bucket_rows
    return columns, (
        (at, group.label, group.name, *_counts(group))
        for at, group in rows(question, partner_id, customer)
    )


def allocation_table(
    question: Question, partner_id: uuid.UUID, customer: Customer | None,
    charged_minor: Mapping[tuple[str, datetime], int],
) -> Table:  # fmt: skip
    """A range's months by customer and the value of a tag, with each customer's bill split by hits.

    `charged_minor`: (customer's external id, month) → net amount; the parts sum to it.
    """
    columns = {
        "month": "second", "customer": "text", question.tag or "tag": "text", **_COUNTS,
        "cost_saved_usd": "micros", "charged_minor": "count",
    }  # fmt: skip
    window, scope = question.range, scope_of(question, customer)
    found = event_groups.allocation(partner_id, scope, window.start, window.end, question.tag)
    hits: dict[tuple[str, datetime], dict[str, int]] = {}
    for at, name, label, group in found:
        hits.setdefault((name, at), {})[label] = max(group.hits, 0)
    parts = {
        place: allocate(charged_minor[place], labels)
        for place, labels in hits.items()
        if place in charged_minor and any(labels.values())
    }
    return columns, (
        (at, name, label, *_counts(group), parts.get((name, at), {}).get(label))
        for at, name, label, group in found
    )


def _counts(group: Group) -> tuple[Any, ...]:
    saved = Decimal(group.cost_saved_micros).scaleb(-6)
    return (*(getattr(group, name) for name in _COUNTS), saved)


def _event_rows(
    question: Question, partner_id: uuid.UUID, customer: Customer | None
) -> Iterator[tuple[datetime, Group]]:
    window, scope = question.range, scope_of(question, customer)
    period = (partner_id, scope, window.start, window.end)
    tag = question.tag
    if question.by == "tag" and not tag:
        tag = next(iter(event_groups.tag_names(*period)), "")
    groups = event_groups.event_groups(*period, question.by, tag=tag, sort=question.sort)
    return ((window.start, group) for group in groups)


def _bucket_rows(
    question: Question, partner_id: uuid.UUID, customer: Customer | None
) -> Iterator[tuple[datetime, Group]]:
    window, scope, unit = question.range, scope_of(question, customer), question.range.granularity
    rows = explore.all_rows(scope, window.start, window.end, question.by, unit)
    return rows if unit not in BUCKET_OF else _merged(rows, window.start, unit)


def _merged(
    rows: Iterator[tuple[datetime, Group]], start: datetime, unit: str
) -> Iterator[tuple[datetime, Group]]:
    """Days in order of time as weeks or months: one bucket's groups are held at a time."""
    bucket: datetime | None = None
    held: dict[str, Group] = {}
    for at, group in rows:
        place = max(BUCKET_OF[unit](at), start)
        if place != bucket and bucket is not None:
            yield from ((bucket, one) for one in held.values())
            held = {}
        bucket = place
        known = held.get(group.label)
        held[group.label] = group if known is None else _sum(known, group)
    if bucket is not None:
        yield from ((bucket, one) for one in held.values())


def _sum(left: Group, right: Group) -> Group:
    both = add([left, right])
    return Group(left.label, left.name, both.lookups, both.hits, both.stores, both.bytes_served,
                 both.tokens_saved, both.cost_saved_micros, both.semantic_hits)  # fmt: skip
