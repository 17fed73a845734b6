"""A read by a thread: the primary on a worker, the caller waits for whoever is first.

A primary that can tell silence from an answer without a thread is asked by the caller's own
(`Quick`): on a busy machine handing over costs more than the call.
"""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from agentcache_overflow.answer import Answer
from agentcache_overflow.flights import Flight
from agentcache_overflow.race import OVERFLOW, PRIMARY, Primary, Race
from agentcache_overflow.wire import Named

Inbox = SimpleQueue[tuple[str, Any, Any]]
# Asks within some seconds: (True, value); (False, what waits on and gives the value) after silence;
# None where it cannot. Raises what the primary raised.
Quick = Callable[[float], tuple[bool, Any] | None]


class Read:
    """Drives one Race. `call` asks the primary, `has` tells a value from a miss, `own` the errors
    that are the caller's."""

    __slots__ = ("_call", "_flight", "_has", "_inbox", "_own", "_quick", "_race")

    def __init__(
        self,
        primary: Primary,
        named: Named,
        call: Callable[[], Any],
        has: Callable[[Any], bool],
        own: Callable[[BaseException], bool],
        quick: Quick | None = None,
    ) -> None:
        self._call, self._has, self._own, self._quick = call, has, own, quick
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
            return self._ask_at_once()
        known = core.ready(race.named)
        if known is not None:
            return race.heard(known)
        self._flight = core.ask(race.named, race.reason, race.metadata(), self._hear)
        return ""

    def _ask_at_once(self) -> str:
        race = self._race
        core = race.primary.core
        if self._quick is not None and race.waits_for_silence:
            try:
                found = self._quick(core.threshold_s)
            except Exception as error:  # noqa: BLE001 - the caller's own, or tried again at length
                if self._own(error):
                    return race.refused(error)
                found = None
            if found is not None and found[0]:
                return race.told(found[1], found=self._has(found[1]))
            if found is not None:
                self._call = found[1]
                core.primaries.run(self._ask_primary)
                return race.still()
        core.primaries.run(self._ask_primary)
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
