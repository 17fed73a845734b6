"""Real servers for the whole run, started before Django reads its settings.

The controlling process starts PostgreSQL and both Valkeys once, migrates one database and opens
two partners in it through the provisioner. That database is the template: every test that needs
one gets a copy of its own (`CREATE DATABASE … TEMPLATE`), because runtime roles cannot truncate.
Workers of a parallel run inherit the address through DATA_DIR.
"""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PARTNERS = {
    "redis-labs": ["--name", "Redis Labs", "--kind", "general_cache", "--host",
                   "cache.redis.localhost", "--seed", "#FF4438", "--product", "Redis Edge Cache",
                   "--legal-name", "Redis Labs Ltd", "--owner", "owner@redis.example"],
    "pinecone": ["--name", "Pinecone", "--kind", "vector_db", "--host", "cache.pinecone.localhost",
                 "--seed", "#1C17FF", "--product", "Pinecone Edge Cache",
                 "--legal-name", "Pinecone Systems Inc", "--owner", "owner@pinecone.example"],
}  # fmt: skip


def manage(*arguments: str, **environ: str) -> str:
    """Run a management command with this run's servers; its output, or the error as text."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"manage.py {' '.join(arguments)}: {done.stdout}\n{done.stderr}")
    return done.stdout


def _start() -> None:
    from portal.servers import Stack

    folder = Path(
        tempfile.mkdtemp(prefix="agentcache-tests-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT"))
    )
    folder.chmod(0o711)
    for name in list(os.environ):
        if name.endswith("DATABASE_URL") or name in {"CACHE_URL", "EVENTS_URL", "BROKER_URL"}:
            del os.environ[name]
    os.environ["DATA_DIR"] = str(folder)
    stack = Stack(folder, durable=False, environ={})
    stack.start()

    def stop() -> None:
        stack.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    manage("collectstatic", "--noinput", "-v0")
    manage("migrate_schemas", "--shared", "-v0")
    for slug, facts in PARTNERS.items():
        manage("open_partner", slug, *facts, "--no-wait")
    manage("provision", "--once")


def pytest_addoption(parser: pytest.Parser) -> None:
    """More rounds than the suite does."""
    parser.addoption("--kill-rounds", type=int, default=20, help="kills in the kill test")
    parser.addoption(
        "--schemathesis-examples", type=int, default=10, help="requests per operation and phase"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Only the controlling process judges skips: workers' reports come to it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        config.pluginmanager.register(Skips(), "skips")


class Skips:
    """A skip that tests/skips.txt does not expect fails the run: it would pass for a test."""

    def __init__(self) -> None:
        lines = (ROOT / "tests" / "skips.txt").read_text().splitlines()
        self.expected = [line for line in lines if line and not line.startswith("#")]
        self.unexpected: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note every skip whose reason is not on the list."""
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2]
            if not any(text in reason for text in self.expected):
                self.unexpected.append(f"{report.nodeid}: {reason}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Name them and fail."""
        if self.unexpected:
            sys.stderr.write("\nskips that tests/skips.txt does not expect:\n  ")
            sys.stderr.write("\n  ".join(self.unexpected) + "\n")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


if "PYTEST_XDIST_WORKER" not in os.environ:
    _start()
