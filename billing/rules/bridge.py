"""Why a month differs from the one before: terms, price, volume and mix, adding up to the cent.

The steps are whole ratings by the engine, one thing changed at a time, so that the parts sum to the
difference by construction: last month's usage under this month's terms, then also at this month's
prices, then at this month's volume in last month's mix, then as it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from billing.rules.charging import RunTotals, charged, totals_of
from billing.rules.errors import BillingError
from billing.rules.inputs import RunInput, RunInputRow
from billing.rules.planning.what_if import unbooked
from billing.rules.splits import allocate

COUNTS = (
    "lookups", "stores", "cached_requests", "bytes_served", "byte_seconds", "tokens_saved",
    "cost_saved_micros",
)  # fmt: skip
TERMS, PRICE, VOLUME, MIX = "terms", "price", "volume", "mix"
CAUSES = (TERMS, PRICE, VOLUME, MIX)
MEASURES = ("gross_minor", "platform_minor", "partner_minor")


@dataclass(frozen=True, slots=True)
class Bridge:
    """`before` and `after` are both months' figures, `causes` what leads from one to the other;
    each is measure → minor units (what is billed, ours, and the partner's)."""

    currency: str
    before: dict[str, int]
    after: dict[str, int]
    causes: dict[str, dict[str, int]]


def bridge(last: RunInput, now: RunInput) -> Bridge:
    """Both months rated as a whole, whatever was booked. Raises what rating them raises.

    A step that cannot be rated (a model without an old price) falls into the next one.
    """
    last, now = unbooked(last), unbooked(now)
    first, final = totals_of(charged(last)), totals_of(charged(now))
    usage = _on_segments(last, now)
    steps = [
        (TERMS, replace(now, rows=usage, segments=_old_prices(last, now), plans=last.plans)),
        (PRICE, replace(now, rows=usage)),
        (VOLUME, replace(now, rows=_scaled(usage, now.rows))),
        (MIX, now),
    ]
    causes, reached = {}, _figures(first)
    for cause, run in steps:
        figures = _figures(final) if cause == MIX else _rated(run, reached)
        causes[cause] = {name: figures[name] - reached[name] for name in MEASURES}
        reached = figures
    return Bridge(final.currency, _figures(first), _figures(final), causes)


def _figures(totals: RunTotals) -> dict[str, int]:
    return {name: getattr(totals, name) for name in MEASURES}


def _rated(run: RunInput, otherwise: Mapping[str, int]) -> dict[str, int]:
    try:
        return _figures(totals_of(charged(run)))
    except BillingError:
        return dict(otherwise)


def _old_prices(last: RunInput, now: RunInput) -> tuple[Any, ...]:
    card = sorted(last.segments, key=lambda part: part.segment.start)[-1].retail
    return tuple(replace(part, retail=card) if part.retail else part for part in now.segments)


def _on_segments(last: RunInput, now: RunInput) -> tuple[RunInputRow, ...]:
    """Last month's usage spread over this month's segments by their hours; plans in each."""
    merged: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * len(COUNTS))
    shown: dict[tuple[str, str], RunInputRow] = {}
    for row in last.rows:
        key = (row.customer_id, row.model)
        shown[key] = row
        merged[key] = [a + getattr(row, n) for a, n in zip(merged[key], COUNTS, strict=True)]
    hours = {str(part.segment.index): part.segment.hours for part in now.segments}
    rows = []
    for key, counts in merged.items():
        parts = [allocate(count, hours) for count in counts]
        for index in hours:
            own: dict[str, Any] = dict(zip(COUNTS, (part[index] for part in parts), strict=True))
            rows.append(replace(shown[key], segment=int(index), **own))
    return tuple(rows)


def _scaled(usage: Sequence[RunInputRow], target: Sequence[RunInputRow]) -> tuple[RunInputRow, ...]:
    """Last month's rows, each count stretched to this month's sum in last month's proportions.

    A count that was not used at all last month has no proportions: it stays out and is mix.
    """
    stretched: dict[str, dict[str, int]] = {}
    for name in COUNTS:
        weights = {str(n): getattr(row, name) for n, row in enumerate(usage)}
        whole = sum(getattr(row, name) for row in target)
        stretched[name] = allocate(whole, weights) if any(weights.values()) else weights
    counts: list[dict[str, Any]] = [
        {name: stretched[name][str(n)] for name in COUNTS} for n in range(len(usage))
    ]
    return tuple(replace(row, **own) for row, own in zip(usage, counts, strict=True))
