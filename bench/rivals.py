"""The servers under test, each pinned to one core: our edge and, where it is installed, webdis."""

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.place import Place
from portal import env
from portal.servers import ports
from portal.servers.child import Child
from portal.servers.table import Ports, processes

# A busy machine shall make our figures worse, not turn hits into misses: those would abort.
PATIENT_MS = 5_000
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server under test."""

    child: Child
    port: int

    def cpu_s(self) -> float:
        """CPU seconds it has used so far, all threads."""
        cells = Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(cells[11]) + int(cells[12])) / _TICKS


@contextmanager
def edge(place: Place, core: int) -> Iterator[Server]:
    """The edge exactly as `make run` starts it, but for its patience."""
    listen = Ports(web=0, edge=ports.pick())
    (found,) = [one for one in processes(listen, place.folder, demo=False) if one.name == "edge"]
    urls = {name: place.stack.urls[name] for name in ("CACHE_URL", "EVENTS_URL")}
    surroundings = {
        **urls, "DATA_DIR": str(place.folder), "KEK_FILE": str(place.folder / "secrets" / "kek"),
        "STORE_DEADLINE_MS": str(PATIENT_MS), "REGION": "bench",
    }  # fmt: skip
    child = Child("edge", found.argv, data_dir=place.folder, env=surroundings, cwd=env.BASE_DIR)
    with _running(child, listen.edge, "/livez", core) as server:
        yield server


@contextmanager
def webdis(place: Place, core: int) -> Iterator[Server | None]:
    """Webdis with one worker thread on the same `cache` Valkey; None where it is absent."""
    program = shutil.which("webdis")
    if program is None:
        yield None
        return
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
    with _running(child, port, "/PING", core) as server:
        yield server


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
def _running(child: Child, port: int, path: str, core: int) -> Iterator[Server]:
    child.start()
    try:
        # Before it has threads: those inherit the core.
        os.sched_setaffinity(child.pid, {core})
        child.wait_ready(lambda: _answers(port, path), timeout_s=30)
        yield Server(child, port)
    finally:
        child.stop()


def _answers(port: int, path: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2):
        return True
    return False


@contextmanager
def moved(place: Place, core: int) -> Iterator[None]:
    """Ourselves (thus the load generator) and both Valkeys on another core, for the block."""
    all_cores = os.sched_getaffinity(0)
    pids = [0, *(place.stack.servers[name].child.pid for name in ("cache", "events"))]
    try:
        for pid in pids:
            _pin(pid, {core})
        yield
    finally:
        for pid in pids:
            _pin(pid, all_cores)


def _pin(pid: int, cores: set[int]) -> None:
    """All threads of a process; 0 is this thread."""
    folder = Path(f"/proc/{pid}/task")
    for task in [int(entry.name) for entry in folder.iterdir()] if pid else [0]:
        with suppress(ProcessLookupError):
            os.sched_setaffinity(task, cores)
