"""How everything runs, from live checks: what the console's operations pages show (console scope).

Whoever polls shares the answers for a few seconds, so that looking is no load on what is looked at.
Webhooks and mail notices lie in each partner's schema and are read there, a partner at a time.
"""

from __future__ import annotations

import uuid
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max, Q

from billing.models import Document, DocumentEvent, FoundBreach
from billing.queries.mailing import undelivered_documents
from billing.rules.status import UNDELIVERED
from cache_api.gateways.region_states import RegionState
from cache_api.models import HookEndpoint
from cache_api.queries.alerts import untold
from cache_api.queries.recorder import Recorded, recorded
from portal.gateways import broker
from portal.queries.regions import FRESH_S, regions_now
from portal.remembered import shared
from portal.rules.alarms import Alarm, Seen, alarms
from tenants import queries as tenants
from tenants import schema
from tenants.models import DomainClaim, FailedJob, Partner, ProvisioningJob, Switch
from tenants.queries import partner_names
from tenants.rules.domain_states import RENEWAL_ALARMS_DAYS, Cert, Routing
from tenants.switches import switches_on

PARTNERS_FRESH_S = 15.0
STUCK_AFTER = timedelta(minutes=10)
UNTOLD_AFTER = timedelta(minutes=5)
ENDS_SOON = timedelta(days=RENEWAL_ALARMS_DAYS[0])


@dataclass(frozen=True)
class Hook:
    """An endpoint that does not take what it is told, with its partner."""

    partner: Partner
    endpoint: HookEndpoint


@dataclass(frozen=True)
class Undelivered:
    """A document whose mail failed: how the last try ended, and when."""

    document: Document
    partner: str
    note: str
    at: datetime | None


@dataclass(frozen=True)
class Untold:
    """Notices of one partner that no mail server has taken yet."""

    partner: Partner
    endpoints: int
    firings: int


@dataclass(frozen=True)
class Operations:
    """Everything of the overview; each page below shows a part in full."""

    regions: tuple[RegionState, ...]
    recorded: Recorded
    queue: broker.Queue
    jobs: tuple[FailedJob, ...]
    openings: tuple[ProvisioningJob, ...]
    claims: tuple[DomainClaim, ...]
    hooks: tuple[Hook, ...]
    documents: tuple[Undelivered, ...]
    untold: tuple[Untold, ...]
    switches: tuple[Switch, ...]
    breaches: int  # equations of `reconcile` that did not hold when they were last looked at
    names: dict[uuid.UUID, str]
    alarms: tuple[Alarm, ...]

    @property
    def oldest_s(self) -> float:
        """How old the oldest usage is that is not recorded."""
        return max((one.oldest_ms for one in self.regions), default=0) / 1000

    @property
    def waiting(self) -> int:
        """Entries of all streams that are not recorded."""
        return sum(one.waiting for one in self.regions)

    @property
    def spool_bytes(self) -> int:
        """Usage that lies on edges' disks."""
        return sum(one.spool_bytes for one in self.regions)


def operations(now: datetime) -> Operations:
    """Ten queries, and two a partner every PARTNERS_FRESH_S; servers every FRESH_S."""
    regions, queue = regions_now(), _queue()
    hooks, told = shared("partners", PARTNERS_FRESH_S, lambda: _of_partners(now))
    names = partner_names()
    parts: dict[str, Any] = {
        "regions": regions, "recorded": recorded(), "queue": queue, "jobs": failed_jobs(),
        "openings": openings(), "claims": claims(now), "hooks": hooks,
        "documents": undelivered(now, names), "untold": told,
        "switches": tuple(switches_on(now)), "breaches": FoundBreach.objects.count(),
        "names": names,
    }  # fmt: skip
    return Operations(**parts, alarms=tuple(alarms(_seen(parts, now))))


@dataclass(frozen=True)
class Servers:
    """What is known while PostgreSQL is away."""

    regions: tuple[RegionState, ...]
    queue: broker.Queue
    alarms: tuple[Alarm, ...]


def servers_alone(now: datetime) -> Servers:
    """What servers tell, with the alarm that PostgreSQL does not. Asks no table."""
    regions, queue = regions_now(), _queue()
    told = _of_servers(regions, queue, now) | {"jobs_run": True}  # jobs need what is away
    seen = Seen(postgres_up=False, **told)
    return Servers(regions, queue, tuple(alarms(seen)))


def _queue() -> broker.Queue:
    return shared("queue", FRESH_S, lambda: broker.queue(settings.BROKER_URL))


def failed_jobs() -> tuple[FailedJob, ...]:
    """Jobs that failed and have not succeeded since, the last one first."""
    return tuple(FailedJob.objects.order_by("-last_at")[:200])


