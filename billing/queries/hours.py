"""The hours behind an issued run, adding up to what it froze."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billing.models import SettlementRun
from billing.queries.frozen import snapshot_of
from billing.rules.errors import BillingError
from billing.rules.inputs import RunInput
from billing.rules.trust.usage_csv import HourRow, frozen_sums
from cache_api import queries as usage
from cache_api.queries.behind import Hour, Slice, event_hours, rollup_hours
from tenants.rules.sayings import Said


class UsageGone(BillingError):
    """The events behind a run are no longer kept, and late ones have changed its rollups."""


def run_hours(run: SettlementRun, frozen: RunInput) -> Iterator[HourRow]:
    """Hourly quantities per customer and model of the whole run, by hour, customer and model.

    From the rollups while they still are what was frozen, else from the events up to the frozen
    batch. Runs in the partner's schema. Raises UsageGone at the end when neither adds up.
    """
    spans = [part.segment for part in frozen.segments]
    what = Slice(min(s.start for s in spans), max(s.end for s in spans))
    if _rollups_now(run, frozen) == frozen_sums(frozen.rows):
        hours = rollup_hours(what)
    else:
        hours = event_hours(run.partner_id, what, snapshot_of(run).batch_bound)
    return _checked(map(_row, hours), frozen)


def _row(hour: Hour) -> HourRow:
    return HourRow(hour.hour, str(hour.customer_id), hour.external_id, hour.model, hour.counts)


def _rollups_now(run: SettlementRun, frozen: RunInput) -> dict[tuple[int, str, str], object]:
    spans = {part.segment.start: part.segment for part in frozen.segments}
    cuts = {at for s in spans.values() for at in (s.start, s.end)}
    inside = tuple(sorted(at for at in cuts if run.period_start < at < run.period_end))
    starts = (run.period_start, *inside)
    found: dict[tuple[int, str, str], object] = {}
    for row in usage.usage_stream(run.period_start, run.period_end, inside):
        segment = spans.get(starts[row.segment])
        counts = (
            row.lookups, row.stores, row.cached_requests, row.bytes_served, row.byte_seconds,
            row.tokens_saved, row.cost_saved_micros,
        )  # fmt: skip
        if segment is not None and any(counts):
            found[segment.index, str(row.customer_id), row.model] = counts
    return found


def _checked(rows: Iterable[HourRow], frozen: RunInput) -> Iterator[HourRow]:
    sums: dict[tuple[int, str, str], tuple[int, ...]] = {}
    spans = [part.segment for part in frozen.segments]
    for row in rows:
        segment = next((s for s in spans if s.start <= row.hour < s.end), None)
        if segment is None:
            continue
        key = (segment.index, row.customer_id, row.model)
        before = sums.get(key, (0,) * len(row.counts))
        sums[key] = tuple(a + b for a, b in zip(before, row.counts, strict=True))
        yield row
    if {key: counts for key, counts in sums.items() if any(counts)} != frozen_sums(frozen.rows):
        raise UsageGone(
            Said(
                "The hours behind this run cannot be shown any more: late usage has changed them "
                "since it was settled, and its single events are no longer kept."
            )
        )
