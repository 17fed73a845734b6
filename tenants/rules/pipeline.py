"""From target to first revenue: which stage a prospect is in, since when, and whether that is late.

The first stages are what somebody says; what a contract, traffic and documents show is read from
them and never typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Stage(StrEnum):
    """In their order; `lost` stands outside of it."""

    TARGET = "target"
    PITCHED = "pitched"
    POC = "poc"
    SIGNED = "signed"
    LIVE = "live"
    REVENUE = "revenue"
    LOST = "lost"


ROAD = (Stage.TARGET, Stage.PITCHED, Stage.POC, Stage.SIGNED, Stage.LIVE, Stage.REVENUE)
SAID = (Stage.TARGET, Stage.PITCHED, Stage.POC, Stage.LOST)
SHOWN = (Stage.SIGNED, Stage.LIVE, Stage.REVENUE)
# "Next 30 days: outreach", "next 90 days: sign the first partner", "30 days integration".
SLOW_DAYS, LATE_DAYS = 30, 90
SLOW, LATE = "slow", "late"


@dataclass(frozen=True, slots=True)
class Shown:
    """When an agreement was approved, the first request came while the partner was active, and the
    first document with an amount was issued; None: not yet."""

    signed_at: datetime | None = None
    live_at: datetime | None = None
    revenue_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A stage, since when, and for how many whole days."""

    stage: Stage
    since: datetime
    days: int

    @property
    def pace(self) -> str:
        """`slow` after 30 days in a stage, `late` after 90; "" before, and where the road ends."""
        if self.stage in (Stage.REVENUE, Stage.LOST):
            return ""
        return LATE if self.days > LATE_DAYS else SLOW if self.days > SLOW_DAYS else ""


def standing(said: str, said_at: datetime, shown: Shown, now: datetime) -> Standing:
    """The furthest stage that facts show; what was said only where they show none.

    A stage that came before its forerunner (traffic before the signature) counts from the later of
    the two, so that no stage is older than what it needs.
    """
    stage, since = Stage(said), said_at
    for name, at in zip(SHOWN, (shown.signed_at, shown.live_at, shown.revenue_at), strict=True):
        if at is not None:
            since = max(since, at) if stage in SHOWN else at
            stage = name
    return Standing(stage, since, max((now - since).days, 0))
