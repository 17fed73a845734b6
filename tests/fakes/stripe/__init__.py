"""The simulator as tests drive it: its own process, over HTTP, with Stripe's own description."""

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal import env
from portal.servers import ports
from portal.simulators.stripe.contract import as_json
from tests.patience import PATIENCE_S, wait_for

ROOT = Path(__file__).resolve().parents[3]
SPEC = "stripe/spec3-2023-08-16.yaml"
# As `-m portal.simulators.stripe`, without a grammar of jsonschema's that comes with our packages
# and takes two seconds to import.
PROGRAM = """import runpy, sys
sys.modules["rfc3987_syntax"] = None
runpy.run_module("portal.simulators.stripe", run_name="__main__", alter_sys=True)"""
KEY, SECRET = "sk_test_fake", "whsec_fake"


@dataclass(frozen=True)
class Fake:
    """A running fake. Faults: see `portal.simulators.stripe.server.FAULTS`."""

    base: str

    def control(self, path: str, **facts: Any) -> dict[str, Any]:
        return self._ask(f"/_sim/{path}", json.dumps(facts).encode())

    def faults(self, *faults: dict[str, Any]) -> None:
        self.control("faults", faults=list(faults))

    def answers(self, child: subprocess.Popen[bytes]) -> bool:
        """Whether it does, by now; fails when it ended instead."""
        assert child.poll() is None, "the fake ended"
        try:
            return bool(self.report())
        except OSError:
            return False

    def report(self) -> dict[str, Any]:
        return self._ask("/_sim/log")

    def fired(self) -> set[str]:
        return {one["fault"] for one in self.report()["log"]} - {""}

    def pay(self, invoice_id: str) -> None:
        """The customer presses the button."""
        request = urllib.request.Request(f"{self.base}/i/{invoice_id}", data=b"")
        urllib.request.urlopen(request, timeout=PATIENCE_S).read()

    def onboard(self, address: str) -> str:
        """A connected account's owner tells everything at the address; the page after it."""
        request = urllib.request.Request(address, data=b"")
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return str(answer.read().decode())

    def _ask(self, path: str, data: bytes | None = None) -> dict[str, Any]:
        with urllib.request.urlopen(self.base + path, data=data, timeout=PATIENCE_S) as answer:
            return json.load(answer)


def described(shared_data: Path) -> Path:
    """Stripe's own description, for `running`: turned into JSON by the worker that comes first."""
    made = env.data_dir() / "stripe.json"
    if not made.exists():
        aside = made.with_name(f"stripe.{os.getpid()}")
        aside.write_text(as_json(shared_data / SPEC))
        aside.rename(made)
    return made


@contextlib.contextmanager
def running(spec: Path, webhook: str = "", host: str = "") -> Iterator[Fake]:
    """Start it and wait until it answers; what is asked of it is checked by `spec`."""
    port = ports.pick()
    argv = [sys.executable, "-c", PROGRAM, "--port", str(port),
            "--secret", SECRET, "--spec", str(spec), "--webhook", webhook,
            "--webhook-host", host]  # fmt: skip
    child = subprocess.Popen(argv, cwd=ROOT)
    fake = Fake(f"http://127.0.0.1:{port}")
    try:
        assert wait_for(lambda: fake.answers(child)), "the fake did not start"
        yield fake
    finally:
        child.terminate()
        child.wait(PATIENCE_S)
