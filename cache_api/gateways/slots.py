"""Which node of a Valkey Cluster has which key: what both cluster lanes know. No sockets here.

A key's slot is computed, the node of a slot is learnt: from `CLUSTER SLOTS`, and from a node that
says where a key has moved. Who is not known is asked all the same, since any node says who is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any, Generic, TypeVar

import hiredis
from redis.crc import key_slot

from cache_api.gateways.resp import Address, Command
from tenants.rules.valkey_urls import nodes as urls_of

SLOTS = 16_384
TABLE: Command = (b"CLUSTER", b"SLOTS")
ASKING: Command = (b"ASKING",)
HOPS = 4  # how often a command may be sent on: a key that moves twice while it is looked for
LOOK_EVERY_S = 0.2
REFUSED = hiredis.ReplyError
# About a whole node: every node is asked, and of their replies the first or, of INFO, all are told.
_OF_NODES = frozenset({b"PING", b"TIME", b"INFO", b"FLUSHDB"})
Node = tuple[str, int]
AnyLane = TypeVar("AnyLane")


@dataclass(frozen=True)
class Redirect:
    """A node's word that another has this key: for good, or (`asking`) for this one question."""

    slot: int
    node: Node
    asking: bool


class Nodes(Generic[AnyLane]):
    """The nodes that are known, a lane each, and the slots they hold."""

    def __init__(self, url: str, make: Callable[[Address], AnyLane]) -> None:
        """`url`: of a cluster. Raises ValueError."""
        seeds = [Address.parse(one) for one in urls_of(url)]
        self._login, self._make = seeds[0], make
        self.seeds = [(one.host, one.port) for one in seeds]
        self.lanes: dict[Node, AnyLane] = {node: make(self._at(node)) for node in self.seeds}
        self._owners: list[AnyLane | None] = [None] * SLOTS
        self.holders: list[AnyLane] = []  # who holds slots
        self._any = cycle(list(self.lanes.values()))

    def lane(self, node: Node) -> AnyLane:
        """The lane to a node, made when it is first heard of."""
        found = self.lanes.get(node)
        if found is None:
            found = self.lanes[node] = self._make(self._at(node))
        return found

    def parts(self, commands: Sequence[Command]) -> dict[AnyLane, list[int]]:
        """Where to send which of the commands, by their places."""
        found: dict[AnyLane, list[int]] = {}
        for place, command in enumerate(commands):
            for lane in self._lanes_of(command):
                found.setdefault(lane, []).append(place)
        return found

    def learn(self, table: Sequence[Any], host: str) -> list[AnyLane]:
        """Take in a reply to TABLE; the lanes that nobody needs any more. `host`: who was asked."""
        owners: list[AnyLane | None] = [None] * SLOTS
        for first, last, (named, port, *_), *_ in table:
            lane = self.lane(((named or b"").decode() or host, port))
            owners[first : last + 1] = [lane] * (last + 1 - first)
        holders = list(dict.fromkeys(one for one in owners if one is not None))
        self._owners, self.holders = owners, holders
        kept = {*holders, *[self.lanes[node] for node in self.seeds]}
        gone = [node for node, lane in list(self.lanes.items()) if lane not in kept]
        return [self.lanes.pop(node) for node in gone]

    def follow(self, moved: Redirect, asked: AnyLane) -> AnyLane:
        """Who is to be asked now."""
        host, port = moved.node
        if not host:  # it does not know its own address: it is the same machine
            host = next(node[0] for node, lane in list(self.lanes.items()) if lane is asked)
        lane = self.lane((host, port))
        if not moved.asking:
            self._owners[moved.slot] = lane
        return lane

    @property
    def is_whole(self) -> bool:
        """Whether somebody holds every slot."""
        return None not in self._owners

    def _lanes_of(self, command: Command) -> Sequence[AnyLane]:
        key = key_of(command)
        if key is None:
            return self.holders or (next(self._any),)
        return (self._owners[key_slot(key)] or next(self._any),)

    def _at(self, node: Node) -> Address:
        return replace(self._login, host=node[0], port=node[1])


def key_of(command: Command) -> bytes | None:
    """Its one key; None for what is asked of whole nodes. All we ask of a cache has one at most."""
    name = command[0]
    if name in _OF_NODES:
        return None
    return command[3] if name == b"EVAL" else command[1]


def redirect(error: Exception) -> Redirect | None:
    """A refusal's `MOVED 3999 host:port` or `ASK …`, or None for any other."""
    kind, _, rest = str(error).partition(" ")
    if kind not in {"MOVED", "ASK"}:
        return None
    slot, _, node = rest.partition(" ")
    host, _, port = node.rpartition(":")
    return Redirect(int(slot), (host, int(port)), kind == "ASK")


def joined(command: Command, known: Any, reply: Any) -> Any:
    """What several nodes said, as one: memory adds up, of the rest the first word counts."""
    if known is None or command[0] != b"INFO":
        return reply if known is None else known
    both = [dict(_lines(text)) for text in (known, reply)]
    sums = [(name, sum(int(one.get(name, 0)) for one in both)) for name in _ADDED]
    return b"".join(b"%b:%d\r\n" % pair for pair in sums)


_ADDED = (b"used_memory", b"maxmemory")


def _lines(text: bytes) -> list[tuple[bytes, bytes]]:
    pairs = [line.partition(b":") for line in text.splitlines()]
    return [(name, value) for name, colon, value in pairs if colon]
