"""`/internal/metrics`: what the operations page knows, for Prometheus, on loopback only.

Every process is told of here: edges and web by their heartbeats, the recorder by what it recorded,
the worker and beat by their jobs, the provisioner by what it opens. While PostgreSQL is away, what
servers tell is still told. Every alarm names the part of the manual that helps;
docs/deploy/alerts.yml turns them into pages.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from cache_api.gateways.openmetrics import add_latency
from cache_api.gateways.region_states import RegionState
from cache_api.queries.recorder import recorded_today
from portal.gateways.broker import Queue
from portal.queries.operations import Operations, operations, servers_alone
from portal.rules.alarms import Alarm
from tenants import schema
from tenants.ask import from_loopback

log = logging.getLogger(__name__)
PATH = "/internal/metrics"
RUNBOOK = "docs/operating.md#"
BOOT_ID_CHARS = 8  # enough to tell the processes of one region apart


class _Found(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        """Of this moment."""
        return self._families


class MetricsMiddleware:
    """Before anything that asks whose host it is: the address belongs to the machine."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The metrics for our own Prometheus; whoever else asks finds what the host has there."""
        if request.path == PATH and from_loopback(request):
            return HttpResponse(text(timezone.now()), content_type="text/plain; version=0.0.4")
        return self.get_response(request)


def text(now: datetime) -> bytes:
    """All of it, from the console's scope; without tables while PostgreSQL is away."""
    registry = CollectorRegistry(auto_describe=False)
    try:
        with schema.in_console():
            found, today = operations(now), recorded_today(now)
    except (DatabaseError, InterfaceError) as error:
        log.warning("metrics without PostgreSQL: %s", str(error).strip())
        alone = servers_alone(now)
        registry.register(_Found(_of_servers(alone.regions, alone.queue, alone.alarms, now)))
    else:
        registry.register(_Found(_of_servers(found.regions, found.queue, found.alarms, now)))
        registry.register(_Found(_of_tables(found, today, now)))
    return generate_latest(registry)


def _gauge(name: str, about: str, rows: list[tuple[float, dict[str, str]]]) -> GaugeMetricFamily:
    """Values with their labels, which are the same for all."""
    labels = list(rows[0][1]) if rows else []
    family = GaugeMetricFamily(f"agentcache_{name}", about, labels=labels)
    for value, told in rows:
        family.add_metric([*told.values()], float(value))
    return family


def _of_servers(
    regions: tuple[RegionState, ...], queue: Queue, raised: tuple[Alarm, ...], now: datetime
) -> Iterator[Metric]:
    """What no table is asked for."""
    is_up = all(one.key != "postgres_down" for one in raised)
    waits_s = (now - queue.oldest_at).total_seconds() if queue.oldest_at else 0.0
    for name, about, value in (
        ("postgres_up", "Whether PostgreSQL answers", is_up),
        ("usage_unrecorded", "Usage events in streams that are not recorded",
         sum(one.waiting for one in regions)),
        ("usage_oldest_seconds", "Age of the oldest of them",
         max((one.oldest_ms for one in regions), default=0) / 1000),
        ("spool_bytes", "Usage on edges' disks", sum(one.spool_bytes for one in regions)),
        ("unmetered", "Answers that went out unmetered", sum(one.unmetered for one in regions)),
        ("broker_up", "Whether the broker answers", queue.is_up),
        ("jobs_waiting", "Background jobs that wait for a worker", queue.waiting),
        ("jobs_oldest_seconds", "How long the oldest of them has waited", waits_s),
        ("jobs_run", "Whether a background job ran within two minutes",
         all(one.jobs_run for one in regions)),
    ):  # fmt: skip
        yield _gauge(name, about, [(value, {})])
    yield _gauge("alarm", "1 while it is raised", [
        (1, {"alarm": one.key, "level": one.level, "runbook": RUNBOOK + one.runbook})
        for one in raised
    ])  # fmt: skip
    yield from _of_regions(regions)
    yield from _of_processes(regions)


def _of_regions(regions: tuple[RegionState, ...]) -> Iterator[Metric]:
    for name, about, read in (
        ("region_up", "Whether its servers answer and somebody serves", lambda one: one.is_up),
        ("cache_up", "Whether the region's cache Valkey answers", lambda one: one.cache_up),
        ("events_up", "Whether the region's durable Valkey answers", lambda one: one.events_up),
        ("events_filled", "How much of its memory the durable Valkey has taken, 0 to 1",
         lambda one: one.filled),
        ("processes", "Edges and web processes that were heard of", lambda one: one.processes),
        ("disk_full", "Whether an edge's disk refused usage just now",
         lambda one: one.is_disk_full),
    ):  # fmt: skip
        yield _gauge(name, about, [(read(one), {"region": one.name}) for one in regions])
    answers = CounterMetricFamily(
        "agentcache_answers", "Recorded lookups and stores", labels=["region", "outcome", "reason"]
    )
    took = HistogramMetricFamily(
        "agentcache_latency_seconds", "Time spent on them", labels=["region", "outcome"]
    )
    for region in regions:
        for (outcome, reason), count in sorted(region.tally.answers.items()):
            answers.add_metric([region.name, outcome, reason], count)
        for one in region.tally.took:
            add_latency(took, [region.name, one.outcome], one)
    yield answers
    yield took


def _of_processes(regions: tuple[RegionState, ...]) -> Iterator[Metric]:
    """Each by the beginning of its boot id: its counters begin anew with it."""
    labels = ["region", "door", "process"]
    counted = CounterMetricFamily(
        "agentcache_counted", "What a process counted beside answers", labels=[*labels, "what"]
    )
    down = GaugeMetricFamily(
        "agentcache_lane_down", "1 while a process leaves a server alone", labels=[*labels, "lane"]
    )
    spool = GaugeMetricFamily(
        "agentcache_process_spool_bytes", "Usage that it holds on its disk", labels=labels
    )
    for region in regions:
        for one in region.living:
            name = [region.name, one.door, one.boot_id[:BOOT_ID_CHARS]]
            spool.add_metric(name, one.spool_bytes)
            for what, count in sorted(one.counted.items()):
                counted.add_metric([*name, what], count)
            for lane in one.down:
                down.add_metric([*name, lane], 1)
    yield from (counted, down, spool)


def _of_tables(
    seen: Operations, today: Iterable[tuple[str, int]], now: datetime
) -> Iterator[Metric]:
    silent = seen.recorded.heard_at
    for name, about, value in (
        ("recorder_silent_seconds", "Since the recorder copied a heartbeat",
         (now - silent).total_seconds() if silent else 0.0),
        ("dead_letters", "Events that could not be recorded", seen.recorded.dead),
        ("breaches", "Equations of reconcile that do not hold", seen.breaches),
        ("jobs_failed", "Background jobs that failed and have not succeeded since",
         len(seen.jobs)),
        ("openings", "Partners that are not open yet", len(seen.openings)),
    ):  # fmt: skip
        yield _gauge(name, about, [(value, {})])
    yield _gauge("requests_today", "Recorded since the UTC day began",
                 [(count, {"outcome": outcome}) for outcome, count in today])  # fmt: skip
