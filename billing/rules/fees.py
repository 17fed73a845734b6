"""Yearly fees billed in advance per interval and earned month by month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from billing.rules.cycles import INTERVAL_MONTHS, yearly_fee_between
from billing.rules.groups import Group
from billing.rules.lines import POC
from billing.rules.periods import add_months
from billing.rules.terms import BaseFee, Terms


@dataclass(frozen=True, slots=True)
class FeePart:
    """`billed_minor` falls due in this period, `earned_minor` belongs to it; half-open dates."""

    billed_minor: int
    earned_minor: int
    start: datetime
    end: datetime


def _earned(yearly_minor: int, group: Group) -> int:
    anchor = group.terms.anchor_at
    spans = [(max(span.start, anchor), span.end) for span in group.spans if span.end > anchor]
    return sum(yearly_fee_between(yearly_minor, anchor, start, end) for start, end in spans)


def _intervals(
    terms: Terms, interval: str, before: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The intervals of a yearly fee that begin before an instant, half-open."""
    anchor, months = terms.poc_ends_at or terms.anchor_at, INTERVAL_MONTHS[interval]
    begins = anchor
    count = 0
    while begins < before:
        count += 1
        until = add_months(anchor, months * count)
        yield begins, until
        begins = until


def interval_from(terms: Terms, interval: str, at: datetime) -> datetime:
    """The first instant from `at` on where no earlier interval of a yearly fee is running."""
    if interval == "monthly":
        return at
    ends = [until for _begins, until in _intervals(terms, interval, at)]
    return max(ends, default=at)


def billed_beyond(part: BaseFee, terms: Terms, at: datetime) -> int:
    """What of a base fee was billed in advance for the time after `at`, minor units."""
    if part.interval == "monthly":
        return 0
    last = interval_from(terms, part.interval, at)
    return yearly_fee_between(part.yearly_minor, terms.anchor_at, at, last) if last > at else 0


def fee_part(yearly_minor: int, interval: str, group: Group) -> FeePart | None:
    """The part of a yearly fee that a group bills and earns; None when it has none.

    Monthly fees are billed as they are earned. Longer intervals count from the end of the proof
    of concept (else from the anchor) and are billed whole where they begin; they begin outside
    a proof of concept, so nothing is prepaid for free months.
    """
    earned = _earned(yearly_minor, group)
    if interval == "monthly":
        part = FeePart(earned, earned, group.start, group.end)
        return part if earned else None
    if group.phase == POC:
        return None
    billed, start, end = 0, group.start, group.end
    for begins, until in _intervals(group.terms, interval, group.end):
        if any(span.start <= begins < span.end for span in group.spans):
            start, end = begins, until
            billed += yearly_fee_between(yearly_minor, group.terms.anchor_at, start, end)
    return FeePart(billed, earned, start, end) if billed or earned else None
