"""The servers of `tests.serve`, once a run; and a client that leaves nothing behind."""

import json
import os
import subprocess
import urllib.request
from pathlib import Path

import pytest
from agentcache_overflow import AgentCacheOverflow

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def served():
    """What `python -m tests.serve` tells: edge, keys, primaries, proxies."""
    argv = [str(ROOT / ".venv/bin/python"), "-m", "tests.serve"]
    environ = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(
        argv, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        line = server.stdout.readline()
        assert line, "tests.serve did not start"
        yield json.loads(line)
        server.stdin.close()
        assert server.wait(30) == 0


class Faults:
    """The proxies in front of the real servers."""

    def __init__(self, told):
        self.told, self.ports = told, told["proxies"]

    def set(self, name, mode="pass", delay_ms=0):
        body = json.dumps({"mode": mode, "delay_ms": delay_ms}).encode()
        url = f"{self.told['control']}/{name}"
        asked = urllib.request.Request(url, body, method="PUT")
        urllib.request.urlopen(asked, timeout=5).close()


@pytest.fixture
def faults(served):
    """Proxies that behave well again afterwards."""
    found = Faults(served)
    yield found
    for name in found.ports:
        found.set(name)


@pytest.fixture
def overflow(served):
    """Makes clients on the edge; each test has a namespace of its own."""
    made = []

    def make(kind=AgentCacheOverflow, **options):
        settings = {
            "api_key": served["key"], "base_url": served["edge"], "customer_id": "acme",
            "namespace": f"t{os.urandom(6).hex()}", "connect_timeout": "1s", "deadline": "3s",
        }  # fmt: skip
        client = kind(**{**settings, **options})
        made.append(client)
        return client

    yield make
    for client in made:
        client.core.close()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in ("AGENTCACHE_API_KEY", "AGENTCACHE_BASE_URL", "AGENTCACHE_APPLICATION"):
        monkeypatch.delenv(name, raising=False)
