"""The three servers together, or yours where the environment names them."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from portal import env
from portal.servers import leftovers, ports
from portal.servers.errors import ServerError
from portal.servers.identity import Identity
from portal.servers.lock import Lock
from portal.servers.postgres import DATABASE_KEYS, Postgres
from portal.servers.secrets import Secrets
from portal.servers.valkey import Valkey

Server = Postgres | Valkey


def make_data_dir(data_dir: Path) -> Path:
    """Create it if need be. Raises ServerError naming it and the way out."""
    try:
        # Others may pass through (PostgreSQL as nobody) but not look around.
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o711)
        if not os.access(data_dir, os.W_OK | os.X_OK):
            raise PermissionError(13, "not writable", str(data_dir))
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise ServerError(
            f"DATA_DIR={data_dir} cannot be used ({error}). Set DATA_DIR to a folder this user "
            "may write, for example DATA_DIR=/var/tmp/agentcache."
        ) from error
    return data_dir


class Stack:
    """Starts what `environ` does not name; `urls` and DATA_DIR/servers.json hold the result."""

    def __init__(
        self,
        data_dir: Path | str,
        *,
        durable: bool = True,
        environ: Mapping[str, str] | None = None,
        as_whom: Identity | None = None,
        regions: Sequence[str] = (),
    ) -> None:
        """`regions`: their names, the home first, where there are several."""
        self.regions = tuple(regions)
        self.data_dir = Path(data_dir).resolve()
        self.durable, self.as_whom = durable, as_whom
        self.environ = os.environ if environ is None else environ
        self.servers: dict[str, Server] = {}
        self.urls: dict[str, str] = {}
        self.lock = Lock(self.data_dir / "servers.lock")
        self.file = self.data_dir / "servers.json"

    def claim(self) -> None:
        """Take DATA_DIR for us and end what a killed run left there. Raises ServerError."""
        if self.lock.taken:
            return
        make_data_dir(self.data_dir)
        if not self.lock.take():
            raise ServerError(
                f"The servers of {self.data_dir} already run "
                f"(pid {self.lock.holder().get('pid')}). "
                "Stop them with `python -m portal.servers down`, or set another DATA_DIR."
            )
        leftovers.end(self.data_dir)

    def start(self) -> dict[str, str]:
        """Start and return the URLs. Raises ServerError; what had started is stopped then."""
        own_postgres = self._own_postgres()
        self.claim()
        try:
            Secrets(self.data_dir / "secrets").ensure()
            self._start_servers(own_postgres)
            self._write_urls()
        except BaseException:
            self.stop()
            raise
        return self.urls

    def stop(self) -> None:
        """Stop all, last started first, and whatever else this DATA_DIR started."""
        for server in reversed(self.servers.values()):
            server.child.stop(timeout_s=30)
        if self.lock.taken:
            leftovers.end(self.data_dir)
            self.lock.release()

    def revive(self) -> list[str]:
        """Restart servers that died, on their ports; returns what happened, a line each."""
        lines = []
        for server in self.servers.values():
            if server.child.alive:
                continue
            try:
                server.restart()
                lines.append(f"{server.name} had died and runs again")
            except ServerError as error:
                lines.append(f"{server.name} died: {error}")
        return lines

    def __enter__(self) -> "Stack":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _own_postgres(self) -> bool:
        given = [key for key in DATABASE_KEYS if self.environ.get(key)]
        missing = [key for key in DATABASE_KEYS if not self.environ.get(key)]
        if given and missing:
            raise ServerError(
                f"{', '.join(given)} is set but {', '.join(missing)} is not: each kind of process "
                "has its own database login. Set all four, or none to use the embedded server."
            )
        return bool(given)

    def _start_servers(self, own_postgres: bool) -> None:
        used: set[int] = set()
        for server in self._valkeys():
            if not self.environ.get(server.variable):
                port = self._port(server.name, used)
                self._add(Valkey(server.kind, self.data_dir, port, server.region))
        if not own_postgres:
            port = self._port("postgres", used)
            self._add(Postgres(self.data_dir, port, durable=self.durable, as_whom=self.as_whom))

    def _valkeys(self) -> list[Valkey]:
        """A pair for each region, without their ports."""
        regions = ("", *self.regions[1:])
        kinds = ("cache", "events")
        return [Valkey(kind, self.data_dir, 0, region) for region in regions for kind in kinds]

    def _add(self, server: Server) -> None:
        self.servers[server.name] = server
        server.start()

    def _port(self, name: str, used: set[int]) -> int:
        """The port of last time when it is free: clients that outlived us find the server."""
        before = {}
        if self.file.exists():
            before = json.loads(self.file.read_text()).get("ports", {})
        port = ports.pick(before.get(name, 0), frozenset(used))
        used.add(port)
        return port

    def _write_urls(self) -> None:
        self.urls = self._all_urls()
        numbers = {server.name: server.port for server in self.servers.values()}
        aside = self.file.with_suffix(".new")
        aside.unlink(missing_ok=True)
        file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w") as out:
            json.dump({**self.urls, "ports": numbers}, out, indent=1)
        aside.rename(self.file)

    def _all_urls(self) -> dict[str, str]:
        """The environment's where given, else those of our servers."""
        own: dict[str, str] = {}
        for server in self.servers.values():
            own |= server.urls()
        keys = (*DATABASE_KEYS, *[server.variable for server in self._valkeys()])
        urls = own | {key: self.environ[key] for key in keys if self.environ.get(key)}
        urls["BROKER_URL"] = (
            self.environ.get("BROKER_URL")
            or own.get("BROKER_URL")
            or env.broker_of(urls["EVENTS_URL"])
        )
        return urls | ({"REGIONS": ",".join(self.regions)} if self.regions else {})
