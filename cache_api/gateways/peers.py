"""The memories of other regions: asked with a deadline, told behind the answer, their lag measured.

What a region that is away was to be told is dropped and counted: its index then misses entries it
could have fetched, and costs nobody else anything.
"""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cache_api.gateways import cluster, cluster_sync
from cache_api.gateways.counters import Counters
from cache_api.gateways.resp import Command

DROPPED = "region_dropped"
MOST_WAITING = 1_000
Lags = dict[str, int]  # by region: microseconds from an answer until the other region knew


class PeerLane:
    """Another region's memory as seen from the running event loop."""

    def __init__(
        self, region: str, url: str, deadline_s: float, lags: Lags, counters: Counters
    ) -> None:
        self._lane = cluster.lane(f"cache of {region}", url, deadline_s)
        self.send, self.connect, self.close = self._lane.send, self._lane.connect, self._lane.close
        self._region, self._lags, self._counters = region, lags, counters

    @property
    def is_up(self) -> bool:
        """Whether it is connected."""
        return self._lane.is_up

    def later(self, commands: Sequence[Command]) -> None:
        """Tell it something that nobody waits for."""
        began_ns = time.perf_counter_ns()

        def told(replies: list[Any] | None) -> None:
            if replies is None:
                self._counters.add(DROPPED)
            else:
                self._lags[self._region] = (time.perf_counter_ns() - began_ns) // 1000

        self.send(commands, told)


class SyncPeerLane:
    """The same for threads; one thread of its own tells."""

    def __init__(
        self, region: str, url: str, deadline_s: float, lags: Lags, counters: Counters
    ) -> None:
        self._lane = cluster_sync.lane(f"cache of {region}", url, deadline_s)
        self.run, self.close = self._lane.run, self._lane.close
        self._region, self._lags, self._counters = region, lags, counters
        self._teller = ThreadPoolExecutor(1, thread_name_prefix=f"tell {region}")
        self._room = threading.BoundedSemaphore(MOST_WAITING)

    @property
    def is_up(self) -> bool:
        """Whether it is asked at all right now."""
        return self._lane.is_up

    def later(self, commands: Sequence[Command]) -> None:
        """Tell it something that nobody waits for."""
        if not self.is_up or not self._room.acquire(blocking=False):
            self._counters.add(DROPPED)
            return
        self._teller.submit(self._tell, commands, time.perf_counter_ns())

    def _tell(self, commands: Sequence[Command], began_ns: int) -> None:
        try:
            if self.run(commands) is None:
                self._counters.add(DROPPED)
            else:
                self._lags[self._region] = (time.perf_counter_ns() - began_ns) // 1000
        finally:
            self._room.release()
