"""A Valkey Cluster for threads: the edge's lane, but blocking."""

import time
from collections.abc import Sequence
from typing import Any

from cache_api.gateways import slots
from cache_api.gateways.resp import Address, Command
from cache_api.gateways.slots import HOPS, LOOK_EVERY_S, REFUSED, Nodes
from cache_api.gateways.valkey_sync import SyncLane
from cache_api.hot.steps import LOST, Apart
from tenants.rules.valkey_urls import is_cluster


class SyncClusterLane:
    """One cluster as seen from any number of threads."""

    def __init__(self, name: str, url: str, deadline_s: float) -> None:
        """`deadline_s` counts for each node that is asked. Raises ValueError."""
        self.name, self._deadline_s = name, deadline_s
        self.nodes: Nodes[SyncLane] = Nodes(url, self._make)
        self._looked_at = 0.0

    @property
    def is_up(self) -> bool:
        """Whether anybody is asked at all right now."""
        return any(lane.is_up for lane in list(self.nodes.lanes.values()))

    @property
    def failures(self) -> int:
        """Of all nodes."""
        return sum(lane.failures for lane in list(self.nodes.lanes.values()))

    def run(self, commands: Sequence[Command]) -> list[Any] | None:
        """Run commands; their replies, or None when there was no answer from all that were asked.

        What is asked of one node travels in one pipeline. Of a batch (`Apart`) only those have no
        reply whose node gave none: LOST.
        """
        if not self.nodes.is_whole:
            self._look()
        replies: list[Any] = [None] * len(commands)
        parts = self.nodes.parts(commands)
        for _ in range(HOPS):
            moved: dict[SyncLane, list[int]] = {}
            for lane, places in parts.items():
                if self._ask(lane, places, commands, replies, moved):
                    continue
                self._look()
                if not isinstance(commands, Apart):
                    return None
                for place in places:
                    if replies[place] is None:
                        replies[place] = LOST
            if not moved:
                return replies
            parts = moved
            self._look()
        return None

    def later(self, commands: Sequence[Command]) -> None:
        """Run commands whose replies nobody wants."""
        self.run(commands)

    def close(self) -> None:
        """Let go of this thread's connections."""
        for lane in list(self.nodes.lanes.values()):
            lane.close()

    def _ask(
        self,
        lane: SyncLane,
        places: Sequence[int],
        commands: Sequence[Command],
        replies: list[Any],
        moved: dict[SyncLane, list[int]],
    ) -> bool:
        """Ask one node; `moved` gets what it sends elsewhere. False: no answer to one of them."""
        got = lane.ask([commands[place] for place in places])
        if got is None:
            return False
        for place, reply in zip(places, got, strict=True):
            if type(reply) is not REFUSED:
                replies[place] = slots.joined(commands[place], replies[place], reply)
                continue
            told = slots.redirect(reply)
            if told is None:
                return False
            to = self.nodes.follow(told, lane)
            if not told.asking:
                moved.setdefault(to, []).append(place)
                continue
            answer = to.ask([slots.ASKING, commands[place]])
            if answer is None or type(answer[1]) is REFUSED:
                return False
            replies[place] = answer[1]
        return True

    def _look(self) -> None:
        """Learn who holds what, unless we just did."""
        if time.monotonic() - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = time.monotonic()
        for (host, _), lane in list(self.nodes.lanes.items()):
            replies = lane.ask([slots.TABLE])
            if replies is not None and type(replies[0]) is not REFUSED:
                for gone in self.nodes.learn(replies[0], host):
                    gone.close()
                return

    def _make(self, address: Address) -> SyncLane:
        return SyncLane(f"{self.name} {address.host}:{address.port}", address, self._deadline_s)


SyncStoreLane = SyncLane | SyncClusterLane


def lane(name: str, url: str, deadline_s: float) -> SyncStoreLane:
    """The lane to what a URL names: one server, or a cluster. Raises ValueError."""
    return (SyncClusterLane if is_cluster(url) else SyncLane)(name, url, deadline_s)
