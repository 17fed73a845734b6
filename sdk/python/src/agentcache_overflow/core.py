"""What every door of the SDK shares: the overflow, asked within its bounds, and what is kept.

Doors (`client`, `aclient`, wrappers) translate; nothing in here raises into a caller's call.
"""

import asyncio
import atexit
import os
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Coroutine
from typing import Any

from agentcache_overflow import answer
from agentcache_overflow.answer import Answer
from agentcache_overflow.breaker import Breaker
from agentcache_overflow.changes import Changes, Owed
from agentcache_overflow.counts import Counts
from agentcache_overflow.flights import Flight, Told
from agentcache_overflow.l1 import L1
from agentcache_overflow.options import Options
from agentcache_overflow.outbox import Letter, Outbox
from agentcache_overflow.transport import Late, Reply, Transport, Unreachable, dump
from agentcache_overflow.wire import Garbage, Named, Wire
from agentcache_overflow.workers import Job, Workers

LATE_S = 1.0  # a late answer is listened for so long, to tell it back
REFUSED_S = 10.0
MOST_LEASES = 10_000
MOST_PRIMARIES = 512  # calls of primaries under way at a time; more wait
_all: "weakref.WeakSet[Core]" = weakref.WeakSet()


class Core:
    """One per client. After a fork the child's starts anew: threads and connections stay behind."""

    def __init__(self, options: Options) -> None:
        self.options, self.wire = options, Wire(options)
        self.deadline_s = options.ms("deadline") / 1000
        self.threshold_s = options.ms("threshold") / 1000
        self.is_closed = False
        self._children: weakref.WeakSet[Any] = weakref.WeakSet()
        self._expected = {"partner_id": options.partner_id, "revenue_share": options.revenue_share}
        self.start()
        _all.add(self)

    def start(self) -> None:
        """Fresh threads, connections, locks and memory."""
        options = self.options
        self.counts, self.breaker = Counts(), Breaker()
        self.primaries = Workers("primary", MOST_PRIMARIES)
        self._lookups = Workers("lookup", options.max_in_flight)
        self._transport = Transport(options, options.base_url, self.wire.sdk)
        self._l1 = L1(options.l1_bytes, options.ms("l1_ttl"))
        self.changes, self.owed = Changes(), Owed()
        self.outbox = Outbox(
            self.call, self.counts, self.owed, options.store_items, options.store_bytes,
            self.wire.common,
        )  # fmt: skip
        self._lock, self._done = threading.Lock(), threading.Condition()
        self._later = 0
        self._tasks: set[asyncio.Future[None]] = set()
        self._flights: dict[str, Flight] = {}
        self._leases: OrderedDict[str, str] = OrderedDict()
        self._paused_until, self._paused = 0.0, ""
        for child in list(self._children):
            child.start()

    def adopt(self, child: Any) -> None:
        """Something with locks of its own, to be started anew in a forked child as well."""
        self._children.add(child)

    # Lookups

    def ready(self, named: Named) -> Answer | None:
        """An answer without asking: from memory, or why not to ask."""
        if self.is_closed:
            return self._own("closed")
        letter = self.outbox.holds(named.ident)
        if letter is not None:
            self.counts.add("l1_hits")
            return answer.hit(letter.value, "l1")
        if named.is_request:
            kept = self._l1.get(named.ident)
            if kept is not None:
                self.counts.add("l1_hits")
                found = answer.hit(kept.response, "l1")
                found.expires_at = kept.expires_at
                return found
        if named.members.get("cache_key", "") in self.owed:
            return self._own("purging")
        if time.monotonic() < self._paused_until:
            return self._own(self._paused)
        if not self.breaker.admits():
            return self._own("breaker_open")
        return None

    def ask(self, named: Named, reason: str, metadata: dict[str, Any], told: Told) -> Flight:
        """Send a lookup, or join the same one that is on its way. `told` hears of it once."""
        primary = str(metadata.get("primary", ""))
        with self._lock:
            flight = self._flights.get(named.ident) if self.options.single_flight else None
            is_new = (
                flight is None or flight.is_late or self.changes.since(flight.changes, named.ident)
            )
            if is_new:
                due = time.monotonic() + self.deadline_s
                flight = Flight(named, reason, primary, due, self.changes.now)
                if self.options.single_flight:
                    self._flights[named.ident] = flight
        assert flight is not None
        flight.join(told)
        if is_new:
            self.counts.add(*([f"reason_{reason}"] if reason else []))
            body = self.wire.lookup(named, metadata, primary)
            self._lookups.run(lambda: self._fly(flight, body))
        return flight

    def expire(self, flight: Flight) -> Answer:
        """Its time is up for one who waits."""
        if flight.expire():
            self.breaker.failed("slow")
        self.leave(flight)
        return self._own("deadline")

    def leave(self, flight: Flight) -> None:
        """One who waited has no use for it."""
        if flight.leave() and flight.answer is not None:
            self._tell_back(flight.answer)

    def _fly(self, flight: Flight, body: dict[str, Any]) -> None:
        found = self._unmade(flight)
        if found is None:
            found = self._asked(flight, body)
        with self._lock:
            if self._flights.get(flight.named.ident) is flight:
                del self._flights[flight.named.ident]
        if found.hit and self.changes.since(flight.changes, flight.named.ident):
            found = answer.miss("purged")  # it was deleted or set while we asked
        found.overflow_reason = flight.reason
        found.latency_ms = (time.monotonic() - flight.started) * 1000
        if flight.land(found):
            self._tell_back(found)

    def _unmade(self, flight: Flight) -> Answer | None:
        """Not sent at all: it waited for its turn beyond its time."""
        if time.monotonic() < flight.due:
            flight.is_sent = True
            return None
        return self._own("deadline")

    def _asked(self, flight: Flight, body: dict[str, Any]) -> Answer:
        left_s = max(flight.due - time.monotonic(), 0.001)
        headers = {"agentcache-deadline-ms": str(max(1, int(left_s * 1000)))}
        try:
            reply = self.call("POST", "/api/overflow", body, left_s + LATE_S, headers)
            found = self._judged(reply, flight.named)
        except Late:
            if flight.expire():
                self.breaker.failed("slow")
            return self._own("deadline")
        except (Unreachable, TypeError, ValueError) as error:
            if not flight.is_late:
                self.breaker.failed("error")
            return self._own("unreachable", f"{type(error).__name__}: {error}")
        if not flight.is_late and found.reason not in _FAULTS:
            self.breaker.succeeded()
        return found

    def _judged(self, reply: Reply, named: Named) -> Answer:
        """BEHAVIOUR.md, "The overflow's answers"."""
        if reply.status == 200:
            return self._read(reply, named)
        problem = reply.json()
        code = problem.get("code") if type(problem) is dict else None
        detail = f"status {reply.status} {code if type(code) is str else ''}".rstrip()
        if reply.status == 429:
            self._pause("rate_limited", reply.retry_after_s)
            return self._own("rate_limited", detail)
        if reply.status >= 500:
            self.breaker.failed("error")
            return self._own("server_error", detail)
        if reply.status in (401, 403, 404):
            self._pause("refused", REFUSED_S)
        return self._own("refused", detail)

    def _read(self, reply: Reply, named: Named) -> Answer:
        try:
            found = self.wire.read(reply.status, reply.body, named, reply.age_s)
        except Garbage as error:
            self.breaker.failed("error")
            return self._own("garbage", str(error))
        self._compare(reply)
        if found.hit and named.is_request:
            self._l1.keep(named.ident, found, len(reply.body))
        if found.lease and found.lease.get("role") == "leader":
            self._keep_lease(named.ident, str(found.lease.get("id")))
        return found

    def _compare(self, reply: Reply) -> None:
        """Expectations that the answer does not meet are said once; no money moves by them."""
        for name, expected in list(self._expected.items()):
            billing = (reply.json() or {}).get("billing") if expected is not None else None
            if type(billing) is not dict or name not in billing:
                continue
            del self._expected[name]
            if billing[name] != expected:
                self.counts.say(
                    name, f"{expected} was expected, the agreement says {billing[name]}"
                )

    def _pause(self, reason: str, seconds: float) -> None:
        self._paused, self._paused_until = reason, time.monotonic() + seconds

    def _own(self, reason: str, detail: str = "") -> Answer:
        self.counts.add(f"overflow_{reason}")
        if reason not in ("purging", "closed", "breaker_open"):
            self.counts.say(f"overflow_{reason}", detail or "the overflow was not used")
        return answer.miss(reason)

    def not_canonical(self, error: Exception) -> Answer:
        """A request without a digest."""
        return self._own("not_canonical", type(error).__name__)  # its text may quote the request

    def _tell_back(self, found: Answer) -> None:
        """Nobody used this hit: it goes off the bill. A stale one is not on it."""
        if found.hit and found.event_id and found.status != "stale":
            self.counts.add("hedges_lost")
            about = {"event_id": found.event_id, "reason": "unused"}
            about |= {k: v for k, v in self.wire.common.items() if k == "customer_id"}
            self.outbox.put(Letter("feedback", dump(about)))

    def _keep_lease(self, ident: str, lease_id: str) -> None:
        with self._lock:
            self._leases[ident] = lease_id
            while len(self._leases) > MOST_LEASES:
                self._leases.popitem(last=False)

    def still_has(self, named: Named, found: Answer, since: int) -> bool:
        """Whether the very entry of an answer is still there: of a key, unmetered.

        False where that is not known, and after change `since` of this process.
        """
        if self.is_closed or self.breaker.is_open or time.monotonic() < self._paused_until:
            return False
        keys = [named.members["cache_key"]]
        body = {**self.wire.common, "cache_keys": keys, "dry_run": True}
        try:
            reply = self.call("POST", "/api/overflow/purge", body, self.deadline_s)
        except (Late, Unreachable) as error:
            self.breaker.failed("slow" if isinstance(error, Late) else "error")
            return False
        told = reply.json() if reply.status == 200 else None
        entries = told.get("entries") if type(told) is dict else None
        is_there = type(entries) is list and found.entry is not None and found.entry in entries
        return is_there and not self.changes.since(since, named.ident)

    # Stores and purges

    def store(self, named: Named, response: Any, *, is_set: bool = False, **more: Any) -> None:
        """In the background. `is_set`: a key that changes, of which no older value may remain.

        Raises TypeError or ValueError for what is neither JSON nor bytes.
        """
        with self._lock:
            lease_id = self._leases.pop(named.ident, None)
        body = dump(self.wire.store(named, response, lease_id=lease_id, **more))
        self._l1.drop(named.ident)
        self.changes.add(named.ident)
        if self.is_closed:
            self.counts.add("stores_dropped")
            return
        wire_key = named.members["cache_key"] if is_set else ""
        kept = None if more.get("response_format") == "sse" else response  # events are no answer
        self.outbox.put(Letter("store", body, named.ident, wire_key, value=kept))

    def purge_keys(self, names: list[Named]) -> bool:
        """Acknowledged when true. Otherwise owed, and this process does not ask for them."""
        keys = [named.members["cache_key"] for named in names]
        for named, key in zip(names, keys, strict=True):
            self.owed.add(key, tried=1)
            self.changes.add(named.ident)
            self._l1.drop(named.ident)
        within_s = self.deadline_s + LATE_S
        done = True
        for named in names:
            done &= self.outbox.forget(named.ident, within_s)
        for at in range(0, len(keys), 100):
            done &= self._purged(keys[at : at + 100], within_s)
        if done:
            self.owed.done(keys)
        else:
            self.outbox.poke()
        return done

    def purge_request(self, named: Named) -> bool:
        """The entry of a request; not owed when it fails."""
        self.changes.add(named.ident)
        self._l1.drop(named.ident)
        within_s = self.deadline_s + LATE_S
        return self.outbox.forget(named.ident, within_s) and self._purged_by(
            {**self.wire.common, "original_request": named.members["original_request"]}, within_s
        )

    def purge_everything(self) -> None:
        """All that this client stored, under its customer and namespace; owed until it is done."""
        self.owed.add_everything()
        self.changes.add_all()
        self._l1.clear()
        self.outbox.forget_all(self.deadline_s + LATE_S)
        self.outbox.purge_everything()

    def _purged(self, keys: list[str], within_s: float) -> bool:
        return self._purged_by({**self.wire.common, "cache_keys": keys}, within_s)

    def _purged_by(self, body: dict[str, Any], within_s: float) -> bool:
        if self.is_closed or self.breaker.is_open or time.monotonic() < self._paused_until:
            self.counts.add("purges_failed")
            return False
        try:
            status = self.call("POST", "/api/overflow/purge", body, within_s).status
        except (Late, Unreachable) as error:
            self.breaker.failed("error")
            status, detail = 0, type(error).__name__
        else:
            detail = f"status {status}"
        self.counts.add("purges" if status == 202 else "purges_failed")
        if status != 202:
            self.counts.say("purges_failed", detail)
        return status == 202

    # Ends

    def later(self, job: Job) -> None:
        """Work that nobody waits for but `flush`. It must not raise."""

        def run() -> None:
            try:
                job()
            finally:
                with self._done:
                    self._later -= 1
                    self._done.notify_all()

        with self._done:
            self._later += 1
        self.primaries.run(run)

    def task(self, work: Coroutine[Any, Any, None]) -> None:
        """The same for a coroutine, in the loop that runs. It must not raise."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def tasks_done(self) -> None:
        """Wait for this loop's."""
        loop = asyncio.get_running_loop()
        mine = [task for task in self._tasks if task.get_loop() is loop]
        if mine:
            await asyncio.wait(mine)

    def forget_memory(self) -> None:
        """What the process keeps is not used any more."""
        self._l1.clear()

    def flush(self, within_s: float) -> bool:
        """Wait for all that goes on in the background; False when the time is up."""
        until = time.monotonic() + within_s
        with self._done:
            done = self._done.wait_for(lambda: not self._later, within_s)
        return self.outbox.flush(max(0.0, until - time.monotonic())) and done

    def call(
        self, method: str, path: str, body: Any, within_s: float, headers: Any = None
    ) -> Reply:
        """One request to the overflow. Raises Late, Unreachable."""
        return self._transport.call(method, path, body, within_s, headers)

    def close(self) -> bool:
        """Drain the queue within its time, then let everything go."""
        self.is_closed = True
        drained = self.outbox.close(self.options.ms("drain") / 1000)
        if len(self.owed):
            self.counts.say("purges_failed", f"{len(self.owed)} purges were not acknowledged")
        self._transport.close()
        return drained


_FAULTS = frozenset({"garbage", "server_error", "rate_limited", "refused"})


def _after_fork() -> None:
    for core in list(_all):
        if not core.is_closed:
            core.start()


@atexit.register
def _at_exit() -> None:
    for core in list(_all):
        if not core.is_closed:
            core.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
