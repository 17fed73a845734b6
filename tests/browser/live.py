"""A running installation on a copy of the template database: web, worker and recorder."""

import signal
import subprocess
import urllib.request
from pathlib import Path

from portal import env
from portal.servers.table import Ports, processes
from tests.conftest import Database, own_valkey
from tests.flows.harness import free_port
from tests.patience import wait_for
from tests.plugin import ROOT

# One of each is enough here, and one web process forgets a brand at once, not two after each other.
FEWER = {
    "web": ("--workers=1",),
    "worker": ("--concurrency=1", "--pool=solo"),
    "recorder": (),
}


class Live:
    """`start` and `stop` it; `url(host)` is where a host's pages are."""

    def __init__(self, database: Database, logs: Path, **environ: str) -> None:
        self.database, self.logs, self.given = database, logs, environ
        self.port = free_port()
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def url(self, host: str) -> str:
        """A host's base URL; Chromium resolves `*.localhost` by itself."""
        return f"http://{host}:{self.port}"

    def start(self) -> None:
        """Every process of FEWER; returns when the web process answers."""
        table = processes(Ports(web=self.port, edge=self.port + 1), env.data_dir(), demo=False)
        shared = {name: own_valkey(name) for name in ("CACHE_URL", "EVENTS_URL", "BROKER_URL")}
        for process in table:
            if process.name in FEWER:
                log = (self.logs / f"{process.name}.log").open("ab")
                self.children[process.name] = subprocess.Popen(
                    [*process.argv, *FEWER[process.name]], cwd=ROOT, stdout=log, stderr=log,
                    env=self.database.environ(AC_DB_LOGIN=process.login, **shared, **self.given),
                )  # fmt: skip
        self._wait()

    def stop(self) -> None:
        """End the processes."""
        for child in self.children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.children.values():
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def said(self) -> str:
        """The last lines of the logs, for the message of a failed test."""
        return "\n".join(
            f"--- {name}\n{(self.logs / f'{name}.log').read_text()[-3000:]}"
            for name in self.children
        )

    def _wait(self) -> None:
        assert wait_for(self._is_live), f"The web process does not answer.\n{self.said()}"

    def _is_live(self) -> bool:
        assert self.children["web"].poll() is None, self.said()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/livez", timeout=2).close()
        except OSError:
            return False
        return True
