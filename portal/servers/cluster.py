"""A Valkey Cluster of the wheel on this machine: for tests and measurements, `cache` in parts.

Nodes hold equal parts of the slots. What one of them holds is away while it is, the others go on
(`cluster-require-full-coverage no`); of the first `replicas` of them another node takes over.
"""

from pathlib import Path

import redis

from portal.servers import ports
from portal.servers.valkey import Valkey

SLOTS = 16_384
_BUS = 10_000  # a node's second port, where nodes talk to each other, lies so far above its first


class Node(Valkey):
    """One of them."""

    def __init__(self, number: int, data_dir: Path, port: int) -> None:
        super().__init__("cache", data_dir, port, region=f"n{number}")

    def _config(self) -> str:
        return super()._config() + (
            "cluster-enabled yes\n"
            "cluster-config-file nodes.conf\n"
            "cluster-require-full-coverage no\n"
            "cluster-node-timeout 2000\n"
            "repl-diskless-sync-delay 0\n"
            f"masterauth {self.secrets.password(self.kind)}\n"
        )


class Cluster:
    """Some nodes that know each other. Use as a context manager."""

    def __init__(self, data_dir: Path, size: int = 3, replicas: int = 0) -> None:
        """The folder's secrets must exist (`Secrets.ensure`)."""
        taken: frozenset[int] = frozenset()
        made: list[Node] = []
        for number in range(size + replicas):
            port = _port(taken)
            taken |= {port, port + _BUS}
            made.append(Node(number, data_dir, port))
        self.nodes, self.replicas = made[:size], made[size:]

    def url(self) -> str:
        """valkey-cluster:// with all of them."""
        login, _, _ = self.nodes[0].url().removeprefix("redis://").partition("@")
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in [*self.nodes, *self.replicas])
        return f"valkey-cluster://{login}@{hosts}"

    def start(self) -> None:
        """Start them, give each its slots, and wait until all agree. Raises ServerError."""
        for node in [*self.nodes, *self.replicas]:
            node.start()
        size = len(self.nodes)
        for number, client in enumerate(self.clients()):
            first, last = (SLOTS * n // size for n in (number, number + 1))
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last - 1)
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            client.execute_command("CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port)
        for node in self.nodes:
            node.child.wait_ready(lambda node=node: self._is_whole(node), timeout_s=60)
        for node, replica in zip(self.nodes, self.replicas, strict=False):
            self._follow(replica, node)

    def clients(self) -> list[redis.Redis]:
        """One to each node."""
        return [redis.Redis.from_url(node.url()) for node in self.nodes]

    def stop(self) -> None:
        """End them at once; a cache has nothing to save."""
        for node in [*self.nodes, *self.replicas]:
            node.child.kill()

    def _follow(self, replica: Node, node: Node) -> None:
        with (
            redis.Redis.from_url(node.url(), decode_responses=True) as of,
            redis.Redis.from_url(replica.url(), decode_responses=True) as client,
        ):
            name = of.execute_command("CLUSTER", "MYID")
            client.execute_command("CLUSTER", "MEET", "127.0.0.1", node.port)

            def follows() -> bool:
                try:
                    client.execute_command("CLUSTER", "REPLICATE", name)
                except redis.ResponseError:  # it has not heard of that node yet
                    return False
                return bool(client.info("replication").get("master_link_status") == "up")

            replica.child.wait_ready(follows, timeout_s=60)

    def _is_whole(self, node: Node) -> bool:
        with redis.Redis.from_url(node.url(), decode_responses=True) as client:
            told = client.execute_command("CLUSTER", "INFO")
        known = (
            dict(told)
            if isinstance(told, dict)
            else dict(line.split(":", 1) for line in str(told).split() if ":" in line)
        )
        return known.get("cluster_state") == "ok" and known.get("cluster_slots_ok") == str(SLOTS)

    def __enter__(self) -> "Cluster":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _port(taken: frozenset[int]) -> int:
    while True:
        port = ports.pick(avoid=taken)
        if port + _BUS not in taken and ports.is_free(port + _BUS):
            return port
