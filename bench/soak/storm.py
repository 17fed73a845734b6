"""The kills: one process a round dies by SIGKILL, the supervisor brings it back.

The next one does not wait for it: several may be away at once. Two rounds of each lap are of
another kind: the events Valkey hangs until usage waits on an edge's disk; then that edge dies, or
its host does, for good."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from bench.soak.clients import Answers
from bench.soak.hosts import EDGE, SECOND, Hosts, waiting_bytes
from bench.soak.settling import Settler
from portal.servers import Stack
from portal.servers.supervisor import Supervised, Supervisor

SHORTEST_S, LONGEST_S = 1.0, 4.0  # between kills
LOOK_S = 0.1
COMMAND = "settle command"
SPOOLING, HOST = "edge with a filled spool", "host 2 for good"
ITS_EDGE = {SPOOLING: EDGE, HOST: SECOND}
_FILLS_S = 8.0  # so long usage may take to reach the disk
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
    hosts: Hosts
    dice: random.Random
    tolls: dict[str, Toll] = field(default_factory=dict)
    bag: list[str] = field(default_factory=list)
    # By process: the toll it counts for, since when, whether it has come back.
    away: dict[str, tuple[str, float, Callable[[], bool]]] = field(default_factory=dict)

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
                *ITS_EDGE,
            ]
            self.dice.shuffle(self.bag)
        return self.bag.pop()

    def _kill(self, name: str) -> None:
        if name in ITS_EDGE:
            self._kill_spooling(name, self._row(ITS_EDGE[name]))
            return
        pid, has_returned = self._process(name)
        if pid and name not in self.away:
            self._strike(name, pid)
            self.away[name] = (name, time.monotonic(), has_returned)

    def _kill_spooling(self, kind: str, edge: Supervised) -> None:
        """The events Valkey hangs; once usage waits on the edge's disk, it dies."""
        name, disk = edge.row.name, self.hosts.disk_of(edge.row.name)
        events = self.stack.servers["events"].child
        if not events.alive or name in self.away:
            self.bag.insert(0, kind)  # later in this lap
            return
        os.kill(events.pid, signal.SIGSTOP)
        try:
            ends = time.monotonic() + _FILLS_S
            while not waiting_bytes(disk) and time.monotonic() < ends:
                self._wait(LOOK_S)
            pid, has_returned = self._process(name)
            if not waiting_bytes(disk) or not edge.child.alive:
                return
            die = self.hosts.lose if kind == HOST else self.hosts.kill
            die(edge, partial(self._strike, kind, pid))
            self.away[name] = (kind, time.monotonic(), has_returned)
        finally:
            with suppress(ProcessLookupError):
                os.kill(events.pid, signal.SIGCONT)

    def _strike(self, name: str, pid: int) -> None:
        ends = time.monotonic() + _AIM_S
        while not self.answers.in_flight and time.monotonic() < ends:
            time.sleep(0.001)
        toll = self.tolls.setdefault(name, Toll())
        toll.in_flight += self.answers.in_flight > 0
        toll.settling += self.settler.is_working
        toll.kills += 1
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def _look(self) -> None:
        """Who has come back. Raises RuntimeError for one that does not."""
        for process, (name, since, has_returned) in list(self.away.items()):
            took = time.monotonic() - since
            if has_returned():
                del self.away[process]
                self.tolls[name].slowest_s = max(self.tolls[name].slowest_s, took)
            elif took > _COMES_BACK_S:
                raise RuntimeError(f"{process} did not come back within {_COMES_BACK_S:.0f} s")

    def _row(self, name: str) -> Supervised:
        return next(one for one in self.supervisor.all if one.row.name == name)

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
        one = self._row(name)
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
