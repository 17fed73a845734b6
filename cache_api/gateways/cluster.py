"""A Valkey Cluster for the edge: like a lane to one server, in front of a lane to each node.

Commands go to the nodes that hold their keys, and on to where a node says that a key has moved.
One node that does not answer is no answer to what was asked together with its keys, but for a
batch (`Apart`): of that it costs its own keys.
"""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from cache_api.gateways import slots
from cache_api.gateways.connection import Future, Then, settle
from cache_api.gateways.resp import Address, Command
from cache_api.gateways.slots import HOPS, LOOK_EVERY_S, REFUSED, Nodes
from cache_api.gateways.valkey import Lane
from cache_api.hot.steps import LOST, Apart
from tenants.rules.valkey_urls import is_cluster


class ClusterLane:
    """One cluster as seen from the running event loop. What it does not say is as with `Lane`."""

    def __init__(self, name: str, url: str, deadline_s: float) -> None:
        """`deadline_s` counts for each node that is asked. Raises ValueError."""
        self.name, self._deadline_s = name, deadline_s
        self._loop = asyncio.get_running_loop()
        self.nodes: Nodes[Lane] = Nodes(url, self._make)
        self._looking: asyncio.Task[None] | None = None
        self._looked_at, self._closed = 0.0, False

    @property
    def is_up(self) -> bool:
        """Whether every slot has a node and each of them a connection."""
        return self.nodes.is_whole and all(lane.is_up for lane in self.nodes.holders)

    @property
    def failures(self) -> int:
        """Of all nodes."""
        return sum(lane.failures for lane in self.nodes.lanes.values())

    def send(self, commands: Sequence[Command], then: Then) -> None:
        """Run commands; `then` gets their replies, or None when there was no answer."""
        if not commands:
            then([])
            return
        parts = self.nodes.parts(commands)
        asked = _Asked(self, commands, then)
        asked.left = len(parts)
        for lane, places in parts.items():
            asked.ask(lane, places)

    def send_packed(self, payload: bytes, commands: Sequence[Command], then: Then) -> None:
        """The same; what is packed for one server does not help."""
        self.send(commands, then)

    def later(self, commands: Sequence[Command]) -> None:
        """Run commands that nobody waits for."""
        self.send(commands, _ignore)

    def submit(self, commands: Sequence[Command]) -> Future:
        """The same for whoever awaits: the future holds the replies, or None."""
        future: Future = self._loop.create_future()
        self.send(commands, lambda replies: settle(future, replies))
        return future

    async def connect(self) -> bool:
        """Learn who holds what and connect to all of them; whether that is so now."""
        await self._look()
        return self.is_up

    async def close(self) -> None:
        """Let go of the connections; whatever still waits gets None."""
        self._closed = True
        await asyncio.gather(*[lane.close() for lane in self.nodes.lanes.values()])

    def look_again(self) -> None:
        """Something is not as we knew it: learn it anew, unless we just did."""
        is_looking = self._looking is not None and not self._looking.done()
        if is_looking or self._closed or time.monotonic() - self._looked_at < LOOK_EVERY_S:
            return
        self._looking = self._loop.create_task(self._look())

    async def _look(self) -> None:
        self._looked_at = time.monotonic()
        known = sorted(self.nodes.lanes.items(), key=lambda one: not one[1].is_up)
        for (host, _), lane in known:
            replies = await lane.submit([slots.TABLE])
            if replies is not None and type(replies[0]) is not REFUSED:
                gone = self.nodes.learn(replies[0], host)
                await asyncio.gather(*[lane.close() for lane in gone])
                await asyncio.gather(*[lane.connect() for lane in self.nodes.holders])
                return

    def _make(self, address: Address) -> Lane:
        where = f"{self.name} {address.host}:{address.port}"
        return Lane(where, address, self._deadline_s, tells_refusals=True)


class _Asked:
    """One submission on its way through the nodes."""

    __slots__ = ("_cluster", "_commands", "_failed", "_hops", "_replies", "_then", "left")

    def __init__(self, cluster: ClusterLane, commands: Sequence[Command], then: Then) -> None:
        self._cluster, self._commands, self._then = cluster, commands, then
        self._replies: list[Any] = [None] * len(commands)
        self._failed, self._hops = False, 0
        self.left = 0  # parts under way

    def ask(self, lane: Lane, places: Sequence[int]) -> None:
        """Send some of the commands to a node."""
        commands = self._commands
        some = [commands[place] for place in places] if len(places) != len(commands) else commands
        lane.send(some, partial(self._heard, lane, places))

    def _heard(self, lane: Lane, places: Sequence[int], replies: list[Any] | None) -> None:
        if replies is None:
            self._lose(places)
        else:
            for place, reply in zip(places, replies, strict=True):
                if type(reply) is REFUSED:
                    self._refused(lane, place, reply)
                else:
                    self._take(place, reply)
        self._done()

    def _asked(self, lane: Lane, place: int, replies: list[Any] | None) -> None:
        # The first reply is to ASKING.
        self._heard(lane, (place,), None if replies is None else replies[1:])

    def _refused(self, lane: Lane, place: int, reply: Exception) -> None:
        cluster, moved = self._cluster, slots.redirect(reply)
        self._hops += 1
        if moved is None or self._hops > HOPS * len(self._commands):
            self._lose((place,))  # the cluster is down, or is being mended
            return
        to = cluster.nodes.follow(moved, lane)
        self.left += 1
        if moved.asking:
            to.send([slots.ASKING, self._commands[place]], partial(self._asked, to, place))
        else:
            cluster.look_again()
            self.ask(to, (place,))

    def _lose(self, places: Sequence[int]) -> None:
        self._failed = True
        for place in places:
            self._replies[place] = LOST
        self._cluster.look_again()

    def _take(self, place: int, reply: Any) -> None:
        if self._replies[place] is LOST:
            return
        self._replies[place] = slots.joined(self._commands[place], self._replies[place], reply)

    def _done(self) -> None:
        self.left -= 1
        if not self.left:
            is_none = self._failed and not isinstance(self._commands, Apart)
            self._then(None if is_none else self._replies)


StoreLane = Lane | ClusterLane


def lane(name: str, url: str, deadline_s: float) -> StoreLane:
    """The lane to what a URL names: one server, or a cluster. Raises ValueError."""
    return (ClusterLane if is_cluster(url) else Lane)(name, url, deadline_s)


def _ignore(replies: list[Any] | None) -> None:
    pass
