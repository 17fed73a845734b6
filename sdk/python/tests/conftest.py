"""The servers of `tests.serve`, once a run; and a client that leaves nothing behind."""

import json
import os
import subprocess
import urllib.request
from pathlib import Path

import pytest
from agentcache_overflow import AgentCacheOverflow

ROOT = Path(__file__).resolve().parents[3]


# Reasons for which a test may be skipped, except where everything must run (.ci/run); any other
# skip fails the run: it would pass for a test.
EXPECTED_SKIPS = ("memcached is not installed", "shared data", "no Python with LiteLLM is named")


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Skips(), "skips")


class Skips:
    """Counts what ran and what was left out."""

    def __init__(self):
        self.run, self.skipped, self.unexpected = 0, 0, []

    def pytest_runtest_logreport(self, report):
        self.run += report.when == "call" and not report.skipped
        if not report.skipped or not isinstance(report.longrepr, tuple):
            return
        self.skipped += 1
        reason = report.longrepr[2]
        missing = os.environ.get("REQUIRE_BROWSER") and "not installed" in reason
        if missing or not any(text in reason for text in EXPECTED_SKIPS):
            self.unexpected.append(f"{report.nodeid}: {reason}")

    def pytest_sessionfinish(self, session):
        if self.unexpected:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.write_line(f"SDK in Python: {self.run} tests run, {self.skipped} skipped")
        for one in self.unexpected:
            terminalreporter.write_line(f"a skip that is not expected: {one}", red=True)


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
