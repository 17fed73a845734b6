"""`/internal/metrics`: what the operations page knows, for Prometheus, on loopback only.

Every alarm names the part of the manual that helps; docs/deploy/alerts.yml turns them into pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from cache_api.queries.recorder import recorded_today
from portal.queries.operations import Operations, operations
from tenants import schema
from tenants.ask import from_loopback

PATH = "/internal/metrics"
RUNBOOK = "docs/operating.md#"


class _Platform(Collector):
    def __init__(self, seen: Operations, today: Sequence[tuple[str, int]]) -> None:
        self._seen, self._today = seen, today

    def collect(self) -> Iterable[Metric]:
        """Gauges of this moment."""
        seen = self._seen
        for name, text, value in (
            ("usage_unrecorded", "Usage events in streams that are not recorded", seen.waiting),
            ("usage_oldest_seconds", "Age of the oldest of them", seen.oldest_s),
            ("spool_bytes", "Usage on edges' disks", seen.spool_bytes),
            ("unmetered", "Answers that went out unmetered",
             sum(one.unmetered for one in seen.regions)),
            ("dead_letters", "Events that could not be recorded", seen.recorded.dead),
            ("breaches", "Equations of reconcile that do not hold", seen.breaches),
            ("jobs_failed", "Background jobs that failed and have not succeeded since",
             len(seen.jobs)),
            ("broker_up", "Whether the broker answers", seen.queue.is_up),
        ):  # fmt: skip
            yield GaugeMetricFamily(f"agentcache_{name}", text, value=float(value))
        up = GaugeMetricFamily("agentcache_region_up", "Whether it answers", labels=["region"])
        for region in seen.regions:
            up.add_metric([region.name], float(region.is_up))
        yield up
        alarm = GaugeMetricFamily(
            "agentcache_alarm", "1 while it is raised", labels=["alarm", "level", "runbook"]
        )
        for one in seen.alarms:
            alarm.add_metric([one.key, one.level, RUNBOOK + one.runbook], 1)
        yield alarm
        requests = GaugeMetricFamily(
            "agentcache_requests_today", "Recorded since the UTC day began", labels=["outcome"]
        )
        for outcome, count in self._today:
            requests.add_metric([outcome], count)
        yield requests


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
    """All of it, from the console's scope."""
    registry = CollectorRegistry(auto_describe=False)
    with schema.in_console():
        registry.register(_Platform(operations(now), recorded_today(now)))
        return generate_latest(registry)
