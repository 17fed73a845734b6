"""The second tier for threads: the edge's lane, but blocking."""

import concurrent.futures
import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cache_api.gateways.breaker import Breaker
from cache_api.gateways.cluster_sync import SyncStoreLane
from cache_api.gateways.counters import Counters
from cache_api.gateways.tier import (
    DROPPED,
    FAILED,
    QUEUE_BYTES,
    QUEUE_ITEMS,
    Command,
    size_of,
    written,
)
from cache_api.gateways.tier_store import NoRoom, TierStore, failures
from cache_api.hot import sieve, tier

log = logging.getLogger(__name__)
READERS, WRITERS = 8, 2


class SyncTierLane:
    """The tier as seen from any number of threads."""

    def __init__(
        self,
        store: TierStore,
        memory: SyncStoreLane,
        deadline_s: float,
        counters: Counters,
    ) -> None:
        self._store, self._memory = store, memory
        self._deadline_s, self._counters = deadline_s, counters
        self._breaker = Breaker()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="tier")
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="tier later")
        self._lock = threading.Lock()
        self._queued = self._queued_bytes = 0

    @property
    def is_up(self) -> bool:
        """Whether it is asked at all right now."""
        return not self._breaker.is_open(time.monotonic())

    def run(self, commands: Sequence[Command]) -> list[Any] | None:
        """Run commands; their replies, or None when there was no answer in time."""
        if not self.is_up:
            return None
        future = self._readers.submit(self._all, commands)
        try:
            replies = future.result(self._deadline_s)
        except NoRoom:
            return None
        except (*failures(), concurrent.futures.TimeoutError) as error:
            future.cancel()
            self._failed(error)
            return None
        self._breaker.succeeded()
        return replies

    def later(self, commands: Sequence[Command]) -> None:
        """Run commands that nobody waits for, when there is time."""
        size = size_of(commands)
        with self._lock:
            if self._queued >= QUEUE_ITEMS or self._queued_bytes + size > QUEUE_BYTES:
                self._counters.add(DROPPED)
                return
            self._queued += 1
            self._queued_bytes += size
        self._writers.submit(self._write, commands, size)

    def close(self) -> None:
        """Write what waits."""
        self._writers.shutdown()
        self._readers.shutdown(wait=False, cancel_futures=True)

    def _write(self, commands: Sequence[Command], size: int) -> None:
        try:
            self._all(commands)
            self._all(tier.outdated(commands, self._memory.run(tier.checks(commands))))
        except NoRoom:
            self._counters.add(DROPPED)
        except failures() as error:
            self._counters.add(DROPPED)
            self._failed(error)
        finally:
            with self._lock:
                self._queued -= 1
                self._queued_bytes -= size

    def _all(self, commands: Sequence[Command]) -> list[Any]:
        added = sieve.additions(self._store.sieves, written(commands))
        if added and self._memory.run(added) is None:
            raise NoRoom("memory does not answer: a value that the filter does not know is lost")
        return [self._one(command) for command in commands]

    def _one(self, command: Command) -> Any:
        name = command[1].decode("ascii")
        if command[0] == b"GET":
            return self._store.read(name, time.time_ns() // 1_000_000)
        if command[0] == b"DEL":
            return self._store.remove(name)
        return self._store.write(name, command[2], int(command[4]))

    def _failed(self, error: BaseException) -> None:
        self._counters.add(FAILED)
        log.warning("tier: %s", type(error).__name__)
        self._breaker.failed(time.monotonic())
