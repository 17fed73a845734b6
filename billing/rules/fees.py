"""Yearly fees billed in advance per interval and earned month by month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from billing.rules.cycles import INTERVAL_MONTHS, yearly_fee_between
from billing.rules.groups import Group
from billing.rules.lines import POC
from billing.rules.periods import add_months


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
    anchor = group.terms.poc_ends_at or group.terms.anchor_at
    months, count = INTERVAL_MONTHS[interval], 0
    billed, start, end = 0, group.start, group.end
    while (begins := add_months(anchor, months * count)) < group.end:
        if any(span.start <= begins < span.end for span in group.spans):
            start, end = begins, add_months(anchor, months * (count + 1))
            billed += yearly_fee_between(yearly_minor, group.terms.anchor_at, start, end)
        count += 1
    return FeePart(billed, earned, start, end) if billed or earned else None
