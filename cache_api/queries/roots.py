"""Daily Merkle roots and proofs of inclusion, as the events stood at a recorder batch.

Leaves are ordered by (batch, event id): batches of a partner commit in the order of their numbers,
so what is recorded later only ever adds leaves at the end. Reading needs the partner's scope or
the console's; every function names its partner.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum

from cache_api.metering.models import ChannelDay, DayRoot, UsageEvent
from cache_api.rules.leaves import FACTS, PROOF_SCHEMA, day_of, day_span, event_leaf, leaf_facts
from cache_api.rules.merkle import inclusion_path, root_of

BLOCK = 5_000


@dataclass(frozen=True)
class Root:
    """The tree over one UTC day's events; `root` in hex."""

    day: date
    size: int
    root: str


def day_leaves(partner_id: UUID, day: date, bound: int) -> Iterator[bytes]:
    """The leaf hashes of a day in their order. One query, read in blocks."""
    rows = _events(partner_id, day, bound).values_list(*FACTS)
    yield from (event_leaf(values) for values in rows.iterator(BLOCK))


def root_at(partner_id: UUID, day: date, bound: int) -> Root | None:
    """The day's tree computed from its events; None when there is none up to the bound."""
    root, size = root_of(day_leaves(partner_id, day, bound))
    return Root(day, size, root.hex()) if size else None


def recorded_days(partner_id: UUID, start: date, end: date) -> dict[date, int]:
    """Day → events recorded by now, for days in [start, end) that have any. One query."""
    rows = (
        ChannelDay.objects.filter(partner_id=partner_id, day__gte=start, day__lt=end)
        .values("day")
        .annotate(events=Sum("events"))
        .order_by("day")
    )
    return {row["day"]: int(row["events"]) for row in rows if row["events"]}


def sealed_days(
    partner_id: UUID, start: date, end: date, bound: int | None = None
) -> dict[date, Root]:
    """Day → the newest stored root, of those up to `bound` where it is given. One query."""
    rows = DayRoot.objects.filter(partner_id=partner_id, day__gte=start, day__lt=end)
    if bound is not None:
        rows = rows.filter(batch_bound__lte=bound)
    return {
        row.day: Root(row.day, row.size, row.root) for row in rows.order_by("day", "batch_bound")
    }


def latest_roots(partner_id: UUID, limit: int) -> list[DayRoot]:
    """The newest stored root of the newest days, newest first. One query."""
    rows = DayRoot.objects.filter(partner_id=partner_id).order_by("-day", "-batch_bound")
    found: dict[date, DayRoot] = {}
    for row in rows[: limit * 4]:
        found.setdefault(row.day, row)
    return list(found.values())[:limit]


def roots_of(partner_id: UUID, start: date, end: date, bound: int) -> list[Root]:
    """The root of each day in [start, end) exactly as of `bound`, without days that had none.

    A stored root is taken where nothing came after it; other days are computed from the events.
    """
    days, sealed = recorded_days(partner_id, start, end), sealed_days(partner_id, start, end, bound)
    found = []
    for day, events in days.items():
        root = sealed.get(day)
        if root is None or root.size != events:
            root = root_at(partner_id, day, bound)
        if root is not None:
            found.append(root)
    return found


def inclusion_proof(partner_id: UUID, event_id: UUID, bound: int) -> dict[str, Any] | None:
    """That an event is in its day's tree as of `bound`; None when it is not recorded there.

    Reads the day's events once: a second for some hundred thousand.
    """
    # Its day is asked of an id that is recorded: what somebody types may lie in the year 10703.
    rows = UsageEvent.objects.filter(partner_id=partner_id, recorded_batch__lte=bound)
    event = rows.filter(event_id=event_id).values_list(*FACTS).first()
    if event is None:
        return None
    day = day_of(event_id)
    leaves = list(day_leaves(partner_id, day, bound))
    index = leaves.index(event_leaf(event))
    return {
        "schema": PROOF_SCHEMA,
        "day": day.isoformat(),
        "event": leaf_facts(event),
        "index": index,
        "size": len(leaves),
        "path": [node.hex() for node in inclusion_path(leaves, index)],
        "root": root_of(leaves)[0].hex(),
    }


def _events(partner_id: UUID, day: date, bound: int) -> QuerySet[UsageEvent]:
    first, last = day_span(day)
    return UsageEvent.objects.filter(
        partner_id=partner_id, event_id__gte=first, event_id__lt=last, recorded_batch__lte=bound
    ).order_by("recorded_batch", "event_id")
