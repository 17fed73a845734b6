"""One Valkey with little memory and a clock that runs ahead: how often does it still have a key?"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis

from portal.servers import binaries, ports
from portal.servers.child import Child

DAY_S = 86_400
ENTRY_BYTES, AT_ONCE, STEER_EVERY = 2_048, 10, 500
# As the pipeline stores a pinned model's response: seven days, a tenth more or less.
TTL_MS, JITTER = 7 * DAY_S * 1000, 0.1


@dataclass(frozen=True)
class Policy:
    """A maxmemory-policy with further settings; `share` of the distinct keys, None: all."""

    name: str
    settings: dict[str, int] = field(default_factory=dict)
    share: float | None = 0.1

    @property
    def text(self) -> str:
        """As in valkey.conf."""
        return " ".join([self.name, *(f"{key} {value}" for key, value in self.settings.items())])


@dataclass(frozen=True)
class Outcome:
    """What one replay gave. `held`: keys in memory at its end."""

    requests: int
    hits: int
    held: int
    evicted: int
    days: float


def fast_clock() -> str:
    """Where libfaketime is; '' when it is not installed."""
    return next((str(file) for file in Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), "")


def replay(
    keys: Sequence[int], policy: Policy, minutes: float, library: str, folder: Path
) -> Outcome:
    """A day's keys in that many minutes, stored on a miss. Raises ServerError.

    `library`: libfaketime.
    """
    speed = round(DAY_S / (minutes * 60))
    wanted = round(len(set(keys)) * policy.share) if policy.share else None
    with _valkey(policy, library, speed, folder) as client:
        room = Room(client, wanted) if wanted else None
        hits, began_s = 0, time.monotonic()
        for start in range(0, len(keys), AT_ONCE):
            hits += _ask(client, [b"key:%d" % key for key in keys[start : start + AT_ONCE]])
            if room is not None and start % STEER_EVERY == 0:
                room.steer()
            due_s = began_s + (start + AT_ONCE) / len(keys) * minutes * 60
            time.sleep(max(0.0, due_s - time.monotonic()))
        took_s = time.monotonic() - began_s
        evicted = client.info("stats")["evicted_keys"]
        return Outcome(len(keys), hits, client.dbsize(), evicted, took_s * speed / DAY_S)


class Room:
    """maxmemory, kept such that `wanted` entries fit: buffers and tables count as memory too."""

    def __init__(self, client: redis.Redis, wanted: int) -> None:
        self.client, self.wanted = client, wanted
        self.room = client.info("memory")["used_memory"] + wanted * (ENTRY_BYTES + 200)
        client.config_set("maxmemory", self.room)

    def steer(self) -> None:
        """Once it is full: a little more or less."""
        lacking = self.wanted - self.client.dbsize()
        if lacking < 0 or self.client.info("stats")["evicted_keys"]:
            self.room += lacking * ENTRY_BYTES
            self.client.config_set("maxmemory", self.room)


def _ask(client: redis.Redis, names: Sequence[bytes]) -> int:
    """In order, each a read and, when it misses, a store: one command does both. The hits."""
    pipe = client.pipeline(transaction=False)
    for name in names:
        spread = 1 + JITTER * (2 * int.from_bytes(os.urandom(2)) / 65_535 - 1)
        pipe.set(name, _VALUE, nx=True, get=True, px=int(TTL_MS * spread))
    return sum(value is not None for value in pipe.execute())


_VALUE = os.urandom(ENTRY_BYTES)  # sealed entries look like this


@contextmanager
def _valkey(policy: Policy, library: str, speed: int, folder: Path) -> Iterator[redis.Redis]:
    port = ports.pick()
    settings = {
        "bind": "127.0.0.1", "port": port, "save": "", "maxmemory-policy": policy.name,
        "hz": 1,  # its own seconds: it would otherwise do nothing but look at its clock
        **policy.settings,
    }  # fmt: skip
    arguments = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
    # Not by the program `faketime`: that would stand between us and the server when it must end.
    clock = [f"LD_PRELOAD={library}", f"FAKETIME=+0 x{speed}"]
    argv = ["/usr/bin/env", *clock, str(binaries.valkey_server()), *arguments]
    child = Child(f"evicting-{port}", argv, data_dir=folder, cwd=folder)
    client = redis.Redis(port=port)
    child.start()
    try:
        child.wait_ready(lambda: _answers(client), timeout_s=60)
        yield client
    finally:
        child.stop()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
