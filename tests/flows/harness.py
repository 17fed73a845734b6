"""A whole installation of its own, whose processes may be killed, or restarted in order."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from portal import env
from portal.servers import Stack
from portal.servers.table import BASE_DIR, Ports, Process, processes
from tests import patience
from tests.patience import PATIENCE_S
from tests.plugin import ROOT

DEMO_KEYS_SCRIPT = """
import json
from django.utils import timezone
from tenants.actions.keys import create_key
from tenants.models import Partner
keys = {p.slug: create_key(partner_id=p.id, livemode=True, actor="test", now=timezone.now())[1]
        for p in Partner.objects.all()}
print("KEYS " + json.dumps(keys))
"""


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(check: Callable[[], bool], what: str) -> None:
    """Poll until true; raises AssertionError naming what never came."""
    assert patience.wait_for(check), f"not within {PATIENCE_S} s: {what}"


class Installation:
    """Real servers in one folder, with an edge and a recorder; others join by `spawn`.

    `kill` and `revive` are what a crash does, `end` and `restart` what an operator does.
    """

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.folder, self.root = folder, root
        self.port = free_port()
        self.answered = 0  # requests that `post` got an event for
        self.stack = Stack(folder, durable=True, environ={})
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environ = {
            name: value
            for name, value in os.environ.items()
            if not name.endswith("_URL") and name != "AC_DB_LOGIN"
        }
        self.environ.update(
            DATA_DIR=str(folder),
            EDGE_PORT=str(self.port),
            PYTHONUNBUFFERED="1",
            STORE_DEADLINE_MS="3000",
        )  # an answer on a busy machine is no late one

    def start(self) -> None:
        """Servers, migrations, two partners and a key each, then the edge and the recorder."""
        self.folder.chmod(0o711)
        # With the files that the run's own servers left on their first day.
        shutil.copytree(env.data_dir() / "installation", self.folder, dirs_exist_ok=True)
        self.stack.start()
        self.keys = self._make_keys()
        self.spawn("recorder")
        self.spawn("edge")
        wait_for(self.edge_answers, "the edge answers")
        wait_for(self.keys_work, "the recorder has published the keys")

    def keys_work(self) -> bool:
        """Whether the edge knows both partners' keys."""
        return {self.post(slug, "/api/overflow", {"cache_key": "00"})[0] for slug in self.keys} == {
            200
        }

    def post(self, slug: str, path: str, body: Any) -> tuple[int, bytes]:
        """One request to the edge with a partner's key: status and body."""
        return self.post_raw(slug, path, json.dumps(body).encode())

    def post_raw(self, slug: str, path: str, body: bytes) -> tuple[int, bytes]:
        """The same with the body's bytes as they are."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", body,
            {"Authorization": f"Bearer {self.keys[slug]}", "Content-Type": "application/json"},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                self.answered += 1
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()

    def stop(self) -> None:
        """End every process of this installation."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.stack.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def manage(self, *arguments: str, **environ: str) -> str:
        """Run a management command against this installation."""
        return self.python("manage.py", *arguments, **environ)

    def python(self, *arguments: str, **environ: str) -> str:
        """Run the installation's Python; its output."""
        done = subprocess.run(
            [sys.executable, *arguments], cwd=self.root, text=True,
            env={**self.environ, **environ}, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def spawn(self, name: str) -> None:
        """Start a process of the table, with this installation's code and folder."""
        row = self._row(name)
        ours = {str(BASE_DIR / "manage.py"): str(self.root / "manage.py")}
        log = (self.folder / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            [ours.get(part, part) for part in row.argv], cwd=self.root,
            env={**self.environ, "AC_DB_LOGIN": row.login}, stdout=log, stderr=log,
        )  # fmt: skip

    def _row(self, name: str) -> Process:
        table = processes(Ports(web=self.port, edge=self.port), self.folder, demo=False)
        return next(row for row in table if row.name == name)

    def end(self, name: str) -> int:
        """The signal that asks it to end, and its exit code once it has: it has time to finish."""
        if name in self.processes:
            process = self.processes[name]
            process.send_signal(signal.SIGTERM)
            return process.wait(PATIENCE_S)
        child = self.stack.servers[name].child
        child.ask_to_stop()
        wait_for(lambda: not child.alive, f"{name} ends")
        return child.exit_code or 0

    def restart(self, name: str) -> int:
        """End and start again a process or a server; the exit code of the first."""
        code = self.end(name)
        if name in self.processes:
            self.spawn(name)
        else:
            self.stack.servers[name].restart()
        return code

    def kill(self, name: str) -> None:
        """kill -9, without warning: edge, recorder, events or postgres."""
        if name in self.processes:
            self.processes[name].kill()
            self.processes[name].wait()
        else:
            self.stack.servers[name].child.kill()

    def revive(self) -> None:
        """Start again whatever is dead."""
        self.stack.revive()
        for name, process in list(self.processes.items()):
            if process.poll() is not None:
                self.spawn(name)

    def edge_answers(self) -> bool:
        """Whether the edge accepts connections and says it is ready."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                link.sendall(b"GET /readyz HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n")
                return b" 200 " in link.recv(100)
        except OSError:
            return False

    def psql(self) -> psycopg.Connection:
        """A superuser's connection to this installation."""
        return psycopg.connect(self.stack.urls["SUPERUSER_DATABASE_URL"], autocommit=True)

    def _make_keys(self) -> dict[str, str]:
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "-v0", "-c", DEMO_KEYS_SCRIPT],
            cwd=self.root, env={**self.environ, "AC_DB_LOGIN": "owner"}, text=True,
            capture_output=True, check=True,
        )  # fmt: skip
        line = next(row for row in done.stdout.splitlines() if row.startswith("KEYS "))
        return json.loads(line[5:])
