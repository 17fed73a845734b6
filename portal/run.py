"""`python -m portal.run` (`make run`): everything on one machine until Ctrl-C or SIGTERM."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from portal import env
from portal.demo import clock
from portal.servers import ServerError, Stack, ports, welcome
from portal.servers.breakage import Breaker
from portal.servers.child import Child
from portal.servers.lock import Lock
from portal.servers.simulated import stripe_simulator
from portal.servers.stack import make_data_dir
from portal.servers.supervisor import Supervisor, status_of
from portal.servers.table import BASE_DIR, Ports, Process, Step, processes, steps

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def say(text: str) -> None:
    """One line to the terminal, at once."""
    with suppress(BrokenPipeError):  # the reader of a pipe may be gone; stopping goes on
        print(text, flush=True)


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Say when it begins and how long it took."""
    started = time.monotonic()
    say(f"{name} …")
    yield
    say(f"{name} done in {time.monotonic() - started:.1f} s")


class Run:
    """One run: the steps, then the process table, then watching."""

    def __init__(
        self, data_dir: Path, listen: Ports, before: list[Step], table: list[Process]
    ) -> None:
        self.data_dir, self.listen, self.before, self.table = data_dir, listen, before, table
        self.stack = Stack(data_dir, regions=listen.regions)
        self.edge_urls = {
            region: f"http://127.0.0.1:{port}" for region, port in listen.edges().items()
        }
        self.env = {
            "DATA_DIR": str(data_dir),
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PYTHONUNBUFFERED": "1",
            **{name: str(port) for name, port in listen.by_variable().items()},
            "REGIONS": ",".join(listen.regions),
        }
        self.supervisor = Supervisor(
            table, data_dir=data_dir, env=self.env, say=say, tend_servers=self.stack.revive
        )
        self.began = time.monotonic()

    def go(self, lock: Lock) -> NoReturn:
        """Start everything and watch until interrupted. Raises ServerError when it cannot."""
        self.stack.claim()
        self._check_ports()
        with timed("servers"):
            self.stack.start()
        for step in self.before:
            with timed(step.name):
                self._step(step)
        with timed("processes"):
            self.supervisor.start()
        self._greet(lock)
        breaker = Breaker(self.data_dir, self._children()) if env.flag("DEMO", True) else None
        while True:
            time.sleep(0.25)
            self.supervisor.tend()
            if breaker is not None and (text := breaker.tend()):
                say(text)

    def _children(self) -> dict[str, Child]:
        """Everything that runs here, by name."""
        servers = {name: server.child for name, server in self.stack.servers.items()}
        return servers | {one.row.name: one.child for one in self.supervisor.all}

    def stop(self) -> None:
        """Stop processes, then servers, then whatever they left. Safe to repeat."""
        self.supervisor.stop()
        self.stack.stop()

    def _check_ports(self) -> None:
        wanted = [("WEB_PORT", self.listen.web)]
        wanted += [("EDGE_PORT", port) for port in self.listen.edges().values()]
        for name, port in wanted:
            if not ports.is_free(port):
                raise ServerError(
                    f"{name}: port {port} of 127.0.0.1 is busy. Stop what listens there, or "
                    f"choose another, for example: make run {name}={ports.pick()}"
                )

    def _step(self, step: Step) -> None:
        child = Child(
            step.name,
            step.argv,
            data_dir=self.data_dir,
            env={**self.env, "AC_DB_LOGIN": step.login},
            cwd=BASE_DIR,
            to_terminal=step.loud,
        )
        child.start()
        try:
            while child.alive:
                time.sleep(0.05)
        finally:
            child.kill()
        if child.exit_code != 0:
            shown = "see above" if step.loud else f"\n{child.log_end()}"
            raise ServerError(f"{step.name} failed (exit {child.exit_code}): {shown}")

    def _greet(self, lock: Lock) -> None:
        demo = welcome.read_demo(self.data_dir)
        urls = welcome.page_urls(demo)
        silent = {url: code for url in urls if not 0 < (code := status_of(url)) < 400}
        lock.tell({"urls": [*urls, *self.edge_urls.values()]})
        say(welcome.text(demo, self.edge_urls, silent))
        say(f"\nReady after {time.monotonic() - self.began:.0f} s. Ctrl-C stops everything.")


def run(data_dir: Path, listen: Ports, before: list[Step], table: list[Process]) -> int:
    """Run until told to stop. 0 stopped as asked, 1 refused or failed (text on stderr)."""
    lock = Lock(data_dir / "run.lock")
    one: Run | None = None
    try:
        if not lock.take():
            raise ServerError(already_running(data_dir, lock))
        one = Run(data_dir, listen, before, table)
        one.go(lock)
    except ServerError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        say("\nstopping …")
        return 0
    finally:
        # A second Ctrl-C must not leave half of it running: everything here has a time limit.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        if one is not None:
            one.stop()
            say("stopped")
        lock.release()


def already_running(data_dir: Path, lock: Lock) -> str:
    """What to tell somebody who starts it twice."""
    holder = lock.holder()
    lines = [f"AgentCache already runs on {data_dir} (pid {holder.get('pid')})."]
    lines += holder.get("urls") or ["It is still starting."]
    return "\n".join([*lines, "Stop it with Ctrl-C there, or set another DATA_DIR and ports."])


def main() -> int:
    """Read the environment, then `run` the real table."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    demo = env.flag("DEMO", True)
    try:
        listen = Ports.from_environ()
        data_dir = make_data_dir(env.data_dir())
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    if not demo and welcome.read_demo(data_dir):
        print(f"{data_dir} holds a demo, whose passwords everybody may know: name another DATA_DIR "
              "for a real install.", file=sys.stderr)  # fmt: skip
        return 1
    table = processes(listen, data_dir, demo)
    if demo and (simulated := stripe_simulator(listen.web, data_dir)):
        table.insert(0, simulated[0])
        os.environ |= simulated[1]
    before = steps(demo)
    if demo and clock.ahead(data_dir):
        before, table = [
            [replace(row, argv=clock.clocked(row.argv)) for row in rows] for rows in (before, table)
        ]
    return run(data_dir, listen, before, table)


if __name__ == "__main__":
    sys.exit(main())
