"""How the service is: live checks that visitors share, and the incidents of a host's partner."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from cache_api.gateways import servers
from cache_api.gateways.region_states import RegionState, region_states
from tenants import queries as tenants
from tenants.models import Incident
from tenants.rules.status import Component, Level, levels, overall

SHOWN = timedelta(days=90)
FRESH_S = 5.0
# More unrecorded usage than the recorder takes in half a minute.
BEHIND = 300_000
_last: tuple[float, dict[str, Level]] | None = None


@dataclass(frozen=True)
class Status:
    """The page: `open` and `past` incidents newest first, with their updates."""

    components: tuple[Component, ...]
    open: tuple[Incident, ...]
    past: tuple[Incident, ...]

    @property
    def level(self) -> Level:
        """The worst of all components."""
        return overall(self.components)


def status(now: datetime) -> Status:
    """Two queries, in the scope of the host; servers are asked every FRESH_S at most."""
    found = tenants.incidents(now - SHOWN)
    running = tuple(one for one in found if one.resolved_at is None)
    past = tuple(one for one in found if one.resolved_at is not None)
    checks = _checked()
    return Status(levels(checks, [(one.component, one.impact) for one in running]), running, past)


def check(states: list[RegionState]) -> dict[str, Level]:
    """What regions tell: who answers, and whether usage is recorded in time."""
    up = sum(one.is_up for one in states)
    answers = Level.OK if up == len(states) else Level.DEGRADED if up else Level.OUTAGE
    recorded = all(one.events_up and one.waiting < BEHIND for one in states)
    return {"answers": answers, "metering": Level.OK if recorded else Level.DEGRADED}


def _checked() -> dict[str, Level]:
    """The last check while it is fresh: visitors never become load on what they ask about."""
    global _last
    at = time.monotonic()
    if _last is None or at - _last[0] > FRESH_S:
        _last = (at, check(region_states(servers.regions())))
    return _last[1]
