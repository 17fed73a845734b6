"""What `make run` runs, as data: the steps before, then the processes in order of start."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from portal.servers.errors import ServerError

BASE_DIR = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Step:
    """A program that runs to its end before the next. `loud`: its output goes to the terminal."""

    name: str
    argv: tuple[str, ...]
    login: str
    loud: bool = False


@dataclass(frozen=True)
class Process:
    """A program that stays. `login`: AC_DB_LOGIN. `ready`: a URL that answers once it serves.

    `patience_s`: how long it may take to stop before it is killed.
    """

    name: str
    argv: tuple[str, ...]
    login: str
    ready: str = ""
    patience_s: float = 10.0
    environ: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Ports:
    """Where the portal and the overflow API listen, on 127.0.0.1."""

    web: int
    edge: int
    regions: tuple[str, ...] = ()  # the home first; each has an edge, on the ports from `edge` on

    @classmethod
    def from_environ(cls) -> "Ports":
        """WEB_PORT (8000) and EDGE_PORT (8001). Raises ServerError naming a bad variable."""
        found = cls(_port("WEB_PORT", 8000), _port("EDGE_PORT", 8001), _regions())
        if found.web in found.edges().values():
            raise ServerError(f"WEB_PORT and EDGE_PORT are both {found.web}: choose two ports.")
        return found

    def by_variable(self) -> dict[str, int]:
        """The ports by the environment variable that sets them."""
        return {"WEB_PORT": self.web, "EDGE_PORT": self.edge}

    def edges(self) -> dict[str, int]:
        """The edges' ports by region; "" where there is only one."""
        return {name: self.edge + n for n, name in enumerate(self.regions or ("",))}


def steps(demo: bool) -> list[Step]:
    """Static files, migrations, the demo's data."""
    found = [
        Step("static", _manage("collectstatic", "--noinput", "--verbosity=0"), "web"),
        Step("migrate", _manage("migrate_schemas", "--shared"), "owner"),
        Step("migrate-partners", _manage("migrate_partners"), "owner"),
    ]
    if demo:
        found.append(Step("demo", _manage("load_demo"), "owner", loud=True))
    return found


def processes(ports: Ports, data_dir: Path, demo: bool) -> list[Process]:
    """The design's processes, and the demo's trickle of requests."""
    celery = (*_module("celery"), "-A", "portal.celery")
    found = [
        Process("web", _web(ports.web), "web", f"http://127.0.0.1:{ports.web}/livez"),
        *[_edge(region, port, ports) for region, port in ports.edges().items()],
        Process("recorder", _manage("record"), "recorder"),
        Process("provisioner", _manage("provision"), "owner"),
        Process("worker", (*celery, "worker", *_WORKER), "settle"),
        Process("beat", (*celery, "beat", f"--schedule={data_dir}/beat", "--pidfile="), "settle"),
    ]
    if demo:
        found.append(Process("trickle", _manage("demo_traffic"), "recorder"))
    return found


_WORKER = ("--concurrency=2", "--loglevel=INFO", "--without-gossip", "--without-mingle")


def _web(port: int) -> tuple[str, ...]:
    return (
        *_module("gunicorn"),
        "portal.wsgi:application",
        f"--bind=127.0.0.1:{port}",
        "--worker-class=gthread",
        "--workers=2",
        "--threads=4",
        "--graceful-timeout=5",
        "--keep-alive=75",  # longer than a proxy keeps a silent connection
        "--no-control-socket",  # it would be made in the home folder
        "--logger-class=portal.servers.web_log.WebLog",
    )


def _edge(region: str, port: int, ports: Ports) -> Process:
    name = "edge" if port == ports.edge else f"edge-{region}"
    environ = (("REGION", region),) if region else ()
    argv = (*_module("cache_api.edge"), f"--port={port}")
    return Process(name, argv, "web", f"http://127.0.0.1:{port}/livez", environ=environ)


def _module(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name)


def _manage(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(BASE_DIR / "manage.py"), *arguments)


def _regions() -> tuple[str, ...]:
    """REGIONS: how many (then they get names), or their names with commas, the home first."""
    given = os.environ.get("REGIONS") or "1"
    names = tuple(name.strip() for name in given.split(","))
    if not given.isdecimal() and all(map(_REGION.fullmatch, names)) and len({*names}) == len(names):
        return names
    if not given.isdecimal():
        raise ServerError(f"REGIONS={given!r}: a number, or different names: eu,us,ap.")
    if not 1 <= int(given) <= len(_REGION_NAMES):
        raise ServerError(f"REGIONS={given}: 1 to {len(_REGION_NAMES)}, or names: eu,us,ap.")
    return _REGION_NAMES[: int(given)] if int(given) > 1 else ()


_REGION = re.compile(r"[a-z][a-z0-9-]{0,30}")
_REGION_NAMES = ("eu", "us", "ap", "sa", "af", "me")


def _port(name: str, default: int) -> int:
    raw = os.environ.get(name) or str(default)
    if not raw.isdecimal() or not 0 < int(raw) < 65_536:
        raise ServerError(f"{name}={raw!r} is not a port: use a number from 1 to 65535.")
    return int(raw)
