"""Several keys in one read by a thread: the primary answers all, the overflow what it lacks."""

import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from agentcache_overflow.answer import Answer, hit, miss
from agentcache_overflow.counts import NO_ANSWER
from agentcache_overflow.flights import Flight
from agentcache_overflow.race import PRIMARY, Primary
from agentcache_overflow.wire import Named


class ReadMany:
    """`names` has None for keys that do not take part; `call` gives a value or None for each."""

    def __init__(
        self,
        primary: Primary,
        names: Sequence[Named | None],
        call: Callable[[], Sequence[Any]],
        own: Callable[[BaseException], bool],
    ) -> None:
        self._primary, self._names, self._call, self._own = primary, names, call, own
        self._inbox: SimpleQueue[tuple[int, Any]] = SimpleQueue()
        self._answers: list[Answer | None] = [None] * len(names)
        self._flights: dict[int, Flight] = {}
        self._began = time.monotonic()
        self._error: Exception | None = None

    def run(self) -> list[Answer]:
        """An Answer each. Raises what the primary raised where nobody could help."""
        core, breaker = self._primary.core, self._primary.breaker
        core.counts.add("calls")
        self._primary.budget.earn()
        because = "" if breaker.admits() else breaker.because
        reason = because or self._ask_primary()
        if reason:
            self._ask_overflow(reason)
            self._gather(is_primary_running=reason == "slow" and not because)
        if because and self._lacks(anything=because == "slow"):
            self._wait_for_primary()
        if self._error is not None and self._lacks(anything=False):
            raise self._error
        answers = [one if one is not None else miss("") for one in self._answers]
        for counted in ("primary_hits", "overflow_hits"):
            hits = sum(one.hit and counted.startswith(one.answered_by) for one in answers)
            core.counts.add(*[counted] * hits)
        core.counts.add(*["misses"] * sum(not one.hit for one in answers))
        return answers

    def _ask_primary(self) -> str:
        """Why the overflow is to be asked as well, or ""."""
        core, breaker = self._primary.core, self._primary.breaker
        core.primaries.run(self._primary_job)
        try:
            self._take(self._inbox.get(timeout=core.threshold_s)[1])
        except Empty:
            breaker.failed("slow")
            if breaker.is_open or self._primary.budget.take():
                core.counts.add("hedges")
                return "slow"
            core.counts.add("hedges_capped")
            self._take(self._inbox.get()[1])
        else:
            if self._error is None:
                breaker.succeeded()
            else:
                breaker.failed("error")
        if self._error is not None:
            return "error"
        return "miss" if self._lacks(anything=True) else ""

    def _primary_job(self) -> None:
        try:
            said: Any = list(self._call())
        except Exception as error:  # noqa: BLE001 - it is the caller's, who gets it
            said = error
        self._inbox.put((-1, said))

    def _wait_for_primary(self) -> None:
        self._primary.core.primaries.run(self._primary_job)
        self._take(self._inbox.get()[1])

    def _take(self, said: Any) -> None:
        """What the primary said; what it has goes before the overflow's."""
        if isinstance(said, Exception):
            if self._own(said):
                raise said
            self._error = said
            return
        for place, value in enumerate(said):
            if value is not None:
                self._answers[place] = hit(value, PRIMARY)

    def _ask_overflow(self, reason: str) -> None:
        core = self._primary.core
        about = {"primary": self._primary.name, "reason": reason}
        about["primary_latency"] = round((time.monotonic() - self._began) * 1000, 3)  # type: ignore[assignment]
        for place, named in enumerate(self._names):
            if named is None or self._answers[place] is not None:
                continue
            known = core.ready(named)
            if known is not None:
                self._answers[place] = known
                continue
            tell = self._teller(place)
            self._flights[place] = core.ask(named, reason, about, tell)

    def _teller(self, place: int) -> Callable[[Answer], None]:
        return lambda found: self._inbox.put((place, found))

    def _gather(self, *, is_primary_running: bool) -> None:
        core = self._primary.core
        while self._flights:
            left_s = max(0.0, max(one.left_s for one in self._flights.values()))
            try:
                place, said = self._inbox.get(timeout=left_s)
            except Empty:
                for place, flight in self._flights.items():
                    self._answers[place] = core.expire(flight)
                self._flights.clear()
                break
            if place == -1:
                is_primary_running = False
                self._take(said)
                if self._error is None:
                    break  # it has said all
                continue
            flight = self._flights.pop(place)
            flight.take()
            core.leave(flight)
            self._answers[place] = said
        for flight in self._flights.values():
            core.leave(flight)
        if is_primary_running and self._lacks(anything=True):
            self._take(self._inbox.get()[1])

    def _lacks(self, *, anything: bool) -> bool:
        """Whether a key has no value; or none because the overflow could not answer."""
        for one in self._answers:
            if one is None or (not one.hit and (anything or one.reason in NO_ANSWER)):
                return True
        return False
