"""Real servers for the whole run, started before Django reads its settings.

The controlling process starts PostgreSQL and both Valkeys once, migrates one database and opens
two partners in it through the provisioner. That database is the template: every test that needs
one gets a copy of its own (`CREATE DATABASE … TEMPLATE`), because runtime roles cannot truncate.
Workers of a parallel run inherit the address through DATA_DIR.
"""

import atexit
import gc
import itertools
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from whitenoise import WhiteNoise

from portal.servers import Stack, valkey

ROOT = Path(__file__).resolve().parent.parent
# What takes longest (seconds, about): one world for many tests, or one long test.
DEAR = {
    "tests/browser/": 180, "tests/portal/test_isolation.py": 70,
    "tests/flows/test_nothing_lost.py": 70, "tests/portal/test_faults.py": 60,
    "tests/cache_api/test_schemathesis.py": 50, "tests/billing/test_settlement_faults.py": 45,
    "tests/portal/servers/": 45, "tests/cache_api/test_regions.py": 40,
    "tests/cache_api/test_purge.py": 40, "tests/billing/test_stripe.py": 40,
    "tests/flows/test_restarts.py": 35, "tests/flows/test_lookup_to_payout.py": 25,
    "tests/billing/test_commands.py": 25, "tests/portal/views/test_sso.py": 25,
    "tests/cache_api/test_home_failover.py": 25, "tests/cache_api/test_tier.py": 25,
    "tests/cache_api/test_budgets.py": 25, "tests/portal/console/test_access.py": 20,
    "tests/billing/test_database_machine.py": 15, "tests/billing/rules/test_machine.py": 15,
}  # fmt: skip


def python(*arguments: str, **environ: str) -> str:
    """Run Python in the checkout with this run's servers; its output, or the error as text."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stdout}\n{done.stderr}")
    return done.stdout


def _take_compiled() -> None:
    """EDGE_COMPILED=1: this run's own process, too, imports what is compiled."""
    from cache_api.edge import compiled

    if not compiled.use():
        sys.exit("EDGE_COMPILED=1: today's sources are not compiled (make install-dev)")


def _look_once_for_static_files() -> None:
    """Each test client has middleware of its own; the files that it may serve are the same."""
    look, known = WhiteNoise.update_files_dictionary, {}

    def remembered(self: WhiteNoise, root: str, prefix: str) -> None:
        if (root, prefix) not in known:
            files, self.files = self.files, {}
            look(self, root, prefix)
            known[root, prefix], self.files = self.files, files
        self.files.update(known[root, prefix])

    WhiteNoise.update_files_dictionary = remembered


def _start() -> None:
    from tests.place import make_folder

    folder = make_folder()
    for name in list(os.environ):
        if name.endswith("DATABASE_URL") or name in {"CACHE_URL", "EVENTS_URL", "BROKER_URL"}:
            del os.environ[name]
    os.environ["DATA_DIR"] = str(folder)
    for settings in valkey.CONFIG.values():
        settings["databases"] = "64"  # two for each worker: `tests.conftest.own_valkey`
    stack = Stack(folder, durable=False, environ={})
    events = stack.start()["EVENTS_URL"]
    redis.Redis.from_url(events).config_set("appendfsync", "no")  # the machine will not die

    def stop() -> None:
        stack.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    threading.Thread(target=_first_day, args=(stack,), daemon=True).start()


def _first_day(stack: Stack) -> None:
    """Fill the database while tests are collected; `until_ready` waits for it.

    It never ends: the kernel ties PostgreSQL to the thread that started it.
    """
    said = ""
    try:
        with ThreadPoolExecutor() as both:
            static = both.submit(python, "manage.py", "collectstatic", "--noinput", "-v0")
            python("-m", "tests.fill")
            static.result()
        _keep_files(stack)
    except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits is told
        said = f"The servers cannot be filled: {error}"
    aside = stack.data_dir / "ready.new"
    aside.write_text(said)
    aside.rename(stack.data_dir / "ready")
    threading.Event().wait()


def until_ready() -> None:
    """Wait for what every test begins with. Ends the run, saying why, where that cannot be."""
    ready = Path(os.environ["DATA_DIR"]) / "ready"
    while not ready.exists():
        time.sleep(0.05)
    if said := ready.read_text():
        pytest.exit(said, 1)


def _keep_files(stack: Stack) -> None:
    """Whole installations (`tests.flows.harness`) begin with the files of that first day."""
    postgres = stack.servers["postgres"]
    postgres.child.stop(timeout_s=30)
    for name in ("secrets", "postgres"):
        shutil.copytree(stack.data_dir / name, stack.data_dir / "installation" / name)
    postgres.restart()


def pytest_addoption(parser: pytest.Parser) -> None:
    """More rounds than the suite does."""
    parser.addoption("--kill-rounds", type=int, default=20, help="kills in the kill test")
    parser.addoption(
        "--schemathesis-examples", type=int, default=10, help="requests per operation and phase"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Only the controlling process judges skips: workers' reports come to it."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    # The same Argon2 at its smallest: what makes guessing dear for others takes 0.2 s of each test.
    Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 8, 1
    _look_once_for_static_files()
    gc.disable()  # until all is collected
    if "PYTEST_XDIST_WORKER" not in os.environ:
        config.pluginmanager.register(Skips(), "skips")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Workers begin with DEAR, each place wholly one worker's; none has one at the end.

    `--dist worksteal` gives each worker its share of the list, then moves what is last.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    places: dict[str, list[pytest.Item]] = {place: [] for place in (*DEAR, "")}
    for item in items:
        places[next((one for one in DEAR if item.nodeid.startswith(one)), "")].append(item)
    rest, total = iter(places.pop("")), len(items)
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    seconds = [0] * workers
    for place, found in places.items():
        least = seconds.index(min(seconds))
        seconds[least] += DEAR[place]
        shares[least] += found
    items.clear()
    for mine in shares:
        items += [*mine, *itertools.islice(rest, max(0, total // workers - len(mine)))]
    items += rest


def pytest_collection_finish() -> None:
    """Thousands of tests and all of Django stay: the collector needs not look at them, and seldom
    at what the few things of a test leave (a twentieth of a worker's time)."""
    until_ready()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


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


# Where it is installed, jsonschema compiles its grammar (two seconds) for a format nobody uses.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
if os.environ.get("EDGE_COMPILED") == "1":
    _take_compiled()
if "PYTEST_XDIST_WORKER" not in os.environ:
    _start()
