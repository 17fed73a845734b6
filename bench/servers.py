"""The servers under test, each pinned to one core: both our doors and, if installed, webdis."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.error import HTTPError
from urllib.parse import urlsplit

from bench import processes
from bench.place import Place
from portal import env
from portal.servers import ports, table
from portal.servers.child import Child

# A busy machine shall make our figures worse, not turn hits into misses: those would abort.
PATIENT_MS = 5_000
SETTLE_S = 20
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Server:
    """A running server under test. `host`: the name it is asked by."""

    child: Child
    port: int
    host: str

    def cpu_s(self) -> float:
        """CPU seconds it has used so far, with its workers."""
        return processes.cpu_s(processes.family(self.child.pid))

    def rss_mb(self) -> float:
        """Memory of its largest process in MB: of a worker, where there are workers."""
        return max(map(processes.rss_mb, processes.family(self.child.pid)))

    def memory_mb(self) -> tuple[float, float]:
        """RSS and PSS of that process."""
        largest = max(processes.family(self.child.pid), key=processes.rss_mb)
        return processes.rss_mb(largest), processes.pss_mb(largest)

    def settle(self) -> None:
        """Wait until it has done what is still under way from callers that hung up."""
        ends, before = time.monotonic() + SETTLE_S, -1.0
        while before != (now := self.cpu_s()) and time.monotonic() < ends:
            before = now
            time.sleep(0.05)


@dataclass(frozen=True)
class Webdis(Server):
    """The one that must not be hung up on."""

    core: int

    def memory_mb(self) -> tuple[float, float]:
        """RSS and PSS of that process."""
        largest = max(processes.family(self.child.pid), key=processes.rss_mb)
        return processes.rss_mb(largest), processes.pss_mb(largest)

    def settle(self) -> None:
        """Start it again: it sends answers of callers that hung up to whoever connects next."""
        self.child.stop()
        start(self.child, self.port, "/PING", self.core)


@contextmanager
def edge(place: Place, core: int, more: Mapping[str, str] = NOTHING) -> Iterator[Server]:
    """The edge exactly as `make run` starts it, but for its patience. `more`: its surroundings."""
    with _ours("edge", place, core, "127.0.0.1", more) as server:
        yield server


@contextmanager
def web(place: Place, core: int) -> Iterator[Server]:
    """The portal's web process with its workers, as `make run` starts it: the DRF door."""
    with _ours("web", place, core, place.host("redis-labs")) as server:
        yield server


@contextmanager
def _ours(
    name: str, place: Place, core: int, host: str, more: Mapping[str, str] = NOTHING
) -> Iterator[Server]:
    port = ports.pick()
    listen = table.Ports(web=port, edge=port)
    rows = table.processes(listen, place.folder, demo=False)
    (found,) = [row for row in rows if row.name == name]
    surroundings = {
        **place.environ, **place.stack.urls, "AC_DB_LOGIN": found.login, "REGION": "bench",
        "KEK_FILE": str(place.folder / "secrets" / "kek"), "STORE_DEADLINE_MS": str(PATIENT_MS),
        "DJANGO_SETTINGS_MODULE": "portal.settings", **more,
    }  # fmt: skip
    child = Child(name, found.argv, data_dir=place.folder, env=surroundings, cwd=env.BASE_DIR)
    with running(child, port, "/livez", core) as pinned:
        yield Server(pinned, port, host)


@contextmanager
def refuser(place: Place, core: int) -> Iterator[Server]:
    """A server that refuses everything, and does nothing else."""
    port = ports.pick()
    argv = [sys.executable, "-m", "bench.refuser", str(port)]
    child = Child("refuser", argv, data_dir=place.folder, cwd=env.BASE_DIR)
    with running(child, port, "/", core) as pinned:
        yield Server(pinned, port, "127.0.0.1")


@contextmanager
def webdis(place: Place, core: int) -> Iterator[Server]:
    """Webdis with one worker thread on the same `cache` Valkey."""
    program = shutil.which("webdis")
    assert program is not None
    store, port = urlsplit(place.stack.urls["CACHE_URL"]), ports.pick()
    config = {
        "redis_host": store.hostname, "redis_port": store.port, "redis_auth": store.password,
        "http_host": "127.0.0.1", "http_port": port, "threads": 1, "daemonize": False,
        "database": 0, "verbosity": 0, "logfile": str(place.folder / "webdis.log"),
    }  # fmt: skip
    file = place.folder / "webdis.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(config))
    child = Child("webdis", [program, str(file)], data_dir=place.folder)
    with running(child, port, "/PING", core) as pinned:
        yield Webdis(pinned, port, "127.0.0.1", core)


def webdis_version() -> str | None:
    """Debian's version of the package, if it came from there."""
    if shutil.which("webdis") is None or shutil.which("dpkg-query") is None:
        return None
    told = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "webdis"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return told.stdout or None


@contextmanager
def running(
    child: Child, port: int, path: str, core: int, timeout_s: float = 30
) -> Iterator[Child]:
    """Started on one core and answering there; stopped after the block. Raises ServerError."""
    try:
        start(child, port, path, core, timeout_s)
        yield child
    finally:
        child.stop()


def start(child: Child, port: int, path: str, core: int, timeout_s: float = 30) -> None:
    """Start it on one core and wait until it answers there. Raises ServerError."""
    child.start()
    # Before it has threads or workers: those inherit the core.
    os.sched_setaffinity(child.pid, {core})
    child.wait_ready(lambda: _answers(port, path), timeout_s=timeout_s)


def _answers(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2):
            return True
    except HTTPError as error:
        return error.code < 500
    except OSError:
        return False
