"""Two Valkeys of a test's own, and the edge on them."""

from pathlib import Path

import redis

from portal.servers import ports
from portal.servers.secrets import Secrets
from portal.servers.valkey import Valkey
from tests.cache_api import doors

# What a request waits for a Valkey: long, where a test is not about waiting.
PATIENT_MS = 3_000


class Valkeys:
    """A pair of real Valkeys that a test may kill: what they acknowledged is with the operating
    system. `durable`: on the disk, as in an installation, which each request waits for."""

    def __init__(self, folder: Path, *, durable: bool = False, **cache_settings: str) -> None:
        Secrets(folder / "secrets").ensure()
        self.cache = Valkey("cache", folder, ports.pick())
        self.events = Valkey("events", folder, ports.pick(avoid=frozenset({self.cache.port})))
        self.kek_file = folder / "secrets" / "kek"
        for server in (self.cache, self.events):
            server.start()
        if not durable:
            redis.Redis.from_url(self.events.url()).config_set("appendfsync", "no")
        client = redis.Redis.from_url(self.cache.url())
        for name, value in cache_settings.items():
            client.config_set(name.replace("_", "-"), value)

    def cast(self) -> doors.Cast:
        """A fresh cast in the snapshot."""
        return doors.Cast(self.events.url(), self.cache.url(), self.kek_file.read_bytes())

    def edge(
        self, folder: Path, deadline_ms: int = PATIENT_MS, events_url: str = "", **environ: str
    ) -> doors.Door:
        """A running edge on these Valkeys; `events_url`: by another way to the second one.

        `environ` adds to its environment.
        """
        folder.mkdir(parents=True, exist_ok=True)
        return doors.edge(
            folder, ports.pick(), cache_url=self.cache.url(),
            events_url=events_url or self.events.url(),
            kek_file=self.kek_file, deadline_ms=deadline_ms, **environ,
        ).wait()  # fmt: skip

    def stop(self) -> None:
        for server in (self.cache, self.events):
            server.child.kill()
