"""How the service is: live checks that visitors share, and the incidents of a host's partner."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cache_api.gateways.region_states import RegionState
from portal.queries.regions import FRESH_S, regions_now
from tenants import queries as tenants
from tenants.models import Incident
from tenants.rules.status import Component, Level, levels, overall

SHOWN = timedelta(days=90)
# More unrecorded usage than the recorder takes in half a minute.
BEHIND = 300_000
# Of the durable store's memory: nothing is lost before it is full, and then the disks take over.
FILLED = 0.5
_watched: dict[str, Level] | None = None
log = logging.getLogger(__name__)


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

    @property
    def mean_repair(self) -> timedelta | None:
        """How long past incidents lasted on average, without maintenance; None without any."""
        lasted = [
            one.resolved_at - one.started_at for one in self.past
            if one.resolved_at is not None and one.impact != Incident.Impact.MAINTENANCE
        ]  # fmt: skip
        return sum(lasted, timedelta()) / len(lasted) if lasted else None


def status(now: datetime) -> Status:
    """Two queries, in the scope of the host; servers are asked every FRESH_S at most."""
    found = tenants.incidents(now - SHOWN)
    running = tuple(one for one in found if one.resolved_at is None)
    past = tuple(one for one in found if one.resolved_at is not None)
    checks = check(regions_now())
    return Status(levels(checks, [(one.component, one.impact) for one in running]), running, past)


def without_tables() -> tuple[Component, ...]:
    """The parts while PostgreSQL is away: usage waits, so do invoices. Asks servers alone."""
    away = (("portal", "outage"), ("metering", "degraded"), ("settlement", "degraded"))
    return levels(check(regions_now()), away)


def check(states: Sequence[RegionState]) -> dict[str, Level]:
    """What regions tell: who answers, whether usage is recorded in time, and whether jobs run."""
    up = sum(one.is_up for one in states)
    # Without its durable store a region still answers, and nobody there can say that it does.
    unheard = any(one.cache_up and not one.events_up for one in states)
    answers = Level.DEGRADED if up or unheard else Level.OUTAGE
    if up == len(states):
        answers = Level.OK
    late = not all(map(_in_time, states)) or any(one.is_disk_full for one in states)
    return {
        "answers": answers,
        "metering": Level.DEGRADED if late else Level.OK,
        "settlement": Level.OK if all(one.jobs_run for one in states) else Level.DEGRADED,
    }


def _in_time(one: RegionState) -> bool:
    return one.events_up and one.waiting < BEHIND and not one.spool_bytes and one.filled < FILLED


def watch() -> None:
    """Look at the servers again and again, in a thread of its own: no page waits for that."""
    threading.Thread(target=_watch, name="status", daemon=True).start()


def troubles() -> list[str]:
    """Components that the last look found worse than they should be; asks nobody.

    Nothing where nobody watches: in commands, and before the first look.
    """
    return [name for name, level in (_watched or {}).items() if level is not Level.OK]


def _watch() -> None:
    global _watched
    while True:
        try:
            _watched = check(regions_now())
        except Exception:  # a setting that is missing is told at the API's own door
            log.exception("status: the servers could not be looked at")
        time.sleep(FRESH_S)
