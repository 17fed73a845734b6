"""Removes what has expired from the second tier, about once an hour, and counts what is left.

Of a tier that is far it makes the filter of what is there besides (`hot.sieve`).

Every process offers; one of them does it (a claim in the region's cache, one for each tier). In a
thread of its own and in small steps: requests are answered beside it.
"""

import logging
import threading
import time
import uuid

from cache_api.gateways.cluster_sync import SyncStoreLane
from cache_api.gateways.rooms import WINDOW_MS, held_name
from cache_api.gateways.tier_store import TierStore, failures
from cache_api.hot import sieve

log = logging.getLogger(__name__)
EVERY_MS = 3_600_000
OFFER_EVERY_S = 60.0
PAUSE_S = 0.01


class Sweeper:
    """One process's offer to sweep. `lane` leads to the region's cache."""

    def __init__(self, store: TierStore, lane: SyncStoreLane, place: str) -> None:
        self._store, self._lane, self._place = store, lane, place
        self._claim = b"tier:" + place.encode() + b":swept"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)

    def start(self) -> None:
        """Begin to offer; `stop` ends it."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step under way."""
        self._stop.set()
        self._thread.join(5.0)

    def sweep_if_due(self) -> int | None:
        """Sweep unless somebody did within the hour; how many objects were removed.

        Raises one of tier_store.failures().
        """
        claim = (b"SET", self._claim, uuid.uuid4().bytes, b"NX", b"PX", b"%d" % EVERY_MS)
        if self._lane.run([claim]) != [b"OK"]:
            return None
        made = self._begin_sieve()
        removed = sum([self._sweep(partner, made) for partner in self._store.partners()])
        if made and not self._stop.is_set():
            (other,) = [one for one in self._store.sieves if one != made]
            self._lane.run(sieve.finished(made, other))
        return removed

    def _begin_sieve(self) -> bytes:
        """The filter that this sweep makes anew; empty where there is none to make."""
        sieves = self._store.sieves
        known = self._lane.run(sieve.wholeness(sieves)) if sieves else None
        if known is None:
            return b""
        made = sieves[1] if known[0] else sieves[0]
        return made if self._lane.run([(b"UNLINK", made)]) is not None else b""

    def _run(self) -> None:
        while not self._stop.wait(OFFER_EVERY_S):
            try:
                removed = self.sweep_if_due()
            except failures() as error:
                log.warning("tier: not swept: %s", type(error).__name__)
                continue
            if removed:
                log.info("tier: %d expired values removed", removed)

    def _sweep(self, partner: str, made: bytes) -> int:
        kept = removed = 0
        for stays, gone, names in self._store.sweep(partner, time.time_ns() // 1_000_000):
            kept, removed = kept + stays, removed + gone
            added = sieve.additions([made], names) if made else []
            if self._lane.run(added) is None:
                raise OSError("the cache did not take the filter")
            if self._stop.wait(PAUSE_S):
                return removed  # half a count is none
        self._tell(partner.encode(), kept)
        return removed

    def _tell(self, partner: bytes, kept: int) -> None:
        """What was written since the hour began is among what was found now."""
        hour = time.time_ns() // 1_000_000 // WINDOW_MS
        counts = [b"tier:%b:%d" % (self._place.encode(), n) for n in (hour, hour - 1)]
        self._lane.run(
            [(b"HSET", held_name(self._place), partner, b"%d" % kept)]
            + [(b"HDEL", name, partner) for name in counts]
        )
