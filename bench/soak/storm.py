"""The kills: one process a round dies by SIGKILL, the supervisor brings it back.

The next one does not wait for it: several may be away at once."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from bench.soak.clients import Answers
from bench.soak.settling import Settler
from portal.servers import Stack
from portal.servers.supervisor import Supervisor

SHORTEST_S, LONGEST_S = 1.0, 4.0  # between kills
LOOK_S = 0.1
COMMAND = "settle command"
_COMES_BACK_S = 90.0
_AIM_S = 0.2  # so long it waits for a request to be in flight


@dataclass
class Toll:
    """What happened to one process."""

    kills: int = 0
    in_flight: int = 0  # while requests were being answered
    settling: int = 0  # while a settlement was under way
    slowest_s: float = 0.0  # until it ran again


@dataclass
class Storm:
    """Chooses, kills, and lets the supervisor do its work. Use it from the thread that started
    the processes: they are tied to it."""

    stack: Stack
    supervisor: Supervisor
    settler: Settler
    answers: Answers
    dice: random.Random
    tolls: dict[str, Toll] = field(default_factory=dict)
    bag: list[str] = field(default_factory=list)
    away: dict[str, tuple[float, Callable[[], bool]]] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        """Kills so far."""
        return sum(toll.kills for toll in self.tolls.values())

    def rage(self, seconds: float, tell: Callable[[str], None]) -> None:
        """Kill until the time is over."""
        ends = time.monotonic() + seconds
        told = 0
        while time.monotonic() < ends:
            self._wait(self.dice.uniform(SHORTEST_S, LONGEST_S))
            self._kill(self._next())
            if self.rounds >= told + 20:
                told = self.rounds
                tell(f"{told} kills, {self.answers.answered.total()} answered, "
                     f"{len(self.settler.reached)} months begun")  # fmt: skip

    def calm(self, seconds: float) -> None:
        """No kills; whatever is dead comes back."""
        self._wait(seconds)

    def _next(self) -> str:
        """Every process once, in another order each time."""
        if not self.bag:
            self.bag = [
                *self.stack.servers,
                *(one.row.name for one in self.supervisor.all),
                COMMAND,
            ]
            self.dice.shuffle(self.bag)
        return self.bag.pop()

    def _kill(self, name: str) -> None:
        pid, has_returned = self._process(name)
        if not pid or name in self.away:
            return
        ends = time.monotonic() + _AIM_S
        while not self.answers.in_flight and time.monotonic() < ends:
            time.sleep(0.001)
        toll = self.tolls.setdefault(name, Toll())
        toll.in_flight += self.answers.in_flight > 0
        toll.settling += self.settler.is_working
        toll.kills += 1
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.away[name] = (time.monotonic(), has_returned)

    def _look(self) -> None:
        """Who has come back. Raises RuntimeError for one that does not."""
        for name, (since, has_returned) in list(self.away.items()):
            took = time.monotonic() - since
            if has_returned():
                del self.away[name]
                self.tolls[name].slowest_s = max(self.tolls[name].slowest_s, took)
            elif took > _COMES_BACK_S:
                raise RuntimeError(f"{name} did not come back within {_COMES_BACK_S:.0f} s")

    def _process(self, name: str) -> tuple[int, Callable[[], bool]]:
        """Its pid (0: it does not run now) and whether another one runs in its place."""
        if name == COMMAND:
            running = self.settler.process
            pid = running.pid if running is not None and running.poll() is None else 0
            return pid, lambda: True
        if name in self.stack.servers:
            child = self.stack.servers[name].child
            before = child.pid
            return before, lambda: child.pid != before and child.alive
        one = next(one for one in self.supervisor.all if one.row.name == name)
        before = one.child.pid
        one.crashes = 0  # its growing pauses are not what is tried here
        return before, lambda: one.child.pid != before and one.answers()

    def _wait(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while True:
            self.supervisor.tend()
            self._look()
            if time.monotonic() >= ends:
                return
            time.sleep(LOOK_S)
