"""A read by a thread: the primary on a worker, the caller waits for whoever is first."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from agentcache_overflow.answer import Answer
from agentcache_overflow.flights import Flight
from agentcache_overflow.race import OVERFLOW, PRIMARY, Primary, Race
from agentcache_overflow.wire import Named

Inbox = SimpleQueue[tuple[str, Any, Any]]


class Read:
    """Drives one Race. `call` asks the primary, `has` tells a value from a miss, `own` the errors
    that are the caller's."""

    __slots__ = ("_call", "_flight", "_has", "_inbox", "_own", "_race")

    def __init__(
        self,
        primary: Primary,
        named: Named,
        call: Callable[[], Any],
        has: Callable[[Any], bool],
        own: Callable[[BaseException], bool],
    ) -> None:
        self._call, self._has, self._own = call, has, own
        self._race = Race(primary, named)
        self._inbox: Inbox = SimpleQueue()
        self._flight: Flight | None = None

    def run(self) -> Answer:
        """The answer. Raises what the primary raised where nobody could help."""
        race = self._race
        todo = race.begin()
        try:
            while True:
                while todo:
                    todo = self._start(todo)
                if race.is_over:
                    break
                todo = self._wait()
        finally:
            if self._flight is not None:
                self._part(self._flight)
        if race.error is not None:
            raise race.error
        assert race.final is not None
        return race.final

    def _start(self, who: str) -> str:
        race = self._race
        core = race.primary.core
        if who == PRIMARY:
            core.primaries.run(self._ask_primary)
            return ""
        known = core.ready(race.named)
        if known is not None:
            return race.heard(known)
        self._flight = core.ask(race.named, race.reason, race.metadata(), self._hear)
        return ""

    def _ask_primary(self) -> None:
        try:
            value = self._call()
        except BaseException as error:  # noqa: BLE001 - it is the caller's, who gets it
            self._inbox.put((PRIMARY, None, error))
        else:
            self._inbox.put((PRIMARY, value, None))

    def _hear(self, found: Answer) -> None:
        self._inbox.put((OVERFLOW, found, None))

    def _wait(self) -> str:
        race = self._race
        try:
            who, value, error = self._inbox.get(timeout=self._patience_s())
        except Empty:
            return self._out_of_time()
        if who == OVERFLOW:
            return race.heard(value) if race.hears else ""
        if error is None:
            return race.told(value, found=self._has(value))
        return race.refused(error) if self._own(error) else race.failed(error)

    def _patience_s(self) -> float | None:
        race = self._race
        if race.waits_for_silence:
            return max(0.0, race.primary.core.threshold_s - race.age_s)
        if race.hears and self._flight is not None:
            return self._flight.left_s
        return None

    def _out_of_time(self) -> str:
        race, flight = self._race, self._flight
        if race.waits_for_silence:
            return race.still()
        assert flight is not None
        self._flight = None
        return race.heard(race.primary.core.expire(flight))

    def _part(self, flight: Flight) -> None:
        final = self._race.final
        if final is not None and final.answered_by == OVERFLOW:
            flight.take()
        self._race.primary.core.leave(flight)