def openings() -> tuple[ProvisioningJob, ...]:
    """Partners that are not open yet, the oldest request first."""
    rows = ProvisioningJob.objects.exclude(state=ProvisioningJob.State.DONE)
    return tuple(rows.select_related("partner").order_by("created_at"))


def claims(now: datetime) -> tuple[DomainClaim, ...]:
    """Hosts of partners in trouble: led elsewhere, or without a good certificate for long."""
    served_badly = Q(routing=Routing.WARNING.value)
    unsafe = Q(cert=Cert.ERROR.value) | Q(cert_not_after__lte=now + ENDS_SOON)
    rows = DomainClaim.objects.filter(served_badly | unsafe, ended_at=None)
    return tuple(rows.select_related("partner").order_by("host"))


def undelivered(now: datetime, names: dict[uuid.UUID, str]) -> tuple[Undelivered, ...]:
    """Fresh documents whose mail failed and has not gone since, the oldest first. Two queries."""
    rows = undelivered_documents(now).filter(events__kind=UNDELIVERED).distinct()
    found = list(rows.annotate(failed_at=Max("events__at", filter=Q(events__kind=UNDELIVERED))))
    notes = dict(
        DocumentEvent.objects.filter(document__in=found, kind=UNDELIVERED)
        .order_by("at").values_list("document_id", "note")
    )  # fmt: skip
    return tuple(
        Undelivered(row, names.get(row.partner_id, ""), notes.get(row.id, ""), row.failed_at)
        for row in found
    )


def _of_partners(now: datetime) -> tuple[tuple[Hook, ...], tuple[Untold, ...]]:
    hooks: list[Hook] = []
    waiting: list[Untold] = []
    for partner in tenants.partner_list():
        if partner.state != Partner.State.ACTIVE:
            continue
        with schema.in_partner(partner):
            bad = Q(failing_since__isnull=False) | Q(disabled_at__isnull=False)
            rows = list(HookEndpoint.objects.filter(bad | ~Q(notice="")).order_by("url"))
            late = [one for one in untold() if one.at < now - UNTOLD_AFTER]
        hooks += [Hook(partner, row) for row in rows if row.state != "on"]
        notices = sum(bool(row.notice) for row in rows)
        if notices or late:
            waiting.append(Untold(partner, notices, len(late)))
    return tuple(hooks), tuple(waiting)


def _seen(parts: dict[str, Any], now: datetime) -> Seen:
    regions, told = parts["regions"], parts["recorded"]
    drained = {one.region for one in parts["switches"] if one.region}
    queue: broker.Queue = parts["queue"]
    soon = now + ENDS_SOON
    unsafe = [
        one
        for one in parts["claims"]
        if one.cert == Cert.ERROR or (one.cert_not_after and one.cert_not_after <= soon)
    ]
    serving = any(one.processes for one in regions)
    silent = (now - told.heard_at).total_seconds() if told.heard_at and serving else None
    old = now - STUCK_AFTER
    failed = [one.state == ProvisioningJob.State.FAILED for one in parts["openings"]]
    stuck = [one.updated_at < old for one in parts["openings"]]
    return Seen(
        **_of_servers(regions, queue, now, drained),
        recorder_silent_s=silent,
        dead_letters=told.dead,
        failed_jobs=len(parts["jobs"]),
        openings_failed=sum(failed),
        openings_stuck=sum(late and not bad for late, bad in zip(stuck, failed, strict=True)),
        domains=sum(one.routing == Routing.WARNING for one in parts["claims"]),
        certificates=len(unsafe),
        hooks_failing=sum(one.endpoint.state == "failing" for one in parts["hooks"]),
        hooks_off=sum(bool(one.endpoint.disabled_reason) for one in parts["hooks"]),
        mails=len(parts["documents"]) + sum(o.endpoints + o.firings for o in parts["untold"]),
        switches=len(parts["switches"]),
        breaches=parts["breaches"],
    )


def _of_servers(
    regions: tuple[RegionState, ...],
    queue: broker.Queue,
    now: datetime,
    drained: Container[str] = (),
) -> dict[str, Any]:
    """The members of `Seen` that no table is asked for."""
    return {
        "regions_down": tuple(
            one.name for one in regions if not one.is_up and one.name not in drained
        ),
        "disks_full": tuple(one.name for one in regions if one.is_disk_full),
        "filled": max((one.filled for one in regions), default=0.0),
        "late_s": max((one.oldest_ms for one in regions), default=0) / 1000,
        "spool_bytes": sum(one.spool_bytes for one in regions),
        "unmetered": sum(one.unmetered for one in regions),
        "broker_up": queue.is_up,
        "queue_s": (now - queue.oldest_at).total_seconds() if queue.oldest_at else None,
        # Told by the durable store: one that is silent knows nothing of jobs.
        "jobs_run": all(one.jobs_run for one in regions if one.events_up),
    }
