"""Edges forked from a process that has imported their program already: a test's own edge costs no
second of imports. From then on it is the program as it is.

`python -m cache_api.edge` itself is started by the flow tests, the portal's servers and `make run`.
"""

import atexit
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_nursery = multiprocessing.get_context("forkserver")
_nursery.set_forkserver_preload(["tests.cache_api.warm"])


class Edge:
    """A running edge, handled as `subprocess.Popen` is."""

    def __init__(self, port: int, environ: Mapping[str, str], log: Path) -> None:
        self._process = _nursery.Process(
            target=_run, args=(port, dict(environ), str(log)), daemon=True
        )
        self._process.start()
        self.pid: int = self._process.pid or 0
        atexit.register(self.kill)  # one that a broken test left would be waited for at the end

    def poll(self) -> int | None:
        """How it ended, None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """To the process, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Without warning."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """How it ended. Raises TimeoutError."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutError(f"the edge {self.pid} runs on after {timeout} s")
        return self._process.exitcode


def _run(port: int, environ: dict[str, str], log: str) -> None:
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(ROOT)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.argv = ["cache_api.edge", f"--port={port}"]
    from cache_api.edge import __main__ as program

    program.main()
