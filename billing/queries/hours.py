"""The hours behind an issued run, adding up to what it froze."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.utils import timezone

from billing.models import RunSnapshot, SettlementRun
from billing.queries.frozen import snapshot_of
from billing.rules.errors import BillingError
from billing.rules.inputs import RunInput, RunInputRow
from billing.rules.trust.usage_csv import COUNTS, HourRow, frozen_sums
from cache_api import queries as usage
from cache_api.queries.behind import Hour, Slice, event_hours, rollup_hours
from cache_api.rules.reports import UsageTotal
from cache_api.rules.spans import HoursGone, hours_from
from tenants.rules.sayings import Said

Parts = dict[tuple[datetime, str, str], tuple[int, ...]]


class UsageGone(BillingError):
    """The events behind a run are no longer kept, and its hours neither, or late ones came."""


def run_hours(run: SettlementRun, frozen: RunInput) -> Iterator[HourRow]:
    """Hourly quantities per customer and model of the whole run, by hour, customer and model.

    From the rollups while they still are what was frozen, else from the events up to the frozen
    batch. Runs in the partner's schema. Raises UsageGone at the end when neither adds up.
    """
    what = _span(frozen)
    kept = what.start >= hours_from(timezone.now())
    if kept and _folded(_rollups_now(run, frozen), frozen) == frozen_sums(frozen.rows):
        hours = rollup_hours(what)
    else:
        hours = event_hours(run.partner_id, what, snapshot_of(run).batch_bound)
    return _checked(map(_row, hours), frozen)


def run_parts(
    run: SettlementRun, attempt: int, frozen: RunInput, cuts: tuple[datetime, ...]
) -> list[tuple[datetime, RunInputRow]]:
    """The quantities that an attempt froze, told apart at `cuts` (full hours) too.

    (where the part begins, usage of a customer and model in it). From rollups or events as
    `run_hours`, in the partner's schema; raises UsageGone.
    """
    found = _rollups_now(run, frozen, cuts)
    if _folded(found, frozen) != frozen_sums(frozen.rows):
        bound = RunSnapshot.objects.only("batch_bound").get(run=run, attempt=attempt).batch_bound
        hours = event_hours(run.partner_id, _span(frozen), bound)
        found = _by_part(_checked(map(_row, hours), frozen), _starts(frozen, cuts))
    names = {row.customer_id: row.external_id for row in frozen.rows}
    return [(at, _as_row(who, names[who], model, sums)) for (at, who, model), sums in found.items()]


def _as_row(customer_id: str, external_id: str, model: str, counts: tuple[int, ...]) -> RunInputRow:
    own: dict[str, Any] = dict(zip(COUNTS, counts, strict=True))
    return RunInputRow(0, customer_id, external_id, "", model=model, **own)


def _span(frozen: RunInput) -> Slice:
    spans = [part.segment for part in frozen.segments]
    return Slice(min(s.start for s in spans), max(s.end for s in spans))


def _starts(frozen: RunInput, cuts: Iterable[datetime]) -> list[datetime]:
    return sorted({part.segment.start for part in frozen.segments} | {*cuts})


def _by_part(rows: Iterable[HourRow], starts: list[datetime]) -> Parts:
    sums: Parts = {}
    for row in rows:
        key = (starts[bisect_right(starts, row.hour) - 1], row.customer_id, row.model)
        sums[key] = _added(sums.get(key), row.counts)
    return sums


def _added(before: tuple[int, ...] | None, counts: tuple[int, ...]) -> tuple[int, ...]:
    return counts if before is None else tuple(map(sum, zip(before, counts, strict=True)))


def _row(hour: Hour) -> HourRow:
    return HourRow(hour.hour, str(hour.customer_id), hour.external_id, hour.model, hour.counts)


def _rollups_now(run: SettlementRun, frozen: RunInput, cuts: tuple[datetime, ...] = ()) -> Parts:
    """What the rollups hold now of the time under agreement, by part of a segment."""
    spans = [part.segment for part in frozen.segments]
    all_cuts = {at for s in spans for at in (s.start, s.end)} | {*cuts}
    inside = tuple(sorted(at for at in all_cuts if run.period_start < at < run.period_end))
    starts = (run.period_start, *inside)
    found: Parts = {}
    for row in _told(usage.usage_stream(run.period_start, run.period_end, inside)):
        counts = (
            row.lookups, row.stores, row.cached_requests, row.bytes_served, int(row.byte_seconds),
            row.tokens_saved, row.cost_saved_micros,
        )  # fmt: skip
        at = starts[row.segment]
        if any(counts) and any(s.start <= at < s.end for s in spans):
            found[at, str(row.customer_id), row.model] = counts
    return found


def _told(totals: Iterator[UsageTotal]) -> Iterator[UsageTotal]:
    """What rollups still tell: nothing of parts of days whose hours are gone."""
    with suppress(HoursGone):
        yield from totals


def _folded(parts: Parts, frozen: RunInput) -> dict[tuple[int, str, str], tuple[int, ...]]:
    """The same by whole segments, as `frozen_sums` has them."""
    spans = [part.segment for part in frozen.segments]
    sums: dict[tuple[int, str, str], tuple[int, ...]] = {}
    for (at, customer_id, model), counts in parts.items():
        index = next(s.index for s in spans if s.start <= at < s.end)
        key = (index, customer_id, model)
        sums[key] = _added(sums.get(key), counts)
    return {key: counts for key, counts in sums.items() if any(counts)}


def _checked(rows: Iterable[HourRow], frozen: RunInput) -> Iterator[HourRow]:
    sums: dict[tuple[int, str, str], tuple[int, ...]] = {}
    spans = [part.segment for part in frozen.segments]
    for row in rows:
        segment = next((s for s in spans if s.start <= row.hour < s.end), None)
        if segment is None:
            continue
        key = (segment.index, row.customer_id, row.model)
        sums[key] = _added(sums.get(key), row.counts)
        yield row
    if {key: counts for key, counts in sums.items() if any(counts)} != frozen_sums(frozen.rows):
        raise UsageGone(
            Said(
                "The hours behind this run cannot be shown any more: they are no longer kept, or "
                "late usage has changed them since it was settled, and its single events are no "
                "longer kept either."
            )
        )
