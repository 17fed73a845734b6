"""OpenMetrics text by prometheus_client: the partner's usage for the partner's own monitoring."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import accumulate

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.openmetrics import exposition
from prometheus_client.registry import Collector

from cache_api.rules.histogram import UPPER_US
from cache_api.rules.reports import CustomerCounters, OutcomeLatency

CONTENT_TYPE = exposition.CONTENT_TYPE_LATEST
_STEP = 3  # three of our buckets are one doubling: 17 bounds instead of 48
# metric → (what it says, the member, how many of its units are one)
_COUNTERS: tuple[tuple[str, str, str, int], ...] = (
    ("overflow_lookups", "Lookups", "lookups", 1),
    ("overflow_hits", "Lookups answered from the cache", "hits", 1),
    ("overflow_semantic_hits", "Of the hits, those by meaning", "semantic_hits", 1),
    ("overflow_wrong_hits", "Of the hits, those that feedback called wrong", "wrong_hits", 1),
    ("overflow_unused_hits", "Of the hits, those that came too late", "unused_hits", 1),
    ("overflow_stores", "Stores", "stores", 1),
    ("overflow_served_bytes", "Bytes of cached responses", "bytes_served", 1),
    ("overflow_saved_dollars", "List price of what hits saved", "cost_saved_micros", 1_000_000),
)


class _Usage(Collector):
    def __init__(
        self,
        counters: Sequence[CustomerCounters],
        latencies: Sequence[OutcomeLatency],
        since_s: float,
    ) -> None:
        self._counters, self._latencies, self._since_s = counters, latencies, since_s

    def collect(self) -> Iterable[Metric]:
        """Counters by customer, then the histogram by outcome."""
        for name, text, member, divisor in _COUNTERS:
            family = CounterMetricFamily(name, text, labels=["customer"])
            for one in self._counters:
                count = getattr(one, member)
                value = count if divisor == 1 else count / divisor
                family.add_metric([one.customer], value, created=self._since_s)
            yield family
        yield self._latency()

    def _latency(self) -> Metric:
        family = HistogramMetricFamily(
            "overflow_latency_seconds",
            "Time spent on a request",
            labels=["outcome"],
            unit="seconds",
        )
        for one in self._latencies:
            add_latency(family, [one.outcome], one)
        return family


def add_latency(family: HistogramMetricFamily, labels: list[str], one: OutcomeLatency) -> None:
    """One outcome's buckets, in seconds, under these labels."""
    below = list(accumulate(one.buckets))
    bounds = [
        (str(UPPER_US[n] / 1_000_000), float(below[n])) for n in range(0, len(UPPER_US), _STEP)
    ]
    family.add_metric(labels, [*bounds, ("+Inf", float(below[-1]))], one.sum_us / 1_000_000)


def text(
    counters: Sequence[CustomerCounters], latencies: Sequence[OutcomeLatency], since: datetime
) -> bytes:
    """The exposition of usage counted since an instant."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Usage(counters, latencies, since.timestamp()))
    return exposition.generate_latest(registry)
