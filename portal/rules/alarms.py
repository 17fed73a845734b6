"""What operations must look at: figures in, alarms out, worst first; each names its runbook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

DANGER, WARN = "danger", "warn"
# The recorder takes entries within a fraction of a second; a minute means that it does not.
LATE_S, VERY_LATE_S = 10.0, 60.0
SILENT_S = 30.0
QUEUE_LATE_S, QUEUE_VERY_LATE_S = 60.0, 600.0
# Of a durable store's memory: full, it takes no usage any more, and edges' disks have to.
FILLED, NEARLY_FULL = 0.5, 0.8


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found. Ages in seconds; None: not known, or nothing of the kind."""

    postgres_up: bool = True
    regions_down: tuple[str, ...] = ()
    disks_full: tuple[str, ...] = ()  # regions where an edge's disk refused usage just now
    filled: float = 0.0  # how much of its memory the fullest durable store has taken, 0 to 1
    late_s: float = 0.0  # the oldest usage that is not recorded
    recorder_silent_s: float | None = None
    spool_bytes: int = 0
    unmetered: int = 0
    dead_letters: int = 0
    broker_up: bool = True
    queue_s: float | None = None
    jobs_run: bool = True  # a background job ran within the last two minutes
    failed_jobs: int = 0
    openings_failed: int = 0
    openings_stuck: int = 0
    domains: int = 0
    certificates: int = 0
    hooks_failing: int = 0
    hooks_off: int = 0
    mails: int = 0
    breaches: int = 0
    switches: int = 0


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is wrong; `figure` fills its words. `page` is a url name, `runbook` a heading
    of docs/operating.md as an anchor."""

    key: str
    level: str
    figure: float | str
    page: str
    runbook: str


_INGEST, _JOBS = ("console_ops_ingest", "recorder-spool-dead-letters"), ("console_ops_jobs", "jobs")
_OPENING = ("console_ops_jobs", "open-a-partner")
_DOMAINS = ("console_ops_domains", "partners-own-domains")
_HOOKS = ("console_ops_webhooks", "webhooks-and-alerts")
_BOOKS = ("console_ops_ingest", "reconcile")
_MAIL = ("console_ops_mail", "mail-that-does-not-leave")
_REGIONS = ("console_regions", "regions")
_POSTGRES, _DISK = ("console_ops", "postgresql-is-away"), ("console_ops_ingest", "a-disk-is-full")
_SWITCHES = ("console_ops_switches", "switches")


def alarms(seen: Seen) -> list[Alarm]:
    """Everything that needs somebody, worst first; [] is all clear."""
    return sorted(_found(seen), key=lambda one: one.level != DANGER)


def _found(seen: Seen) -> Iterator[Alarm]:
    if not seen.postgres_up:
        yield Alarm("postgres_down", DANGER, 0, *_POSTGRES)
    if seen.regions_down:
        yield Alarm("region_down", DANGER, ", ".join(seen.regions_down), *_REGIONS)
    if seen.disks_full:
        yield Alarm("disk_full", DANGER, ", ".join(seen.disks_full), *_DISK)
    yield from _waiting(seen)
    for key, level, count, where in (
        ("unmetered", DANGER, seen.unmetered, _INGEST),
        ("dead_letters", DANGER, seen.dead_letters, _INGEST),
        ("breaches", DANGER, seen.breaches, _BOOKS),
        ("spooled", WARN, seen.spool_bytes, _INGEST),
        ("failed_jobs", WARN, seen.failed_jobs, _JOBS),
        ("openings_failed", DANGER, seen.openings_failed, _OPENING),
        ("openings_stuck", WARN, seen.openings_stuck, _OPENING),
        ("domains", WARN, seen.domains, _DOMAINS),
        ("certificates", DANGER, seen.certificates, _DOMAINS),
        ("hooks_failing", WARN, seen.hooks_failing, _HOOKS),
        ("hooks_off", WARN, seen.hooks_off, _HOOKS),
        ("mails", WARN, seen.mails, _MAIL),
        ("switches", WARN, seen.switches, _SWITCHES),
    ):
        if count:
            yield Alarm(key, level, count, *where)


def _waiting(seen: Seen) -> Iterator[Alarm]:
    """What waits for somebody who should have come, and the room it waits in."""
    if seen.late_s > LATE_S:
        level = DANGER if seen.late_s > VERY_LATE_S else WARN
        yield Alarm("late", level, seen.late_s, *_INGEST)
    if seen.filled >= FILLED:
        level = DANGER if seen.filled >= NEARLY_FULL else WARN
        yield Alarm("filled", level, seen.filled * 100, *_INGEST)
    if (seen.recorder_silent_s or 0) > SILENT_S:
        yield Alarm("recorder_silent", DANGER, seen.recorder_silent_s or 0, *_INGEST)
    if not seen.broker_up:
        yield Alarm("broker_down", DANGER, 0, *_JOBS)
    if not seen.jobs_run:
        yield Alarm("jobs_silent", DANGER, 0, *_JOBS)
    if (seen.queue_s or 0) > QUEUE_LATE_S:
        level = DANGER if (seen.queue_s or 0) > QUEUE_VERY_LATE_S else WARN
        yield Alarm("queue_late", level, seen.queue_s or 0, *_JOBS)
